import type { StripeConfigHistoryResponse } from '../../payments/audit/history.dto.js';
import type { StripeConfigHealthResponse } from '../../payments/config-health/config-health.dto.js';
import type { ValidateStripeCredentialsResponse } from '../../payments/credential-checks/validate-credentials.dto.js';
import type { Mode } from '../../payments/domain/credentials.js';
import type {
  StripeConfigRequest,
  StripeConfigResponse,
} from '../../payments/stripe-config/stripe-config.dto.js';
import type {
  StripeEventListResponse,
  StripeEventWithPayload,
} from '../../payments/stripe-webhooks/stripe-event.dto.js';
import type { WebhookEndpointResponse } from '../../payments/webhook-endpoint/webhook-endpoint.dto.js';
import type { Json } from '../json.js';
import type { Answer, Api } from './api.js';

export type Config = Json<StripeConfigResponse>;
export type Health = Json<StripeConfigHealthResponse>;
export type ModeHealth = Health[Mode];
export type History = Json<StripeConfigHistoryResponse>;
export type Events = Json<StripeEventListResponse>;
export type EventWithPayload = Json<StripeEventWithPayload>;
export type WebhookEndpoint = Json<WebhookEndpointResponse>;

/** Everything that is asked and done about one project. */
export class ProjectApi {
  private readonly root: string;

  constructor(
    private readonly api: Api,
    readonly projectId: string,
  ) {
    this.root = `stripe/projects/${encodeURIComponent(projectId)}`;
  }

  /** Null where nothing is configured. */
  config(): Promise<Answer<Config | null>> {
    return this.api.request('GET', `${this.root}/config`);
  }

  /** @param onlyIf the version that was seen; `none`: that there is no configuration */
  store(changes: StripeConfigRequest, onlyIf: string): Promise<Answer<Config>> {
    return this.api.request('PUT', `${this.root}/config`, { body: changes, onlyIf });
  }

  async deactivate(onlyIf?: string): Promise<void> {
    await this.api.request('DELETE', `${this.root}/config`, { onlyIf });
  }

  async health(): Promise<Health> {
    return (await this.api.request<Health>('GET', `${this.root}/config/health`)).value;
  }

  async history(query: { limit?: string; before?: string } = {}): Promise<History> {
    return (await this.api.request<History>('GET', `${this.root}/config/history`, { query })).value;
  }

  /** Asks Stripe about a key: one that was pasted, or the stored one. */
  async test(body: object): Promise<ValidateStripeCredentialsResponse> {
    return (
      await this.api.request<ValidateStripeCredentialsResponse>('POST', `${this.root}/validate-credentials`, {
        body,
      })
    ).value;
  }
}

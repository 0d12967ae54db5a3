import type { StripeConfigHistoryResponse } from '../../payments/audit/history.dto.js';
import type { StripeConfigHealthResponse } from '../../payments/config-health/config-health.dto.js';
import type { ValidateStripeCredentialsResponse } from '../../payments/credential-checks/validate-credentials.dto.js';
import type { Mode } from '../../payments/domain/credentials.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import type {
  StripeConfigRequest,
  StripeConfigResponse,
} from '../../payments/stripe-config/stripe-config.dto.js';
import type {
  ReplayedStripeEvents,
  StripeEventListResponse,
  StripeEventWithPayload,
} from '../../payments/stripe-webhooks/stripe-event.dto.js';
import type { WebhookEndpointResponse } from '../../payments/webhook-endpoint/webhook-endpoint.dto.js';
import type { StripeWebhookUrlsResponse } from '../../payments/webhook-endpoint/webhook-urls.controller.js';
import type { Json } from '../json.js';
import { ApiError } from './api-error.js';
import type { Answer, Api } from './api.js';

export type Config = Json<StripeConfigResponse>;
export type Health = Json<StripeConfigHealthResponse> & { caller_role?: ProjectRole };
export type ModeHealth = Health[Mode];
/** `caller_role`: also of a project in which nothing was ever configured. */
export type History = Json<Omit<StripeConfigHistoryResponse, 'caller_role'>> & { caller_role?: ProjectRole };
/** `actor_name`: what people call who made it, where that is known. */
export type Change = History['changes'][number] & { actor_name?: string | null };
export type Events = Json<StripeEventListResponse>;
export type ReceivedEvent = Events['events'][number];
export type EventWithPayload = Json<StripeEventWithPayload>;
export type WebhookEndpoint = Json<WebhookEndpointResponse>;

/** Which events are listed. */
export type EventQuery = Partial<
  Record<'mode' | 'status' | 'type' | 'object_id' | 'cursor' | 'limit', string>
>;

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

  /** Undefined where nothing was ever configured. */
  async health(): Promise<Health | undefined> {
    try {
      return await this.get<Health>('config/health');
    } catch (error) {
      if (error instanceof ApiError && error.code === 'config_not_found') return undefined;
      throw error;
    }
  }

  history(query: { limit?: string; cursor?: string } = {}): Promise<History> {
    return this.get('config/history', query);
  }

  /** Asks Stripe about a key: one that was pasted, or the stored one. */
  async test(body: object): Promise<ValidateStripeCredentialsResponse> {
    return (
      await this.api.request<ValidateStripeCredentialsResponse>('POST', `${this.root}/validate-credentials`, {
        body,
      })
    ).value;
  }

  /** The address of each mode. */
  webhookUrls(): Promise<StripeWebhookUrlsResponse> {
    return this.get('webhook-urls');
  }

  /** How the endpoint stands in Stripe, which is asked. */
  endpoint(mode: Mode): Promise<WebhookEndpoint> {
    return this.get(`config/${mode}/webhook-endpoint`);
  }

  /** @param eventTypes left out: the usual ones */
  async makeEndpoint(mode: Mode, eventTypes?: readonly string[]): Promise<WebhookEndpoint> {
    const body = eventTypes && { event_types: eventTypes };
    const path = `${this.root}/config/${mode}/webhook-endpoint`;
    return (await this.api.request<WebhookEndpoint>('POST', path, body ? { body } : {})).value;
  }

  async removeEndpoint(mode: Mode): Promise<void> {
    await this.api.request('DELETE', `${this.root}/config/${mode}/webhook-endpoint`);
  }

  /** Accepts the signing secret before the present one no longer. */
  async endOverlap(mode: Mode): Promise<void> {
    await this.api.request('DELETE', `${this.root}/config/${mode}/previous-webhook-secret`);
  }

  events(query: EventQuery): Promise<Events> {
    return this.get('events', query);
  }

  event(mode: Mode, id: string): Promise<EventWithPayload> {
    return this.get(`events/${mode}/${encodeURIComponent(id)}`);
  }

  async replay(mode: Mode, id: string): Promise<ReceivedEvent> {
    const path = `${this.root}/events/${mode}/${encodeURIComponent(id)}/replay`;
    return (await this.api.request<ReceivedEvent>('POST', path)).value;
  }

  /** Lets all events of a mode that failed be handled again. */
  async replayFailed(mode: Mode): Promise<ReplayedStripeEvents> {
    const path = `${this.root}/events/replay`;
    return (await this.api.request<ReplayedStripeEvents>('POST', path, { query: { mode } })).value;
  }

  private async get<T>(path: string, query?: Record<string, string | undefined>): Promise<T> {
    return (await this.api.request<T>('GET', `${this.root}/${path}`, query ? { query } : {})).value;
  }
}

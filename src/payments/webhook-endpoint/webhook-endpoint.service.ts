import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import type { Secret } from '../crypto/secret.js';
import { withLock } from '../database/lock.js';
import { describeError } from '../common/describe-error.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { RateLimited } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { TimeLimits } from '../options/time-limits.js';
import { FairPlaces } from '../stripe/fair-places.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { WebhookEndpointsApi } from '../stripe/webhook-endpoints-api.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import type { Change } from '../domain/change.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { webhookUrl } from '../stripe-webhooks/webhook-urls.js';
import { EndpointReconciler } from './endpoint-reconciler.js';
import { EndpointRecords } from './endpoint-records.js';
import { credentialsMissing, explained } from './endpoint-refusals.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import type { EndpointTarget } from './endpoint-target.js';
import { viewOf, type ObservedEndpoint, type WebhookEndpointView } from './endpoint-view.js';
import type { WebhookEndpointEntity } from './webhook-endpoint.entity.js';

/** Most requests at once in this process: each holds a connection to the database. */
const MAX_AT_ONCE = 3;
/** How often a removal looks for a place, in milliseconds. */
const PLACE_POLL_MS = 100;

/** Creates, shows and removes the webhook endpoint of a project and mode in the project's Stripe account. */
@Injectable()
export class WebhookEndpointService {
  private readonly logger = new PaymentsLogger(WebhookEndpointService.name);
  private readonly places = new FairPlaces(MAX_AT_ONCE);

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly configs: StripeConfigService,
    private readonly records: EndpointRecords,
    private readonly secrets: EndpointSecrets,
    private readonly reconciler: EndpointReconciler,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
    private readonly timeLimits: TimeLimits,
  ) {}

  /**
   * Ensures that there is an enabled endpoint that sends at least these types, and that its secret is stored. Idempotent.
   *
   * @throws PaymentsError `credentials_missing`, `stripe_refused`, `webhook_endpoint_limit`, `stripe_unavailable` or
   *   `stripe_timeout`; repeating the request is safe after each
   */
  async ensure(
    projectId: string,
    mode: Mode,
    eventTypes: readonly string[],
    change: Change,
  ): Promise<WebhookEndpointView> {
    const target = this.targetOf(projectId, mode);
    const asker = String(change.actor);
    return this.exclusively(target, asker, async () => {
      const api = await this.openApi(target, asker);
      const wanted = { url: target.url, eventTypes: [...eventTypes] };
      const observed = await this.observe(target, api);
      const state = { ...observed, ...(await this.secrets.find(target)), isFull: false };
      await this.reconciler.ensure({ target, wanted, api, change }, state);
      return viewOf(target, await this.observe(target, api));
    });
  }

  /** The state of the endpoint in Stripe. Throws as {@link ensure} does. */
  async find(projectId: string, mode: Mode, asker: string): Promise<WebhookEndpointView> {
    const target = this.targetOf(projectId, mode);
    return explained(async () =>
      viewOf(target, await this.observe(target, await this.openApi(target, asker))),
    );
  }

  /** Removes the endpoint from Stripe if this service created it. One that was created by hand stays. Throws as {@link ensure}. */
  async remove(projectId: string, mode: Mode, asker: string): Promise<void> {
    const target = this.targetOf(projectId, mode);
    await this.exclusively(target, asker, async () => {
      const record = await this.records.find(target);
      await this.reconciler.remove(target, record, () => this.openApi(target, asker));
    });
  }

  /** The keys with which {@link removeAll} can remove endpoints: opened before, since deleting a configuration erases them. */
  async openKeys(projectId: string): Promise<Record<Mode, Secret | null>> {
    const [test, live] = await Promise.all(
      MODES.map((mode) => this.configs.tryToOpen(projectId, `${mode}_secret_key`)),
    );
    return { test: test ?? null, live: live ?? null };
  }

  /** Removes a project's endpoints as far as Stripe allows it, and records which are left. Never rejects. */
  async removeAll(projectId: string, keys: Record<Mode, Secret | null>, asker: string): Promise<void> {
    try {
      const records = await this.records.findMade(projectId);
      await Promise.all(records.map((record) => this.tryToRemove(record, keys[record.mode], asker)));
    } catch (error) {
      this.logger.write('webhook_endpoint.removal_unknown', { projectId, ...describeError(error) });
    }
  }

  private async tryToRemove(record: WebhookEndpointEntity, key: Secret | null, asker: string): Promise<void> {
    const { project_id: projectId, mode } = record;
    const target = this.targetOf(projectId, mode);
    try {
      if (key === null) throw credentialsMissing(mode);
      const api = new WebhookEndpointsApi(this.stripe, key, asker);
      await this.whenPlaced(() => this.reconciler.remove(target, record, () => Promise.resolve(api)));
    } catch (error) {
      this.logger.write('webhook_endpoint.left', { projectId, mode, ...describeError(error) });
      await this.records.markNotRemoved(target);
    }
  }

  /** Tries again while Stripe has no place for the asker: with the configuration, the key is gone, and nobody can ask again. */
  private async whenPlaced(work: () => Promise<void>): Promise<void> {
    const until = Date.now() + this.timeLimits.stripe;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof RateLimited) || Date.now() >= until) throw error;
        await delay(PLACE_POLL_MS);
      }
    }
  }

  private async observe(target: EndpointTarget, api: WebhookEndpointsApi): Promise<ObservedEndpoint> {
    const record = await this.records.find(target);
    return { record, endpoints: await api.list(target.url) };
  }

  private async openApi({ projectId, mode }: EndpointTarget, asker: string): Promise<WebhookEndpointsApi> {
    const key = await this.configs.open(projectId, `${mode}_secret_key`);
    if (key === null) throw credentialsMissing(mode);
    return new WebhookEndpointsApi(this.stripe, key, asker);
  }

  private targetOf(projectId: string, mode: Mode): EndpointTarget {
    return { projectId, mode, url: webhookUrl(this.options, projectId, mode) };
  }

  /** One request about an endpoint at a time, in all replicas. */
  private exclusively<T>(
    { projectId, mode }: EndpointTarget,
    asker: string,
    work: () => Promise<T>,
  ): Promise<T> {
    return this.places.within(asker, async () => {
      const lock = { project_id: projectId, name: `endpoint ${mode}` };
      const { endpointWait: waitMs, endpointHold: holdMs } = this.timeLimits;
      const done = await withLock(this.database, lock, { waitMs, holdMs }, () => explained(work));
      if (done === undefined) throw new RateLimited(1);
      return done.result;
    });
  }
}

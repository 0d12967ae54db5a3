import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Secret } from '../crypto/secret.js';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import { withLock } from '../database/lock.js';
import { describeError } from '../common/describe-error.js';
import { PaymentsError, RateLimited } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { PERMISSIONS, StripeApi, StripeRefusal } from '../stripe/stripe-api.js';
import { WebhookEndpointsApi, type StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import type { Change } from '../domain/change.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { webhookUrl } from '../stripe-webhooks/webhook-urls.js';
import type { WantedEndpoint, WebhookEndpointEntity } from './webhook-endpoint.entity.js';
import {
  BEGIN_MAKING,
  END_MAKING,
  FIND_ENDPOINT,
  FIND_MADE,
  FORGET_ENDPOINT,
  LAST_VERIFIED,
  LAST_WRITTEN,
  NOTE_NOT_REMOVED,
  NOTE_REMOVED,
  SAVE_ENDPOINT,
} from './webhook-endpoint.statements.js';

/** What an endpoint sends when nothing else is asked for: what the documented system handles. */
export const DEFAULT_EVENT_TYPES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'charge.refunded',
];

/** How an endpoint stands in Stripe. */
export interface WebhookEndpointView {
  /** `missing`: Stripe has none for this project and mode. */
  state: 'enabled' | 'disabled' | 'missing';
  id: string | null;
  url: string;
  /** Whether this service made it; otherwise it was made by hand. */
  isOurs: boolean;
  apiVersion: string | null;
  eventTypes: string[];
  missingEventTypes: string[];
  /** Further endpoints of the same URL, whose webhooks cannot be verified. */
  otherIds: string[];
}

const CREATED_BY = 'nest-stripe-config';
/** Longest wait for another request about the same endpoint, and longest time for one, in milliseconds. */
const LOCK = { waitMs: 15_000, holdMs: 45_000 };
/** Most requests at once in this process: each holds a connection to the database. */
const MAX_AT_ONCE = 3;

/** Makes, looks at and removes the webhook endpoint of a project and mode in the project's Stripe account. */
@Injectable()
export class WebhookEndpointService {
  private readonly logger = new Logger('Webhook endpoint');
  private running = 0;

  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    private readonly stripe: StripeApi,
    private readonly configs: StripeConfigService,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  ) {}

  /**
   * Sees to it that there is an enabled endpoint that sends at least these types, and that its secret is stored. Again
   * is no error and changes nothing.
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
    return this.exclusively(projectId, mode, async () => {
      const api = await this.apiFor(projectId, mode);
      const wanted = { url: this.urlOf(projectId, mode), eventTypes: [...eventTypes] };
      const record = await this.findRecord(projectId, mode);
      const all = (await api.list()).filter(({ url }) => url === wanted.url);
      const usable = await this.findUsable(projectId, mode, record, all);
      const id =
        usable === undefined
          ? await this.make(api, projectId, mode, wanted, record, all, change)
          : await this.takeOver(api, projectId, mode, wanted, usable);
      // Nobody has the secrets of our others.
      const useless = all.filter((each) => each.id !== id && isOurs(each, projectId, mode));
      for (const each of useless) await api.remove(each.id).catch(unlessMissing);
      return this.look(api, projectId, mode);
    });
  }

  /** How the endpoint stands in Stripe. Throws as {@link ensure} does. */
  async find(projectId: string, mode: Mode): Promise<WebhookEndpointView> {
    return explained(async () => this.look(await this.apiFor(projectId, mode), projectId, mode));
  }

  /** Removes the endpoint from Stripe if this service made it. One that was made by hand stays. Throws as {@link ensure}. */
  async remove(projectId: string, mode: Mode): Promise<void> {
    await this.exclusively(projectId, mode, async () => {
      const record = await this.findRecord(projectId, mode);
      if (record === undefined || !isInStripe(record)) return;
      if (record.made_at === null && record.idempotency_key === null) {
        await runStatement(this.dataSource, 'write', FORGET_ENDPOINT, [projectId, mode]);
      } else {
        await this.removeOurs(await this.apiFor(projectId, mode), record);
      }
    });
  }

  /** The keys with which {@link removeAll} can remove endpoints: opened before, since deleting a configuration erases them. */
  async openKeys(projectId: string): Promise<Record<Mode, Secret | null>> {
    const [test, live] = await Promise.all(
      MODES.map((mode) => this.configs.tryToOpen(projectId, `${mode}_secret_key`)),
    );
    return { test: test ?? null, live: live ?? null };
  }

  /** Removes a project's endpoints as far as Stripe lets us, and notes which are left. Never rejects. */
  async removeAll(projectId: string, keys: Record<Mode, Secret | null>): Promise<void> {
    try {
      const records = await runStatement<WebhookEndpointEntity>(this.dataSource, 'read', FIND_MADE, [
        projectId,
      ]);
      await Promise.all(records.map((record) => this.tryToRemove(record, keys[record.mode])));
    } catch (error) {
      this.logger.warn({
        event: 'webhook endpoints may be left in Stripe',
        projectId,
        ...describeError(error),
      });
    }
  }

  private async tryToRemove(record: WebhookEndpointEntity, key: Secret | null): Promise<void> {
    const { project_id: projectId, mode } = record;
    try {
      if (key === null) throw credentialsMissing(mode);
      await this.removeOurs(new WebhookEndpointsApi(this.stripe, key), record);
    } catch (error) {
      this.logger.warn({
        event: 'a webhook endpoint is left in Stripe',
        projectId,
        mode,
        ...describeError(error),
      });
      await runStatement(this.dataSource, 'write', NOTE_NOT_REMOVED, [projectId, mode]);
    }
  }

  /** Removes the noted endpoint, and any of ours whose making was broken off. */
  private async removeOurs(api: WebhookEndpointsApi, record: WebhookEndpointEntity): Promise<void> {
    const { project_id: projectId, mode, endpoint_id: noted } = record;
    if (noted !== null && record.made_at !== null) await api.remove(noted).catch(unlessMissing);
    const url = this.urlOf(projectId, mode);
    const ours = (await api.list()).filter((each) => each.url === url && isOurs(each, projectId, mode));
    for (const { id } of ours) await api.remove(id).catch(unlessMissing);
    const note = record.made_at === null ? FORGET_ENDPOINT : NOTE_REMOVED;
    await runStatement(this.dataSource, 'write', note, [projectId, mode]);
  }

  /**
   * The endpoint whose secret is the stored one: ours as long as nobody has stored another secret since, or one made by
   * hand whose secret has verified an event.
   */
  private async findUsable(
    projectId: string,
    mode: Mode,
    record: WebhookEndpointEntity | undefined,
    all: readonly StripeEndpoint[],
  ): Promise<{ endpoint: StripeEndpoint; secretVersion: number } | undefined> {
    const written = await this.versionOf(LAST_WRITTEN, projectId, `${mode}_webhook_secret`);
    const config = await this.configs.find(projectId);
    if (written === null || config?.[`${mode}_webhook_secret_masked`] === null) return undefined;
    if (record?.secret_version === written) {
      // The stored secret is that one's, and no other's.
      const noted = all.find(({ id }) => id === record.endpoint_id);
      return noted === undefined ? undefined : { endpoint: noted, secretVersion: written };
    }
    const verified = await this.versionOf(LAST_VERIFIED, projectId, mode);
    const [only, ...others] = all;
    if (only === undefined || others.length > 0 || isOurs(only, projectId, mode)) return undefined;
    return verified !== null && verified >= written ? { endpoint: only, secretVersion: written } : undefined;
  }

  private async takeOver(
    api: WebhookEndpointsApi,
    projectId: string,
    mode: Mode,
    wanted: WantedEndpoint,
    { endpoint, secretVersion }: { endpoint: StripeEndpoint; secretVersion: number },
  ): Promise<string> {
    if (!endpoint.isEnabled || missingTypes(wanted.eventTypes, endpoint).length > 0) {
      await api.update(endpoint.id, union(endpoint.eventTypes, wanted.eventTypes));
    }
    const values = [projectId, mode, wanted, endpoint.id, secretVersion, false];
    await runStatement(this.dataSource, 'write', SAVE_ENDPOINT, values);
    return endpoint.id;
  }

  /** Makes an endpoint and stores its secret. */
  private async make(
    api: WebhookEndpointsApi,
    projectId: string,
    mode: Mode,
    wanted: WantedEndpoint,
    record: WebhookEndpointEntity | undefined,
    all: readonly StripeEndpoint[],
    change: Change,
  ): Promise<string> {
    const lost = all.filter((endpoint) => isOurs(endpoint, projectId, mode));
    const created =
      (await this.finishMaking(api, projectId, mode, record)) ??
      (await this.makeNew(api, projectId, mode, wanted, lost));
    const version = await this.store(projectId, mode, created.secret, change);
    const values = [projectId, mode, wanted, created.id, version ?? null, true];
    await runStatement(this.dataSource, 'write', SAVE_ENDPOINT, values);
    // Deleted meanwhile, perhaps before there was anything noted to be removed.
    if (version === undefined || (await this.configs.find(projectId))?.is_active !== true) {
      await api.remove(created.id).catch(unlessMissing);
      await runStatement(this.dataSource, 'write', NOTE_REMOVED, [projectId, mode]);
      throw credentialsMissing(mode);
    }
    const missing = missingTypes(wanted.eventTypes, created);
    if (missing.length > 0) await api.update(created.id, union(created.eventTypes, missing));
    return created.id;
  }

  /** Asks again for an endpoint whose making was broken off: Stripe repeats its answer, if it had given one. */
  private async finishMaking(
    api: WebhookEndpointsApi,
    projectId: string,
    mode: Mode,
    record: WebhookEndpointEntity | undefined,
  ): Promise<(StripeEndpoint & { secret: Secret }) | undefined> {
    if (record === undefined || record.idempotency_key === null) return undefined;
    const { wanted, idempotency_key: idempotencyKey } = record;
    try {
      const created = await api.create({ ...wanted, metadata: metadataOf(projectId, mode), idempotencyKey });
      // An answer may be repeated for an endpoint that somebody has removed since.
      return (await api.list()).some(({ id }) => id === created.id) ? created : undefined;
    } catch (error) {
      if (error instanceof StripeRefusal) return undefined;
      throw error;
    }
  }

  private async makeNew(
    api: WebhookEndpointsApi,
    projectId: string,
    mode: Mode,
    wanted: WantedEndpoint,
    lost: StripeEndpoint[],
  ): Promise<StripeEndpoint & { secret: Secret }> {
    const idempotencyKey = randomUUID();
    const values = [projectId, mode, wanted, idempotencyKey];
    await runStatement(this.dataSource, 'write', BEGIN_MAKING, values);
    try {
      return await api.create({ ...wanted, metadata: metadataOf(projectId, mode), idempotencyKey });
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      await runStatement(this.dataSource, 'write', END_MAKING, [projectId, mode]);
      const useless = error.kind === 'limit' ? lost.shift() : undefined;
      if (useless === undefined) throw error;
      await api.remove(useless.id).catch(unlessMissing);
      return this.makeNew(api, projectId, mode, wanted, lost);
    }
  }

  /** @returns the version in which the secret is stored; undefined when the configuration was deleted meanwhile */
  private async store(
    projectId: string,
    mode: Mode,
    secret: Secret,
    change: Change,
  ): Promise<number | undefined> {
    for (;;) {
      const config = await this.configs.find(projectId);
      if (config?.[`${mode}_secret_key_masked`] === null || config?.is_active !== true) return undefined;
      const request = { [`${mode}_webhook_secret`]: secret.reveal() };
      const conditions = { ifMatch: [config.version], ifNoneMatch: null };
      try {
        return (await this.configs.update(projectId, request, change, conditions)).version;
      } catch (error) {
        if (!(error instanceof PaymentsError) || error.code !== 'version_conflict') throw error;
      }
    }
  }

  private async look(api: WebhookEndpointsApi, projectId: string, mode: Mode): Promise<WebhookEndpointView> {
    const url = this.urlOf(projectId, mode);
    const record = await this.findRecord(projectId, mode);
    const all = (await api.list()).filter((endpoint) => endpoint.url === url);
    const endpoint = all.find(({ id }) => id === record?.endpoint_id) ?? all[0];
    return {
      state: endpoint === undefined ? 'missing' : endpoint.isEnabled ? 'enabled' : 'disabled',
      id: endpoint?.id ?? null,
      url,
      isOurs: endpoint !== undefined && isOurs(endpoint, projectId, mode),
      apiVersion: endpoint?.apiVersion ?? null,
      eventTypes: endpoint?.eventTypes ?? [],
      missingEventTypes: missingTypes(record?.wanted.eventTypes ?? DEFAULT_EVENT_TYPES, endpoint),
      otherIds: all.map(({ id }) => id).filter((id) => id !== endpoint?.id),
    };
  }

  private async findRecord(projectId: string, mode: Mode): Promise<WebhookEndpointEntity | undefined> {
    const values = [projectId, mode];
    const [record] = await runStatement<WebhookEndpointEntity>(
      this.dataSource,
      'read',
      FIND_ENDPOINT,
      values,
    );
    return record;
  }

  private async versionOf(statement: Statement, projectId: string, subject: string): Promise<number | null> {
    const values = [projectId, subject];
    const [row] = await runStatement<{ version: number | null }>(this.dataSource, 'read', statement, values);
    return row?.version ?? null;
  }

  private async apiFor(projectId: string, mode: Mode): Promise<WebhookEndpointsApi> {
    const key = await this.configs.open(projectId, `${mode}_secret_key`);
    if (key === null) throw credentialsMissing(mode);
    return new WebhookEndpointsApi(this.stripe, key);
  }

  private urlOf(projectId: string, mode: Mode): string {
    return webhookUrl(this.options, projectId, mode);
  }

  /** One request about an endpoint at a time, in all replicas. */
  private async exclusively<T>(projectId: string, mode: Mode, work: () => Promise<T>): Promise<T> {
    if (this.running >= MAX_AT_ONCE) throw new RateLimited(1);
    this.running += 1;
    try {
      const name = `stripe-webhook-endpoint ${projectId} ${mode}`;
      const done = await withLock(this.dataSource, name, LOCK, () => explained(work));
      if (done === undefined) throw new RateLimited(1);
      return done.result;
    } finally {
      this.running -= 1;
    }
  }
}

function metadataOf(projectId: string, mode: Mode): Record<string, string> {
  return { created_by: CREATED_BY, project_id: projectId, mode };
}

function isOurs({ metadata }: StripeEndpoint, projectId: string, mode: Mode): boolean {
  return Object.entries(metadataOf(projectId, mode)).every(([name, value]) => metadata[name] === value);
}

function missingTypes(wanted: readonly string[], endpoint: StripeEndpoint | undefined): string[] {
  const sent = endpoint?.eventTypes ?? [];
  return sent.includes('*') ? [] : wanted.filter((type) => !sent.includes(type));
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])];
}

/** Whether something of it may be in Stripe, as far as we know. */
function isInStripe({ endpoint_id, removed_at, idempotency_key }: WebhookEndpointEntity): boolean {
  return idempotency_key !== null || (endpoint_id !== null && removed_at === null);
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof StripeRefusal) || error.kind !== 'missing') throw error;
}

function credentialsMissing(mode: Mode): PaymentsError {
  return new PaymentsError(
    'credentials_missing',
    `This project has no ${mode} secret key; store one with a PUT of its configuration first.`,
  );
}

/** Says what Stripe refused in words of our own. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StripeRefusal ? explain(error) : error;
  }
}

function explain({ kind, permission }: StripeRefusal): PaymentsError {
  switch (kind) {
    case 'limit':
      return new PaymentsError(
        'webhook_endpoint_limit',
        'The Stripe account has as many webhook endpoints as Stripe allows; remove one in the Stripe Dashboard.',
      );
    case 'key':
      return new PaymentsError(
        'stripe_refused',
        'Stripe does not accept the stored secret key; store a current one with a PUT of the configuration.',
      );
    case 'permission':
      return new PaymentsError(
        'stripe_refused',
        `The stored restricted key lacks the permission ${PERMISSIONS[permission ?? 'rak_webhook_write']}; add it in the Stripe Dashboard.`,
      );
    default:
      return new PaymentsError(
        'stripe_refused',
        'Stripe refused the webhook endpoint; check that PUBLIC_BASE_URL is an https address that Stripe can reach, and that the event types exist.',
      );
  }
}

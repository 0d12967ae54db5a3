import { createSecretKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer, UnsealError } from '../crypto/sealer.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { sealContext } from '../crypto/sealer.js';
import { ChangeAnnouncements } from '../stripe-config/change-announcements.js';
import { recordOf } from '../common/record-of.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { ReloadLimit } from './reload-limit.js';
import { WebhookSecretLookup } from './webhook-secret-lookup.js';

/** How long opened secrets are cached, in milliseconds, and of how many webhooks. */
const CACHE_MS = 60_000;
const MAX_CACHED = 1_000;

/** A webhook secret, and what identifies it in the database. */
export interface WebhookKey {
  key: KeyObject;
  sealed: string;
  /** Null for a previous one. */
  fingerprint: string | null;
}

/** What verifies the webhooks of a project and mode. */
export interface WebhookSecrets {
  /** The current secret, then the previous one while it is accepted. At most two. */
  keys: readonly [WebhookKey, ...WebhookKey[]];
}

interface CachedSecrets extends WebhookSecrets {
  /** By the clock of `performance.now()`. */
  previousUntil: number;
}

/** Opens webhook secrets, and caches them for a short while: the statement that stores an event checks that its secret is current. */
@Injectable()
export class WebhookSecretStore implements OnModuleInit {
  private readonly logger = new PaymentsLogger(WebhookSecretStore.name);
  private readonly cache = new LRUCache<string, CachedSecrets>({ max: MAX_CACHED, ttl: CACHE_MS });
  private readonly reloads = new ReloadLimit();
  private readonly lookups: Readonly<Record<Mode, WebhookSecretLookup>>;

  constructor(
    @Inject(PAYMENTS_DATABASE) database: Database,
    private readonly sealer: Sealer,
    private readonly changes: ChangeAnnouncements,
  ) {
    this.lookups = recordOf(MODES, (mode) => new WebhookSecretLookup(database, mode));
  }

  onModuleInit(): void {
    this.changes.subscribe((projectId) => {
      for (const mode of MODES) {
        this.lookups[mode].forget(projectId);
        if (projectId === undefined) this.cache.clear();
        else this.cache.delete(`${projectId} ${mode}`);
      }
    });
  }

  /** The cached secrets; perhaps no longer the stored ones. */
  cached(projectId: string, mode: Mode): WebhookSecrets | undefined {
    const cached = this.cache.get(`${projectId} ${mode}`);
    if (cached === undefined) return undefined;
    return cached.previousUntil <= performance.now() ? { keys: [cached.keys[0]] } : cached;
  }

  /** Whether the secrets of an address may be loaded again because a signature does not fit the cached ones; this counts. */
  mayReload(projectId: string, mode: Mode): boolean {
    return this.reloads.take(`${projectId} ${mode}`);
  }

  /**
   * The stored secrets, or that there were none a moment ago; undefined where no webhook is accepted.
   *
   * @throws DependencyUnavailable when the current secret cannot be opened, so that Stripe sends the event again
   */
  async load(projectId: string, mode: Mode): Promise<WebhookSecrets | undefined> {
    const name = `${projectId} ${mode}`;
    this.cache.delete(name);
    const row = await this.lookups[mode].find(projectId);
    if (row === undefined) return undefined;
    const current = this.open(row.current, row.fingerprint, projectId, mode);
    const previous = row.previous === null ? undefined : this.open(row.previous, null, projectId, mode);
    if (current === undefined) {
      throw new DependencyUnavailable('key ring', { cause: new UnsealError() });
    }
    const secrets: CachedSecrets = {
      keys: previous === undefined ? [current] : [current, previous],
      previousUntil: performance.now() + (row.previous_ms_left ?? 0),
    };
    this.cache.set(name, secrets);
    return secrets;
  }

  private open(
    sealed: string,
    fingerprint: string | null,
    projectId: string,
    mode: Mode,
  ): WebhookKey | undefined {
    const secret = this.sealer.tryToOpen(sealed, sealContext(projectId, `${mode}_webhook_secret`));
    if (secret !== undefined)
      return { key: createSecretKey(Buffer.from(secret.reveal())), sealed, fingerprint };
    this.logger.write('credential.unreadable', { projectId, field: `${mode}_webhook_secret` });
    return undefined;
  }
}

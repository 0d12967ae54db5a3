import { createSecretKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer, UnsealError } from '../crypto/sealer.js';
import { PAYMENTS_DATA_SOURCE } from '../database/run-statement.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { sealContext } from '../crypto/seal-context.js';
import { ConfigChanges } from '../stripe-config/config-changes.js';
import { recordOf } from '../common/record-of.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { WebhookSecretLookup } from './webhook-secret-lookup.js';

/** How long opened secrets are kept, in milliseconds, and of how many webhooks. */
const KEEP_MS = 60_000;
const MAX_KEPT = 1_000;

/** A webhook secret, and by what the database knows it again. */
export interface WebhookKey {
  key: KeyObject;
  sealed: string;
  /** Null for a previous one. */
  fingerprint: string | null;
}

/** What verifies the webhooks of a project and mode. */
export interface WebhookSecrets {
  /** The present secret, then the previous one while it is accepted. At most two. */
  keys: readonly [WebhookKey, ...WebhookKey[]];
}

interface Kept extends WebhookSecrets {
  /** By the clock of `performance.now()`. */
  previousUntil: number;
}

/** Opens webhook secrets, and keeps them for a short while: whoever uses one has its version checked. */
@Injectable()
export class WebhookSecretStore implements OnModuleInit {
  private readonly logger = new PaymentsLogger(WebhookSecretStore.name);
  private readonly kept = new LRUCache<string, Kept>({ max: MAX_KEPT, ttl: KEEP_MS });
  private readonly lookups: Readonly<Record<Mode, WebhookSecretLookup>>;

  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) dataSource: DataSource,
    private readonly sealer: Sealer,
    private readonly changes: ConfigChanges,
  ) {
    this.lookups = recordOf(
      MODES,
      (mode) => mode,
      (mode) => new WebhookSecretLookup(dataSource, mode),
    );
  }

  onModuleInit(): void {
    this.changes.subscribe((projectId) => {
      for (const mode of MODES) {
        this.lookups[mode].forget(projectId);
        if (projectId === undefined) this.kept.clear();
        else this.kept.delete(`${projectId} ${mode}`);
      }
    });
  }

  /** What is kept; perhaps no longer what is stored. */
  recall(projectId: string, mode: Mode): WebhookSecrets | undefined {
    const kept = this.kept.get(`${projectId} ${mode}`);
    if (kept === undefined) return undefined;
    return kept.previousUntil <= performance.now() ? { keys: [kept.keys[0]] } : kept;
  }

  /**
   * What is stored now, or was not there a moment ago; undefined where no webhook is accepted.
   *
   * @throws DependencyUnavailable when the present secret cannot be opened, so that Stripe sends the event again
   */
  async load(projectId: string, mode: Mode): Promise<WebhookSecrets | undefined> {
    const name = `${projectId} ${mode}`;
    this.kept.delete(name);
    const row = await this.lookups[mode].find(projectId);
    if (row === undefined) return undefined;
    const current = this.open(row.current, row.fingerprint, projectId, mode);
    const previous = row.previous === null ? undefined : this.open(row.previous, null, projectId, mode);
    if (current === undefined) {
      throw new DependencyUnavailable('key ring', { cause: new UnsealError() });
    }
    const kept: Kept = {
      keys: previous === undefined ? [current] : [current, previous],
      previousUntil: performance.now() + (row.previous_ms_left ?? 0),
    };
    this.kept.set(name, kept);
    return kept;
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

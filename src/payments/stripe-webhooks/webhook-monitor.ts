import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import { Periodic } from '../database/periodic.js';
import type { Mode } from '../domain/credentials.js';

/** How often what was seen is written down, in milliseconds. */
const WRITE_MS = 1_000;

/**
 * `$1` project ids, `$2` modes, `$3` versions whose present secret verified an event (0: none did; a null in an array depends
 * on the setting `array_nulls`), `$4` whether the previous one did, `$5` failures since an event was verified,
 * `$6` why the last one failed, `$7` test events of connected accounts that were not handed on, all of them arrays.
 */
const WRITE: Statement = {
  name: 'stripe_config_states_write_webhooks',
  text: `
  INSERT INTO stripe_config_states AS state (
    project_id, mode, webhook_version, webhook_verified_at, previous_verified_at, webhook_failures, webhook_failed_at,
    webhook_failure, webhook_ignored
  )
  SELECT project_id, mode, nullif(version, 0), CASE WHEN version > 0 THEN now() END, CASE WHEN previous THEN now() END,
    failures, CASE WHEN failures > 0 THEN now() END, CASE WHEN failures > 0 THEN failure END, ignored
  FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::boolean[], $5::integer[], $6::text[], $7::integer[])
    AS seen (project_id, mode, version, previous, failures, failure, ignored)
  ON CONFLICT (project_id, mode) DO UPDATE SET
    webhook_version = coalesce(excluded.webhook_version, state.webhook_version),
    webhook_verified_at = coalesce(excluded.webhook_verified_at, state.webhook_verified_at),
    previous_verified_at = coalesce(excluded.previous_verified_at, state.previous_verified_at),
    webhook_failed_at = coalesce(excluded.webhook_failed_at, state.webhook_failed_at),
    webhook_failure = coalesce(excluded.webhook_failure, state.webhook_failure),
    webhook_ignored = state.webhook_ignored + excluded.webhook_ignored,
    webhook_failures = excluded.webhook_failures + CASE
      WHEN coalesce(excluded.webhook_verified_at, excluded.previous_verified_at) IS NULL THEN state.webhook_failures
      ELSE 0
    END`,
};

/** Why a webhook was refused. All but the first are said of what Stripe has signed. */
export type WebhookFault = 'wrong_signature' | 'stale_signature' | 'unreadable_event' | 'wrong_mode_event';

interface Seen {
  projectId: string;
  mode: Mode;
  version: number | null;
  previous: boolean;
  failures: number;
  failure: WebhookFault | '';
  ignored: number;
}

const NOTHING_SEEN = { version: null, previous: false, failures: 0, failure: '', ignored: 0 } as const;

/** Remembers which webhooks verify and which fail, without a statement for each: a flood must not become writes. */
@Injectable()
export class WebhookMonitor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private seen = new Map<string, Seen>();
  private readonly periodic = new Periodic('Webhook monitor', async () => {
    await this.write();
    return WRITE_MS;
  });

  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
    await this.write().catch(() => undefined);
  }

  /** @param version of the configuration whose present secret verified an event; null: the previous one did */
  verified(projectId: string, mode: Mode, version: number | null): void {
    const seen = this.seenOf(projectId, mode);
    seen.version = version ?? seen.version;
    seen.previous ||= version === null;
    seen.failures = 0;
  }

  failed(projectId: string, mode: Mode, failure: WebhookFault): void {
    const seen = this.seenOf(projectId, mode);
    seen.failures += 1;
    seen.failure = failure;
  }

  /** A test event of a connected account came to a live address. */
  ignored(projectId: string, mode: Mode): void {
    this.seenOf(projectId, mode).ignored += 1;
  }

  private seenOf(projectId: string, mode: Mode): Seen {
    const name = `${projectId} ${mode}`;
    const seen = this.seen.get(name) ?? { ...NOTHING_SEEN, projectId, mode };
    this.seen.set(name, seen);
    return seen;
  }

  /** What cannot be written now is written with what comes. */
  private async write(): Promise<void> {
    if (this.seen.size === 0) return;
    // In one order everywhere, so that two replicas cannot wait for each other.
    const batch = [...this.seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, seen]) => seen);
    const columns = [
      batch.map(({ projectId }) => projectId),
      batch.map(({ mode }) => mode),
      batch.map(({ version }) => version ?? 0),
      batch.map(({ previous }) => previous),
      batch.map(({ failures }) => failures),
      batch.map(({ failure }) => failure),
      batch.map(({ ignored }) => ignored),
    ];
    const unwritten = this.seen;
    this.seen = new Map();
    try {
      await runStatement(this.dataSource, 'write', WRITE, columns);
    } catch (error) {
      for (const [name, seen] of unwritten) if (!this.seen.has(name)) this.seen.set(name, seen);
      throw error;
    }
  }
}

import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { Periodic } from '../database/periodic.js';
import type { Mode } from '../domain/credentials.js';
import { WRITE_WEBHOOKS, type WebhookFault } from './webhook-monitor.statements.js';

/** How often results are written to the database, in milliseconds. */
const WRITE_MS = 1_000;

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

/** Records which webhooks verify and which fail, without a statement for each: a flood must not become writes. */
@Injectable()
export class WebhookMonitor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private seen = new Map<string, Seen>();
  private readonly periodic = new Periodic(WebhookMonitor.name, async () => {
    await this.write();
    return WRITE_MS;
  });

  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

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

  /** What cannot be written now is written with the next batch. */
  private async write(): Promise<void> {
    if (this.seen.size === 0) return;
    // In the same order everywhere, so that two replicas cannot deadlock.
    const batch = [...this.seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, seen]) => seen);
    const columns = {
      project_ids: batch.map(({ projectId }) => projectId),
      modes: batch.map(({ mode }) => mode),
      versions: batch.map(({ version }) => version ?? 0),
      previous: batch.map(({ previous }) => previous),
      failures: batch.map(({ failures }) => failures),
      failure: batch.map(({ failure }) => failure),
      ignored: batch.map(({ ignored }) => ignored),
    };
    const unwritten = this.seen;
    this.seen = new Map();
    try {
      await runStatement(this.database, 'write', WRITE_WEBHOOKS, columns);
    } catch (error) {
      for (const [name, seen] of unwritten) if (!this.seen.has(name)) this.seen.set(name, seen);
      throw error;
    }
  }
}

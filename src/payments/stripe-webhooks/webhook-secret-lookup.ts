import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { FIND_WEBHOOK_SECRETS } from '../stripe-config/stripe-config.statements.js';
import type { RowOf } from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/** How long the absence of a secret is cached, in milliseconds, and for how many projects. */
const ABSENT_MS = 1_000;
const MAX_ABSENT = 10_000;
/** Most projects in one statement. */
const MAX_AT_ONCE = 500;

type WebhookSecretsRow = RowOf<typeof FIND_WEBHOOK_SECRETS>;

/** The projects of the next statement. */
interface Batch {
  ids: Set<string>;
  rows: Promise<Map<string, WebhookSecretsRow>>;
}

/**
 * Finds the sealed webhook secrets of a mode. Anybody can send webhooks, so they do not each cost a statement: one runs at a
 * time, and callers that arrive meanwhile share the next one; the absence of a secret is cached for a moment. Secrets
 * themselves are never cached here, so that each result is current.
 */
export class WebhookSecretLookup {
  private readonly absent = new LRUCache<string, true>({ max: MAX_ABSENT, ttl: ABSENT_MS });
  /** The projects of the running statement that have not changed since it began. */
  private readonly unchanged = new Set<string>();
  private running: Promise<unknown> = Promise.resolve();
  private next: Batch | undefined;

  constructor(
    private readonly database: Database,
    private readonly mode: Mode,
  ) {}

  /**
   * @param projectId in lower case
   * @returns undefined where no webhook is accepted
   * @throws DependencyUnavailable when the database cannot be reached
   */
  async find(projectId: string): Promise<WebhookSecretsRow | undefined> {
    if (this.absent.has(projectId)) return undefined;
    const batch = (this.next ??= this.begin());
    batch.ids.add(projectId);
    if (batch.ids.size >= MAX_AT_ONCE) this.next = undefined;
    return (await batch.rows).get(projectId);
  }

  /** @param projectId whose configuration has changed; undefined: any may have */
  forget(projectId: string | undefined): void {
    if (projectId === undefined) {
      this.absent.clear();
      this.unchanged.clear();
    } else {
      this.absent.delete(projectId);
      this.unchanged.delete(projectId);
    }
  }

  private begin(): Batch {
    const ids = new Set<string>();
    const rows = this.running.then(() => {
      if (this.next?.ids === ids) this.next = undefined;
      return this.query(ids);
    });
    this.running = rows.catch(ignore);
    return { ids, rows };
  }

  private async query(ids: ReadonlySet<string>): Promise<Map<string, WebhookSecretsRow>> {
    for (const id of ids) this.unchanged.add(id);
    try {
      const found = await runStatement(this.database, 'read', FIND_WEBHOOK_SECRETS, {
        project_ids: [...ids],
        mode: this.mode,
      });
      const rows = new Map(found.map((row) => [row.project_id, row]));
      for (const id of ids) if (!rows.has(id) && this.unchanged.has(id)) this.absent.set(id, true);
      return rows;
    } finally {
      this.unchanged.clear();
    }
  }
}

function ignore(): void {
  // Each caller gets the error.
}

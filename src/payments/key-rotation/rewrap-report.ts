import type { Database } from '../database/database.js';
import type { Sealer } from '../crypto/sealer.js';
import { runStatement } from '../database/run-statement.js';
import { RECORD_REWRAP } from './key-rotation.statements.js';
import { countByKey } from './key-usage.js';

/** How often the progress is left in the database, in milliseconds. */
const REPORT_MS = 5_000;

/** In rows. */
interface RewrapProgress {
  total: number;
  rewrapped: number;
}

/** Leaves the progress of a rewrap in the database, where running services find it for their metrics. */
export class RewrapReport {
  private reportedAt = -Infinity;
  private last = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  progress(progress: RewrapProgress): void {
    if (performance.now() - this.reportedAt < REPORT_MS) return;
    this.reportedAt = performance.now();
    this.last = this.last.then(() => this.write(remainingOf(progress)));
  }

  /** Counts again what each key has sealed. */
  async end(progress: RewrapProgress): Promise<void> {
    await this.last;
    await this.write(remainingOf(progress));
    await countByKey(this.database);
  }

  /** A rewrap goes on whether or not its progress is seen. */
  private async write(remaining: number): Promise<void> {
    const values = { key_id: this.sealer.ring.active.id, remaining };
    await runStatement(this.database, 'write', RECORD_REWRAP, values).catch(() => undefined);
  }
}

/** Rows that were counted at the beginning, without those that were sealed since. Some may be new. */
function remainingOf({ total, rewrapped }: RewrapProgress): number {
  return Math.max(0, total - rewrapped);
}

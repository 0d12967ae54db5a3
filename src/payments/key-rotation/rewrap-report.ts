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

  /**
   * Counts again what each key has sealed, and so what is left: rows that have gone, or that others have sealed again, were not
   * sealed by this rewrap. One that succeeded does not fail because they could not be counted.
   */
  async end(progress: RewrapProgress): Promise<void> {
    await this.last;
    const counts = await countByKey(this.database).catch(() => undefined);
    await this.write(counts === undefined ? remainingOf(progress) : this.rowsUnderOthers(counts));
  }

  private rowsUnderOthers(counts: ReadonlyMap<string, { rows: number }>): number {
    const others = [...counts].filter(([keyId]) => keyId !== this.sealer.ring.active.id);
    return others.reduce((sum, [, { rows }]) => sum + rows, 0);
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

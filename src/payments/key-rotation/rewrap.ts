import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Session } from '../database/database.js';
import type { Sealer } from '../crypto/sealer.js';
import { inTransaction } from '../database/transaction.js';
import { CONFIGS } from './sealed-configs.js';
import { EVENTS } from './sealed-events.js';
import { RewrapReport } from './rewrap-report.js';
import { activePrefix, type Resealed, type SealedTable } from './sealed-table.js';

/** Options of a rewrap. */
export interface RewrapOptions {
  /** Rows sealed again in one transaction. */
  batchSize: number;
  /** Most rows a second; Infinity for no limit. */
  rate: number;
  /** Opens and counts, and writes nothing. */
  dryRun: boolean;
  /** Called after each batch. */
  onProgress: (progress: RewrapProgress) => void;
}

export interface RewrapProgress {
  /** Rows that had values under another key when the rewrap began. */
  total: number;
  /** Rows that this run has sealed again so far. */
  rewrapped: number;
  /** Rows of which a value cannot be opened. */
  unreadable: number;
}

/** The result of a rewrap. */
export interface RewrapResult extends RewrapProgress {
  /** The rows that still hold a value that no key of the ring opens. */
  unreadableIds: string[];
}

const PAUSE_MS = 100;

/**
 * Seals every stored value under the active key, during reads and writes. What remains to be done is read from the
 * tables alone, so that it may be killed and restarted at any time, and several may run at once: each skips locked
 * rows, and replaces a value only where it is still the one that was opened.
 */
export async function rewrap(
  database: Database,
  sealer: Sealer,
  options: RewrapOptions,
): Promise<RewrapResult> {
  const prefix = activePrefix(sealer);
  const counts = await Promise.all([CONFIGS.count(database, prefix), EVENTS.count(database, prefix)]);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const result = { total, rewrapped: 0, unreadable: 0, unreadableIds: [] as string[] };
  const report = options.dryRun ? undefined : new RewrapReport(database, sealer);
  const onProgress = (progress: RewrapProgress): void => {
    options.onProgress(progress);
    report?.progress(progress);
  };
  await rewrapTable(database, sealer, CONFIGS, { ...options, onProgress }, result);
  await rewrapTable(database, sealer, EVENTS, { ...options, onProgress }, result);
  await report?.end(result);
  return result;
}

async function rewrapTable<Key, Row extends Resealed>(
  database: Database,
  sealer: Sealer,
  table: SealedTable<Key, Row>,
  options: RewrapOptions,
  result: RewrapResult,
): Promise<void> {
  const unreadable = new Set<string>();
  const before = result.unreadable;
  for (;;) {
    let after = table.first;
    unreadable.clear();
    for (;;) {
      const started = performance.now();
      const rows = await inTransaction(database, (transaction) =>
        rewrapBatch(transaction, sealer, table, after, options),
      );
      const last = rows.at(-1);
      if (last === undefined) break;
      after = table.keyOf(last);
      for (const { name, isDamaged } of rows) if (isDamaged) unreadable.add(name);
      const rewrapped = rows.filter(({ isChanged }) => isChanged).length;
      result.rewrapped += rewrapped;
      result.unreadable = before + unreadable.size;
      const { total, unreadable: damaged } = result;
      options.onProgress({ total, rewrapped: result.rewrapped, unreadable: damaged });
      await delay(Math.max(0, (rewrapped / options.rate) * 1000 - (performance.now() - started)));
    }
    // Locked rows were skipped: try them again.
    const left = options.dryRun ? 0 : (await table.count(database, activePrefix(sealer))) - unreadable.size;
    if (left <= 0) break;
    await delay(PAUSE_MS);
  }
  result.unreadableIds.push(...unreadable);
}

async function rewrapBatch<Key, Row extends Resealed>(
  session: Session,
  sealer: Sealer,
  table: SealedTable<Key, Row>,
  after: Key,
  { batchSize, dryRun }: RewrapOptions,
): Promise<Row[]> {
  const batch = { prefix: activePrefix(sealer), size: batchSize, after, isLocking: !dryRun };
  const rows = await table.read(session, sealer, batch);
  const changed = rows.filter(({ isChanged }) => isChanged);
  if (!dryRun && changed.length > 0) await table.write(session, changed);
  return rows;
}

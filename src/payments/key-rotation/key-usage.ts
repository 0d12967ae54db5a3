import type { Database } from '../database/database.js';
import { eventContext, sealContext } from '../crypto/sealer.js';
import type { Sealer } from '../crypto/sealer.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import type { Mode, SealedField } from '../domain/credentials.js';
import { projectRanges, type RangeProgress } from '../stripe-config/project-ranges.js';
import {
  COUNT_BY_KEY,
  COUNT_SEALED,
  FORGET_KEY,
  LIST_KEYS,
  LIST_REPLICAS,
  RECORD_COUNTS,
  SCAN_CONFIGS,
  SCAN_EVENTS,
} from './key-rotation.statements.js';
import { FIRST_EVENT } from './sealed-table.js';

/** What a key has sealed. */
export interface KeyUsage {
  rows: number;
  values: number;
}

/**
 * How many stored values and rows each key has sealed, by key id. Reads everything, in ranges of projects, and leaves the
 * result for the metrics.
 */
export async function countByKey(
  database: Database,
  onProgress: (progress: RangeProgress) => void = () => undefined,
): Promise<Map<string, KeyUsage>> {
  const usage = new Map<string, KeyUsage>();
  for await (const { after, upto, progress } of projectRanges(database)) {
    for (const { key_id, rows, values } of await runStatement(database, 'read', COUNT_BY_KEY, {
      after,
      upto,
    })) {
      const counted = usage.get(key_id);
      usage.set(key_id, { rows: rows + (counted?.rows ?? 0), values: values + (counted?.values ?? 0) });
    }
    onProgress(progress);
  }
  const [key_ids, counts] = [[...usage.keys()], [...usage.values()].map(({ rows }) => rows)];
  // What was asked for is the count, also where nothing may be written.
  await runStatement(database, 'write', RECORD_COUNTS, { key_ids, counts }).catch(() => undefined);
  return usage;
}

/** The keys that replicas of this database have held. */
export function findKeys(database: Database): Promise<RowOf<typeof LIST_KEYS>[]> {
  return runStatement(database, 'read', LIST_KEYS, {});
}

/** The replicas that have reported in the last three minutes; they do so every minute. */
export function findReplicas(database: Database): Promise<RowOf<typeof LIST_REPLICAS>[]> {
  return runStatement(database, 'read', LIST_REPLICAS, {});
}

/** Deletes a key that seals nothing any more, so that a ring may lack it. */
export async function forgetKey(database: Database, keyId: string): Promise<void> {
  await runStatement(database, 'write', FORGET_KEY, { key_id: keyId });
}

/** A stored value that no key of the ring opens: a credential of a configuration, or an event. */
export type UnreadableValue =
  | { configId: string; projectId: string; field: SealedField }
  | { projectId: string; mode: Mode; eventId: string };

const BATCH = 1_000;

/**
 * Opens every stored value, and writes nothing.
 *
 * @param onProgress is told how many rows have been read
 */
export async function* findUnreadable(
  database: Database,
  sealer: Sealer,
  onProgress: (progress: RangeProgress) => void = () => undefined,
): AsyncGenerator<UnreadableValue> {
  const [counted] = await runStatement(database, 'read', COUNT_SEALED, {});
  const total = counted?.count ?? 0;
  let done = 0;
  const onRead = (rows: number): void => {
    done += rows;
    onProgress({ done, total: Math.max(total, done) });
  };
  yield* findUnreadableCredentials(database, sealer, onRead);
  yield* findUnreadableEvents(database, sealer, onRead);
}

async function* findUnreadableCredentials(
  database: Database,
  sealer: Sealer,
  onRead: (rows: number) => void,
): AsyncGenerator<UnreadableValue> {
  for (let after = ''; ;) {
    const rows = await runStatement(database, 'read', SCAN_CONFIGS, { after, size: BATCH });
    for (const { id: configId, project_id: projectId, sealed } of rows) {
      for (const [field, value] of Object.entries(sealed) as [SealedField, string][]) {
        if (sealer.tryToOpen(value, sealContext(projectId, field)) === undefined)
          yield { configId, projectId, field };
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    onRead(rows.length);
    after = last.project_id;
  }
}

async function* findUnreadableEvents(
  database: Database,
  sealer: Sealer,
  onRead: (rows: number) => void,
): AsyncGenerator<UnreadableValue> {
  for (let after = FIRST_EVENT; ;) {
    const rows = await runStatement(database, 'read', SCAN_EVENTS, { ...after, size: BATCH });
    for (const { project_id: projectId, mode, event_id: eventId, payload_sealed } of rows) {
      if (sealer.tryToOpen(payload_sealed, eventContext(projectId, mode, eventId)) === undefined)
        yield { projectId, mode, eventId };
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    onRead(rows.length);
    after = { project_id: last.project_id, mode: last.mode, event_id: last.event_id };
  }
}

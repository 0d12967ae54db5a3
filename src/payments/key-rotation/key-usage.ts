import type { DataSource } from 'typeorm';
import { eventContext, sealContext } from '../crypto/sealer.js';
import type { Sealer } from '../crypto/sealer.js';
import { runWithin } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import type { Mode, SealedField } from '../domain/credentials.js';
import {
  COUNT_BY_KEY,
  FORGET_KEY,
  LIST_KEYS,
  LIST_REPLICAS,
  SCAN_CONFIGS,
  SCAN_EVENTS,
} from './key-rotation.statements.js';
import { FIRST_EVENT } from './sealed-table.js';

/** How many stored values and rows each key has sealed, by key id. */
export async function countByKey(
  dataSource: DataSource,
): Promise<Map<string, { rows: number; values: number }>> {
  const counts = await runWithin(dataSource, COUNT_BY_KEY, {});
  return new Map(counts.map(({ key_id, rows, values }) => [key_id, { rows, values }]));
}

/** The keys that replicas of this database have held. */
export function findKeys(dataSource: DataSource): Promise<RowOf<typeof LIST_KEYS>[]> {
  return runWithin(dataSource, LIST_KEYS, {});
}

/** The replicas that have reported in the last three minutes; they do so every minute. */
export function findReplicas(dataSource: DataSource): Promise<RowOf<typeof LIST_REPLICAS>[]> {
  return runWithin(dataSource, LIST_REPLICAS, {});
}

/** Deletes a key that seals nothing any more, so that a ring may lack it. */
export async function forgetKey(dataSource: DataSource, keyId: string): Promise<void> {
  await runWithin(dataSource, FORGET_KEY, { key_id: keyId });
}

/** A stored value that no key of the ring opens: a credential of a configuration, or an event. */
export type UnreadableValue =
  | { configId: string; projectId: string; field: SealedField }
  | { projectId: string; mode: Mode; eventId: string };

const BATCH = 1_000;

/** Opens every stored value, and writes nothing. */
export async function* findUnreadable(
  dataSource: DataSource,
  sealer: Sealer,
): AsyncGenerator<UnreadableValue> {
  yield* findUnreadableCredentials(dataSource, sealer);
  yield* findUnreadableEvents(dataSource, sealer);
}

async function* findUnreadableCredentials(
  dataSource: DataSource,
  sealer: Sealer,
): AsyncGenerator<UnreadableValue> {
  for (let after = ''; ;) {
    const rows = await runWithin(dataSource, SCAN_CONFIGS, { after, size: BATCH });
    for (const { id: configId, project_id: projectId, sealed } of rows) {
      for (const [field, value] of Object.entries(sealed) as [SealedField, string][]) {
        if (sealer.tryToOpen(value, sealContext(projectId, field)) === undefined)
          yield { configId, projectId, field };
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.project_id;
  }
}

async function* findUnreadableEvents(
  dataSource: DataSource,
  sealer: Sealer,
): AsyncGenerator<UnreadableValue> {
  for (let after = FIRST_EVENT; ;) {
    const rows = await runWithin(dataSource, SCAN_EVENTS, { ...after, size: BATCH });
    for (const { project_id: projectId, mode, event_id: eventId, payload_sealed } of rows) {
      if (sealer.tryToOpen(payload_sealed, eventContext(projectId, mode, eventId)) === undefined)
        yield { projectId, mode, eventId };
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = { project_id: last.project_id, mode: last.mode, event_id: last.event_id };
  }
}

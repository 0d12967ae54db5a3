import type { DataSource } from 'typeorm';
import type { Sealer } from '../crypto/sealer.js';
import { sealContext } from '../crypto/seal-context.js';
import { query } from '../database/schema-name.js';
import { SEALED_COLUMNS, type SealedRow } from '../stripe-config/stripe-config.statements.js';
import { SEALED_FIELDS, type Mode, type SealedField } from '../domain/credentials.js';
import { eventContext } from '../crypto/seal-context.js';
import { FIRST_EVENT, FIRST_UUID, eventKeyOf, type SealedEvent } from './rewrap.js';
import type { KeyEntity, ReplicaEntity } from '../key-ring/key.entities.js';

/** How many stored values and rows each key has sealed, by key id. */
export async function countByKey(
  dataSource: DataSource,
): Promise<Map<string, { rows: number; values: number }>> {
  const counts = await query<{ key_id: string; rows: string; values: string }>(
    dataSource,
    `
    SELECT key_id, sum(rows) AS rows, sum(values) AS values FROM (
      SELECT split_part(sealed, '.', 2) AS key_id, count(DISTINCT id) AS rows, count(*) AS values
      FROM stripe_configs CROSS JOIN LATERAL (
        VALUES ${SEALED_FIELDS.map((field) => `(${field}_sealed)`).join(', ')}
      ) AS credential (sealed)
      WHERE sealed IS NOT NULL GROUP BY 1
      UNION ALL
      SELECT substr(payload_sealed, 5, 10), count(*), count(*) FROM stripe_events GROUP BY 1
    ) AS counts GROUP BY 1`,
  );
  return new Map(
    counts.map(({ key_id, rows, values }) => [key_id, { rows: Number(rows), values: Number(values) }]),
  );
}

/** The keys that services of this database have held. */
export function findKeys(dataSource: DataSource): Promise<KeyEntity[]> {
  return query<KeyEntity>(dataSource, 'SELECT * FROM stripe_config_keys ORDER BY first_seen_at');
}

/** The services that have reported in the last three minutes; they do so every minute. */
export function findReplicas(dataSource: DataSource): Promise<ReplicaEntity[]> {
  return query<ReplicaEntity>(
    dataSource,
    "SELECT * FROM stripe_config_replicas WHERE seen_at > now() - interval '3 minutes' ORDER BY replica_id",
  );
}

/** Forgets a key that seals nothing any more, so that a ring may lack it. */
export async function forgetKey(dataSource: DataSource, keyId: string): Promise<void> {
  await query(dataSource, 'DELETE FROM stripe_config_keys WHERE key_id = $1', [keyId]);
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
  for await (const row of scan<SealedRow>(dataSource, SCAN_CONFIGS, ({ id }) => [id], [FIRST_UUID])) {
    for (const field of SEALED_FIELDS) {
      const sealed = row[`${field}_sealed`];
      if (sealed !== null && sealer.tryToOpen(sealed, sealContext(row.project_id, field)) === undefined) {
        yield { configId: row.id, projectId: row.project_id, field };
      }
    }
  }
  for await (const row of scan<SealedEvent>(dataSource, SCAN_EVENTS, eventKeyOf, FIRST_EVENT)) {
    const { project_id: projectId, mode, event_id: eventId } = row;
    if (sealer.tryToOpen(row.payload_sealed, eventContext(projectId, mode, eventId)) === undefined) {
      yield { projectId, mode, eventId };
    }
  }
}

const SCAN_CONFIGS = `SELECT ${SEALED_COLUMNS} FROM stripe_configs WHERE id > $1 ORDER BY id LIMIT ${BATCH}`;
const SCAN_EVENTS = `SELECT project_id, mode, event_id, payload_sealed FROM stripe_events
  WHERE (project_id, mode, event_id) > ($1, $2, $3) ORDER BY project_id, mode, event_id LIMIT ${BATCH}`;

/** Every row of a table, in batches by its key. */
async function* scan<Row>(
  dataSource: DataSource,
  statement: string,
  keyOf: (row: Row) => string[],
  first: string[],
): AsyncGenerator<Row> {
  for (let after = first; ;) {
    const rows = await query<Row>(dataSource, statement, after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
  }
}

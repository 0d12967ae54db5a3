import type { DataSource } from 'typeorm';
import type { Sealer } from '../crypto/sealer.js';
import { sealContext } from '../stripe-config/stripe-config.service.js';
import type { SealedRow } from '../stripe-config/stripe-config.statements.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../stripe-config/stripe-keys.js';
import type { KeyEntity, ReplicaEntity } from './key.entities.js';

/** How many stored values and rows each key has sealed, by key id. */
export async function countByKey(
  dataSource: DataSource,
): Promise<Map<string, { rows: number; values: number }>> {
  const counts = await dataSource.query<{ key_id: string; rows: string; values: string }[]>(`
    SELECT split_part(sealed, '.', 2) AS key_id, count(DISTINCT id) AS rows, count(*) AS values
    FROM stripe_configs CROSS JOIN LATERAL (
      VALUES ${CREDENTIAL_FIELDS.map((field) => `(${field}_sealed)`).join(', ')}
    ) AS credential (sealed)
    WHERE sealed IS NOT NULL GROUP BY 1`);
  return new Map(
    counts.map(({ key_id, rows, values }) => [key_id, { rows: Number(rows), values: Number(values) }]),
  );
}

/** The keys that services of this database have held. */
export function findKeys(dataSource: DataSource): Promise<KeyEntity[]> {
  return dataSource.query<KeyEntity[]>('SELECT * FROM stripe_config_keys ORDER BY first_seen_at');
}

/** The services that have reported in the last three minutes; they do so every minute. */
export function findReplicas(dataSource: DataSource): Promise<ReplicaEntity[]> {
  return dataSource.query<ReplicaEntity[]>(
    "SELECT * FROM stripe_config_replicas WHERE seen_at > now() - interval '3 minutes' ORDER BY replica_id",
  );
}

/** Forgets a key that seals nothing any more, so that a ring may lack it. */
export async function forgetKey(dataSource: DataSource, keyId: string): Promise<void> {
  await dataSource.query('DELETE FROM stripe_config_keys WHERE key_id = $1', [keyId]);
}

/** A stored value that no key of the ring opens. */
export interface UnreadableValue {
  configId: string;
  projectId: string;
  field: CredentialField;
}

const BATCH = 1_000;

/** Opens every stored value, and writes nothing. */
export async function* findUnreadable(
  dataSource: DataSource,
  sealer: Sealer,
): AsyncGenerator<UnreadableValue> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = await dataSource.query<SealedRow[]>(
      `SELECT id, project_id, ${CREDENTIAL_FIELDS.map((field) => `${field}_sealed`).join(', ')}
      FROM stripe_configs WHERE id > $1 ORDER BY id LIMIT ${BATCH}`,
      [after],
    );
    for (const row of rows) {
      for (const field of CREDENTIAL_FIELDS) {
        const sealed = row[`${field}_sealed`];
        if (sealed !== null && sealer.tryToOpen(sealed, sealContext(row.project_id, field)) === undefined) {
          yield { configId: row.id, projectId: row.project_id, field };
        }
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

import { UP } from '../../src/payments/schema/migrations/1764000000000-create-stripe-configs.js';
import type { TestDatabase } from './database.js';

/** Of the service as a whole, so that there is no project to divide them by. */
const WHOLE = ['stripe_config_keys', 'stripe_config_replicas'];

/**
 * Makes the tables of the migration, those of projects divided by project into partitions whose names end with a number. Returns
 * which were divided.
 */
export async function createPartitionedTables(
  database: Pick<TestDatabase, 'query'>,
  partitions: number,
): Promise<string[]> {
  const tables: string[] = [];
  for (const sql of UP) {
    const text = sql.replaceAll('{schema}', 'public');
    const [, table] = /^\s*CREATE TABLE public\.(\w+)/.exec(text) ?? [];
    const isDivided = table !== undefined && !WHOLE.includes(table);
    if (isDivided) tables.push(table);
    await database.query(isDivided ? `${text} PARTITION BY HASH (project_id)` : text);
  }
  for (const table of tables) {
    for (let remainder = 0; remainder < partitions; remainder++) {
      await database.query(
        `CREATE TABLE ${table}_${remainder} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${remainder})`,
      );
    }
  }
  return tables;
}

import type { Pool } from 'pg';
import type { Database } from './database.js';
import { poolOf } from './pool.js';

/** The tables of the migrations. */
export const TABLES = [
  'stripe_configs',
  'stripe_config_audit',
  'stripe_config_keys',
  'stripe_config_replicas',
  'stripe_config_states',
  'stripe_call_limits',
  'stripe_events',
  'stripe_webhook_endpoints',
  'stripe_config_locks',
];

/** The functions of the migrations. */
export const FUNCTIONS = [
  'stripe_configs_audited',
  'stripe_config_refuse',
  'stripe_config_durable',
  'stripe_config_stays_removed',
];

/** The triggers of the migrations. */
export const TRIGGERS = [
  'stripe_configs_audited_insert',
  'stripe_configs_audited_update',
  'stripe_configs_unaudited',
  'stripe_configs_keep',
  'stripe_config_audit_append_only',
  'stripe_config_audit_erase_only',
  'stripe_configs_durable',
  'stripe_events_durable',
  'stripe_webhook_endpoints_durable',
  'stripe_configs_stay_removed',
  'stripe_events_stay_removed',
];

/**
 * Those that look for the row of the trail which the same statement writes. Where the tables are spread, it is written behind the change,
 * in the same transaction.
 */
export const TRIGGERS_OF_ONE_MACHINE = ['stripe_configs_audited_insert', 'stripe_configs_audited_update'];

/** Where tables were found, and whether they are spread over several machines. */
const FOUND = new WeakMap<Database, { schema: string; isSpread: boolean }>();

/**
 * Finds the schema of the module's tables where the host names none, and whether Citus spreads them, and caches both: from then on
 * statements name the schema, so that a search path which a database, a role or another user of a pooled connection sets changes nothing.
 *
 * @returns as {@link lookForSchema}
 */
export async function findSchema(database: Database): Promise<string | undefined> {
  const ask = askOf(poolOf(database));
  const schema = database.schema ?? (await lookForSchema(ask));
  if (schema !== undefined) FOUND.set(database, { schema, isSpread: await areSpread(ask, schema) });
  return schema;
}

/** A name as SQL takes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Runs a statement on some connection, and returns its rows. */
export type Ask = (text: string, values: unknown[]) => Promise<Record<string, string>[]>;

/** Asks on a connection of a pool, or on one connection. */
export function askOf(on: Pick<Pool, 'query'>): Ask {
  return async (text, values) => (await on.query<Record<string, string>>(text, values)).rows;
}

/** @returns undefined when there are no tables, or in several schemas of which the search path finds none */
export async function lookForSchema(ask: Ask): Promise<string | undefined> {
  const rows = await ask(
    `SELECT nspname::text AS name, pg_table_is_visible(c.oid)::text AS visible
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
      WHERE relname = $1 AND relkind IN ('r', 'p')`,
    [TABLES[0]],
  );
  const found = rows.find(({ visible }) => visible === 'true') ?? (rows.length === 1 ? rows[0] : undefined);
  return found?.name;
}

/** Whether Citus has spread the module's tables over several machines. */
export async function areSpread(ask: Ask, schema: string): Promise<boolean> {
  const [citus] = await ask("SELECT to_regclass('pg_catalog.pg_dist_partition')::text AS name", []);
  if (citus?.name == null) return false;
  const spread = await ask(
    "SELECT logicalrelid::text AS name FROM pg_catalog.pg_dist_partition WHERE partmethod = 'h' AND logicalrelid = to_regclass($1)",
    [`${quoted(schema)}.${TABLES[0] ?? ''}`],
  );
  return spread.length > 0;
}

/** The schema of the module's tables: the one that the host names, or in which they were found. */
export function schemaOf(database: Database): string | undefined {
  return database.schema ?? FOUND.get(database)?.schema;
}

/** Whether the tables are spread over several machines, as {@link findSchema} has found. */
export function isSpread(database: Database): boolean {
  return FOUND.get(database)?.isSpread ?? false;
}

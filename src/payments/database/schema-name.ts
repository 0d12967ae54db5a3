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
  'stripe_removed_projects',
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

/** The schemas in which tables were found, of databases for which the host names none. */
const FOUND = new WeakMap<Database, string>();

/**
 * Finds the schema of the module's tables where the host names none, and caches it: from then on statements name
 * it, so that a search path which a database, a role or another user of a pooled connection sets changes nothing.
 *
 * @returns as {@link lookForSchema}
 */
export async function findSchema(database: Database): Promise<string | undefined> {
  if (database.schema !== undefined) return database.schema;
  const found = await lookForSchema(askOf(poolOf(database)));
  if (found !== undefined) FOUND.set(database, found);
  return found;
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

/** The schema of the module's tables: the one that the host names, or in which they were found. */
export function schemaOf(database: Database): string | undefined {
  return database.schema ?? FOUND.get(database);
}

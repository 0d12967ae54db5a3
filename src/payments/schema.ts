import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

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
];

/** The functions of the migrations. A trigger may have the name of its function, so these are told by what follows. */
export const FUNCTIONS = [
  'stripe_config_audit_hash',
  'stripe_configs_audit',
  'stripe_config_refuse',
  'stripe_configs_announce',
];

const OURS = new RegExp(String.raw`\b(?:(?:${TABLES.join('|')})\b|(?:${FUNCTIONS.join('|')})(?=\())`, 'g');

/** The statements that were put into a schema, by schema and text: each is so once. */
const STATEMENTS = new Map<string, Map<string, string>>();

/**
 * A statement of ours with its tables and functions in the schema that the data source names (TypeORM's option `schema`),
 * so that it means the same whatever the connection's search path is. Without that option it stays as it is.
 */
export function inSchemaOf(dataSource: DataSource, text: string): string {
  const { schema } = dataSource.options as { schema?: string };
  if (schema === undefined) return text;
  const known = STATEMENTS.get(schema) ?? new Map<string, string>();
  STATEMENTS.set(schema, known);
  const statement = known.get(text) ?? text.replace(OURS, `${quoted(schema)}.$&`);
  known.set(text, statement);
  return statement;
}

/** A name as PostgreSQL takes it, whatever is in it; `$` would mean something to `replace`. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`.replaceAll('$', '$$$$');
}

/** Runs a statement of ours where TypeORM's own `query` would: on a connection of its pool, or in a transaction. */
export function query<Row>(
  on: DataSource | EntityManager | QueryRunner,
  text: string,
  values?: unknown[],
): Promise<Row[]> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- TypeORM 0.3 knows it by no other name
  const dataSource = 'isInitialized' in on ? on : on.connection;
  return on.query(inSchemaOf(dataSource, text), values) as Promise<Row[]>;
}

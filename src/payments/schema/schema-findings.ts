import type { Database } from '../database/database.js';
import { poolOf } from '../database/pool.js';
import {
  FUNCTIONS,
  TABLES,
  TRIGGERS,
  TRIGGERS_OF_ONE_MACHINE,
  areSpread,
  askOf,
  findSchema,
  lookForSchema,
  type Ask,
} from '../database/schema-name.js';
import { ExplainedError } from '../domain/explained-error.js';
import { REQUIRED_COLUMNS, REQUIRED_CONSTRAINTS } from './required-schema.js';

/** What is wrong with a database for the module. */
export interface SchemaFindings {
  /** Whether none of the tables exists. */
  isEmpty: boolean;
  /** What is missing or disabled: `trigger stripe_configs_keep`, `column stripe_events.type`, … */
  missing: string[];
  /** What else is wrong, each with its fix. */
  faults: string[];
}

/** The rights that the service needs on its tables, besides SELECT and INSERT. */
const PRIVILEGES: readonly [privilege: string, tables: readonly string[]][] = [
  ['SELECT', TABLES],
  ['INSERT', TABLES],
  ['UPDATE', TABLES.filter((table) => table !== 'stripe_config_audit')],
  ['DELETE', ['stripe_config_replicas', 'stripe_events', 'stripe_webhook_endpoints']],
];

/** `$1` schema, `$2` tables. What is not named here may differ without harm: an index that only makes things faster, say. */
const FIND = `
  WITH ours AS (
    SELECT oid, relname::text AS name FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relname = ANY ($2) AND relkind IN ('r', 'p')
  )
  SELECT 'table' AS kind, name FROM ours
  UNION ALL SELECT 'column', name || '.' || attname FROM ours JOIN pg_attribute ON attrelid = oid
    WHERE attnum > 0 AND NOT attisdropped
  UNION ALL SELECT 'constraint', conname FROM ours JOIN pg_constraint ON conrelid = ours.oid WHERE convalidated
  UNION ALL SELECT 'trigger', tgname FROM ours JOIN pg_trigger ON tgrelid = ours.oid WHERE tgenabled IN ('O', 'A')
  UNION ALL SELECT 'function', proname FROM pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  UNION ALL SELECT 'row security', name FROM ours WHERE row_security_active(oid)
  UNION ALL SELECT privilege, name FROM ours, unnest('{SELECT,INSERT,UPDATE}'::text[]) AS privilege
    WHERE has_any_column_privilege(oid, privilege)
  UNION ALL SELECT 'DELETE', name FROM ours WHERE has_table_privilege(oid, 'DELETE')
  UNION ALL SELECT 'usage', nspname FROM pg_namespace WHERE nspname = $1 AND has_schema_privilege(oid, 'USAGE')
  UNION ALL SELECT 'encoding', current_setting('server_encoding')
  UNION ALL SELECT 'replication role', current_setting('session_replication_role')`;

/** Everything that the migrations create and the module relies on, by kind. */
export function required(): Map<string, readonly string[]> {
  const columns = Object.entries(REQUIRED_COLUMNS).flatMap(([table, names]) =>
    names.map((name) => `${table}.${name}`),
  );
  return new Map<string, readonly string[]>([
    ['table', TABLES],
    ['column', columns],
    ['constraint', REQUIRED_CONSTRAINTS],
    ['trigger', TRIGGERS],
    ['function', FUNCTIONS],
  ]);
}

/**
 * Checks whether a database has everything that the module relies on, and grants its user the rights that it needs.
 *
 * @throws the driver's error when it cannot be reached
 */
export async function examineSchema(database: Database): Promise<SchemaFindings> {
  return examine(askOf(poolOf(database)), await findSchema(database));
}

/** @param schema of the tables; undefined: there are none */
async function examine(ask: Ask, schema: string | undefined): Promise<SchemaFindings> {
  const found = new Set<string>();
  const rows = await ask(FIND, [schema ?? '', TABLES]);
  for (const { kind = '', name = '' } of rows) found.add(`${kind} ${name}`);
  const lacks = (kind: string, name: string): boolean => !found.has(`${kind} ${name}`);

  const unneeded = schema !== undefined && (await areSpread(ask, schema)) ? TRIGGERS_OF_ONE_MACHINE : [];
  const missing = [...required()].flatMap(([kind, names]) =>
    names.filter((name) => lacks(kind, name) && !unneeded.includes(name)).map((name) => `${kind} ${name}`),
  );
  const isEmpty = TABLES.every((name) => lacks('table', name));
  const faults = isEmpty ? [] : findRefusals(found, lacks, schema ?? '');
  if (lacks('encoding', 'UTF8')) {
    faults.push(
      'its database is not encoded in UTF8, which names of people need; make one with ENCODING UTF8',
    );
  }
  if (lacks('replication role', 'origin')) {
    faults.push(
      'its connections have session_replication_role other than origin, so that no trigger guards the audit trail; reset it for the database and its user',
    );
  }
  return { isEmpty, missing, faults };
}

/** The rights that the user lacks. */
function findRefusals(
  found: ReadonlySet<string>,
  lacks: (kind: string, name: string) => boolean,
  schema: string,
): string[] {
  const there = (names: readonly string[]): string[] => names.filter((name) => !lacks('table', name));
  const hidden = there(TABLES).filter((table) => found.has(`row security ${table}`));
  const refused = PRIVILEGES.map(([privilege, tables]) => ({
    privilege,
    tables: there(tables).filter((table) => lacks(privilege, table)),
  }));
  return [
    ...(lacks('usage', schema)
      ? [`its user may not use the schema of the tables; grant it USAGE on schema ${schema}`]
      : []),
    ...refused
      .filter(({ tables }) => tables.length > 0)
      .map(({ privilege, tables }) => `its user lacks ${privilege} on ${tables.join(', ')}; grant it`),
    ...(hidden.length > 0
      ? [
          `row security hides rows of ${hidden.join(', ')} from its user; disable it there, or let the tables' owner connect`,
        ]
      : []),
  ];
}

const SHOWN = 6;

/** What is missing, for a sentence. */
export function listMissing({ missing }: Pick<SchemaFindings, 'missing'>): string {
  const rest = missing.length - SHOWN;
  return missing.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** A database that differs from the migrations' result. */
export class SchemaFault extends ExplainedError {
  override name = 'SchemaFault';
}

/** @throws SchemaFault when something is wrong, with the fix */
export async function requireSchema(of: Database | Ask): Promise<void> {
  const findings =
    typeof of === 'function' ? await examine(of, await lookForSchema(of)) : await examineSchema(of);
  throwIfEmpty(findings, 'run the migrations, or name the schema of the tables in DATABASE_SCHEMA');
  const faults = [
    ...(findings.missing.length > 0 ? [`it lacks ${fixOf(findings)}`] : []),
    ...findings.faults,
  ];
  if (faults.length > 0) throw new SchemaFault(`The database is not ready: ${faults.join('; ')}.`);
}

/**
 * For commands that only read, with a user who may do no more, also where triggers are disabled.
 *
 * @param advice what to do where there are no tables
 * @throws SchemaFault when a table, a column or a function is missing, with the fix
 */
export async function requireTables(database: Database, advice: string): Promise<void> {
  const findings = await examineSchema(database);
  throwIfEmpty(findings, advice);
  const missing = findings.missing.filter((name) => /^(?:table|column|function) /.test(name));
  if (missing.length > 0) {
    throw new SchemaFault(`The database is not ready: it lacks ${fixOf({ ...findings, missing })}.`);
  }
}

function throwIfEmpty({ isEmpty }: SchemaFindings, advice: string): void {
  if (isEmpty) throw new SchemaFault(`The database lacks the tables; ${advice}.`);
}

function fixOf(findings: SchemaFindings): string {
  return `${listMissing(findings)}; run the migrations, and what was dropped or disabled by hand, make again as they do`;
}

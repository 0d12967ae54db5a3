import type { Pool, PoolClient } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { HostPool } from '../database/database.js';
import { askOf, lookForSchema, quoted } from '../database/schema-name.js';
import { ExplainedError } from '../domain/explained-error.js';
import { SILENCE_MS, TABLE_WAIT_MS, takeMigrationLock } from './migration-lock.js';
import { paymentsMigrations } from './migrations/index.js';
import { requireSchema } from './schema-findings.js';

/** Where migrations are run. */
export interface MigrateOptions {
  /** The schema of the module's tables, which is made if it is missing. Default: where they are, or the connection's own. */
  schema?: string | undefined;
  /** The table that names the migrations that were run, in the form of TypeORM's. Default: `migrations`, as TypeORM's. */
  table?: string | undefined;
  /** How long to wait for another migration, in milliseconds. Default: 10,000. */
  lockWaitMs?: number | undefined;
}

/** A limit that the pool has for answers must not end a migration. */
const NO_LIMIT_MS = 2_147_483_647;

const UNDEFINED_COLUMN = '42703';
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Makes the module's tables, or brings them up to date, all in one transaction. Processes that start together wait for each other,
 * and for those that migrate with the standalone service. A host that runs its migrations with TypeORM needs none of this, and finds
 * what was run here when it does so later.
 *
 * @param pool of `pg`; one connection of it is used
 * @returns the names of the migrations that were run
 * @throws MigrationLockHeld when another migration did not end in time
 * @throws SchemaFault when the database lacks something afterwards, or refuses something
 */
export async function migrate(pool: HostPool, options: MigrateOptions = {}): Promise<string[]> {
  const client = await (pool as Pool).connect();
  let isBroken = true;
  try {
    const done = await migrateOn(client, options);
    await requireSchema(askOf(client));
    isBroken = false;
    return done;
  } finally {
    client.release(isBroken);
  }
}

/**
 * The names of the migrations that {@link migrate} would run. Changes nothing, and waits for no lock.
 *
 * @param pool of `pg`
 */
export async function pendingMigrations(pool: HostPool, options: MigrateOptions = {}): Promise<string[]> {
  const target = await targetOf(pool as Pool, options);
  const done = (await hasTable(pool as Pool, target)) ? await namesIn(pool as Pool, target) : new Set();
  return migrations()
    .map(({ name }) => name)
    .filter((name) => !done.has(name));
}

/** All migrations as SQL, for those who run it themselves. Default of the schema: `public`. */
export async function migrationSql({
  schema = 'public',
  table = 'migrations',
}: Pick<MigrateOptions, 'schema' | 'table'> = {}): Promise<string> {
  const target = { schema, table: `${quoted(schema)}.${quoted(table)}` };
  const texts = [createTable(target)];
  for (const migration of migrations()) {
    const record = (text: string): Promise<unknown[]> => {
      const asksForSchema = text.startsWith('SELECT ');
      if (!asksForSchema) texts.push(text.trim());
      return Promise.resolve([{ name: quoted(schema) }]);
    };
    await migration.up(runnerOn(schema, record));
    texts.push(
      `INSERT INTO ${target.table} (timestamp, name) VALUES (${timestampOf(migration.name)}, '${migration.name}')`,
    );
  }
  return `BEGIN;\n\n${texts.map((text) => `${text};\n`).join('\n')}\nCOMMIT;\n`;
}

/** Where the tables are to be, and the table of migrations, quoted. */
interface Target {
  schema: string | undefined;
  table: string;
}

async function migrateOn(client: PoolClient, options: MigrateOptions): Promise<string[]> {
  await client.query('BEGIN');
  await client.query(`SET LOCAL lock_timeout = ${TABLE_WAIT_MS}`);
  await client.query('SET LOCAL statement_timeout = 0');
  await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${SILENCE_MS}`);
  await takeMigrationLock(client, options.lockWaitMs);
  await createSchema(client, options.schema);
  const target = await targetOf(client, options);
  if (!(await hasTable(client, target))) await client.query(createTable(target));
  const done = await namesIn(client, target);
  const pending = migrations().filter(({ name }) => !done.has(name));
  for (const migration of pending) {
    await migration.up(
      runnerOn(target.schema, async (text, values) => {
        const query = { text, values, query_timeout: NO_LIMIT_MS };
        return (await client.query<object>(query)).rows;
      }),
    );
    await client.query(`INSERT INTO ${target.table} (timestamp, name) VALUES ($1, $2)`, [
      timestampOf(migration.name),
      migration.name,
    ]);
  }
  await client.query('COMMIT');
  return pending.map(({ name }) => name);
}

/** Made only where it is missing: who may not make schemas may use one. */
async function createSchema(client: PoolClient, schema: string | undefined): Promise<void> {
  if (schema === undefined) return;
  const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rows.length > 0) return;
  const statement = `CREATE SCHEMA ${quoted(schema)}`;
  await client.query(statement).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    throw new ExplainedError(
      `The schema ${schema} is missing, and the user lacks CREATE on the database to make it; let an administrator run: ${statement} AUTHORIZATION the_user;`,
    );
  });
}

async function targetOf(on: Pool | PoolClient, options: MigrateOptions): Promise<Target> {
  const schema = options.schema ?? (await lookForSchema(askOf(on)));
  const table = quoted(options.table ?? 'migrations');
  return { schema, table: schema === undefined ? table : `${quoted(schema)}.${table}` };
}

async function hasTable(on: Pool | PoolClient, { table }: Target): Promise<boolean> {
  const { rows } = await on.query('SELECT FROM pg_class WHERE oid = to_regclass($1)', [table]);
  return rows.length > 0;
}

/** @throws ExplainedError when the table is somebody else's */
async function namesIn(on: Pool | PoolClient, { table }: Target): Promise<Set<string>> {
  try {
    const { rows } = await on.query<{ name: string }>(
      `SELECT name::text AS name, timestamp FROM ${table} ORDER BY timestamp`,
    );
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === UNDEFINED_COLUMN)) throw error;
    throw new ExplainedError(
      `the table ${table} is of another library, and cannot say which migrations were run; name one of its own with the option table, or give a schema of its own`,
      { cause: error },
    );
  }
}

/** As TypeORM makes it, so that a host may run its migrations with TypeORM later. */
function createTable({ table }: Target): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
  id serial NOT NULL CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY,
  timestamp bigint NOT NULL,
  name character varying NOT NULL
)`;
}

function migrations(): (MigrationInterface & { name: string })[] {
  return paymentsMigrations.map((Migration) => new Migration());
}

function timestampOf(name: string): number {
  return Number(/\d{13}$/.exec(name)?.[0]);
}

/** As much of TypeORM's runner as our migrations use. */
function runnerOn(
  schema: string | undefined,
  query: (text: string, values?: unknown[]) => Promise<unknown[]>,
): QueryRunner {
  return { connection: { options: { schema } }, query } as unknown as QueryRunner;
}

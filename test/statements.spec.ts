import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { CHECK } from '../src/app/database-connection.js';
import { prepareText, type SqlTypes, type Statement } from '../src/payments/database/statement.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

type AnyStatement = Statement<SqlTypes, SqlTypes>;

const SOURCES = fileURLToPath(new URL('../src/', import.meta.url));
const FILES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .sort();
const textOf = (file: string) => readFileSync(join(SOURCES, file), 'utf8');

/** Every statement, by its name. */
const statements = new Map<string, AnyStatement>([[CHECK.name, CHECK]]);
let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  for (const file of FILES.filter((each) => each.endsWith('.statements.ts'))) {
    const module = (await import(join(SOURCES, file))) as Record<string, unknown>;
    for (const exported of Object.values(module)) {
      if (!isStatement(exported)) continue;
      expect([file, exported.name, statements.get(exported.name)]).toEqual([file, exported.name, undefined]);
      statements.set(exported.name, exported);
    }
  }
  database = await createTestDatabase();
  await migrate(database.url);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  // A table without its schema is not found.
  await client.query("SET search_path = ''");
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

function isStatement(value: unknown): value is AnyStatement {
  return typeof value === 'object' && value !== null && 'parameters' in value && 'text' in value;
}

/** What PostgreSQL finds: the types of what goes in and comes out, and the names of what comes out. */
async function describe(statement: AnyStatement, isSpread = false) {
  const { sql, order } = prepareText(statement, 'public', isSpread);
  await client.query(`PREPARE checked AS ${sql}`);
  const { rows } = await client.query<{ parameters: string[]; columns: string[] | null }>(
    `SELECT parameter_types::text[] AS parameters, result_types::text[] AS columns
      FROM pg_prepared_statements WHERE name = 'checked'`,
  );
  await client.query('DEALLOCATE checked');
  const types = rows[0]?.parameters ?? [];
  return {
    parameters: Object.fromEntries(order.map((name, index) => [name, types[index]])),
    columns: rows[0]?.columns ?? [],
    names: await columnNames(sql, order.length),
  };
}

/** Described before it is run, which nulls or the end of the transaction keep from having an effect. */
async function columnNames(sql: string, parameters: number): Promise<string[]> {
  let names: string[] = [];
  const { connection } = client as unknown as { connection: EventEmitter };
  const listen = ({ fields }: { fields: { name: string }[] }): void => {
    names = fields.map(({ name }) => name);
  };
  connection.on('rowDescription', listen);
  await client.query('BEGIN');
  await client.query(sql, Array<null>(parameters).fill(null)).catch(() => undefined);
  connection.off('rowDescription', listen);
  await client.query('ROLLBACK');
  return names;
}

const typeNames = (types: SqlTypes) =>
  Object.fromEntries(Object.entries(types).map(([name, type]) => [name, type.name]));

it('are found, all that the sources have', () => {
  const declared = FILES.flatMap((file) => textOf(file).match(/\bstatement\(\{/g) ?? []);
  expect(statements.size).toBeGreaterThan(40);
  expect(declared).toHaveLength(statements.size);
});

it('have the parameters and columns that PostgreSQL finds, with their types and names', async () => {
  const found = new Map<string, unknown>();
  for (const statement of statements.values()) {
    found.set(statement.name, await describe(statement).catch(String));
  }
  const declared = [...statements.values()].map(({ name, parameters, columns }): [string, unknown] => [
    name,
    {
      parameters: typeNames(parameters),
      columns: Object.values(columns).map((type) => type.name),
      names: Object.keys(columns),
    },
  ]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(declared));
});

it('have the same where the tables are spread over machines', async () => {
  const spread = [...statements.values()].filter(({ spreadText }) => spreadText !== undefined);
  expect(spread.map(({ name }) => name).sort()).toEqual([
    'stripe_config_audit_compare_chains',
    'stripe_config_audit_erase_actor',
    'stripe_configs_erase_expired',
    'stripe_configs_lock_outdated',
    'stripe_events_claim',
    'stripe_events_delete_old',
    'stripe_events_lock_outdated',
    'stripe_events_next_due_projects',
  ]);
  for (const statement of spread) {
    const { parameters, ...one } = await describe(statement);
    const many = await describe(statement, true);
    expect({ ...many, name: statement.name }).toEqual({
      ...one,
      name: statement.name,
      parameters: many.parameters,
    });
    expect(parameters).toMatchObject(many.parameters);
  }
});

it('are refused with a table that is not put into its schema', async () => {
  const forgotten = { ...CHECK, text: 'SELECT FROM stripe_configs' };
  await expect(describe(forgotten)).rejects.toThrow('relation "stripe_configs" does not exist');
});

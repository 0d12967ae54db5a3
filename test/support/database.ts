import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** A database of its own for one spec. */
export interface TestDatabase {
  url: string;
  /** Runs a statement as the owner of the database. */
  query<Row extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<Row[]>;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/** Makes an empty database on the server that the global setup provides. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(adminUrl());
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  pool.on('error', () => undefined);
  return {
    url: url.href,
    async query<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []) {
      return (await pool.query<Row>(statement, values)).rows;
    },
    async drop() {
      await pool.end();
      await letConnectionsEnd(name);
      await administer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/**
 * Runs a statement past the triggers, as only a superuser can: for rows that the service itself would never write.
 */
export async function queryWithoutTriggers(
  { url }: Pick<TestDatabase, 'url'>,
  statement: string,
  values: unknown[] = [],
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(statement, values);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

function adminUrl(): string {
  const url = process.env.TEST_ADMIN_DATABASE_URL;
  if (url === undefined) throw new Error('the global setup has not provided a PostgreSQL');
  return url;
}

/** A connection that its client is just closing must not be cut: it would report that to nobody. The rest is cut. */
async function letConnectionsEnd(name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    for (let tries = 0; tries < 20; tries++) {
      const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE datname = $1', [name]);
      if (rowCount === 0) return;
      await delay(10);
    }
  } finally {
    await client.end();
  }
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

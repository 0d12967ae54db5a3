import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { poolDatabase } from '../src/payments/database/pool-database.js';
import { examineLocks } from '../src/payments/schema/lock-check.js';
import { SchemaCheck } from '../src/payments/schema/schema-check.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { startTestService } from './support/service.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

let database: TestDatabase;
let engine: TcpProxy | undefined;
let pool: pg.Pool | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
});
afterEach(async () => {
  await pool?.end();
  await engine?.close();
  engine = pool = undefined;
  await database.drop();
});

/** An engine that takes a clause and does nothing: it gets spaces in its place. */
async function engineWithout(clause: string): Promise<string> {
  const nothing = Buffer.alloc(clause.length, ' ');
  engine = await startTcpProxy(database.url, undefined, (fromClient) => {
    for (let at = fromClient.indexOf(clause); at >= 0; at = fromClient.indexOf(clause)) {
      nothing.copy(fromClient, at);
    }
    return fromClient;
  });
  return engine.url;
}

/** An engine whose function does nothing: another one is found before it. */
async function replace(signature: string, result: string): Promise<void> {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`CREATE FUNCTION public.${signature} LANGUAGE sql AS $$ SELECT ${result} $$`);
  await database.query(`ALTER DATABASE ${name} SET search_path = public, pg_catalog`);
}

/** The warnings of a service that is started and, after a while, stopped. */
async function warningsUntil(
  done: (log: string) => boolean | Promise<boolean>,
  databaseUrl = database.url,
): Promise<string[]> {
  let log = '';
  let app: NestFastifyApplication | undefined;
  try {
    await startTestService({
      database,
      databaseUrl,
      logLevel: 'warn',
      logDestination: { write: (line) => void (log += line) },
      prepare: (made) => void (app = made),
    });
    await eventually('it has said what it had to', () => done(log));
  } finally {
    await app?.close();
  }
  return log.split('\n').filter((line) => line !== '');
}

function databaseOn(url: string, max: number) {
  pool = new pg.Pool({ connectionString: url, max });
  return poolDatabase(pool);
}

const LISTENING = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ^@ 'LISTEN' AND state = 'idle'`;
const ADVISORY = `SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
  WHERE locktype = 'advisory' AND datname = current_database()`;

describe('a start', () => {
  it('says nothing where everything holds, and leaves no lock', async () => {
    expect(await warningsUntil(async () => (await database.query(LISTENING)).length === 1)).toEqual([]);
    expect(await database.query(ADVISORY)).toEqual([]);
  });

  it('is refused where locks of rows do not hold, of the service and of a host with a pool', async () => {
    const url = await engineWithout('FOR KEY SHARE');
    const refusal = (option: string) =>
      new RegExp(`${option}: its engine lets a connection lock a row that another one has locked`);
    await expect(warningsUntil(() => true, url)).rejects.toThrow(refusal('dataSource'));
    await expect(new SchemaCheck(databaseOn(url, 2)).onModuleInit()).rejects.toThrow(refusal('database'));
  });

  it('says once that advisory locks do not hold', async () => {
    await replace('pg_try_advisory_xact_lock(bigint) RETURNS boolean', 'true');
    const lines = await warningsUntil((log) => log.includes('advisory'));
    expect(lines).toEqual([expect.stringContaining('"database.advisory_locks_missing"')]);
  });

  it('says that no notification arrives, so that changes are found by comparing', async () => {
    await replace('pg_notify(text, text) RETURNS void', '');
    const lines = await warningsUntil((log) => log.includes('config_listener.disconnected'));
    expect(lines).toEqual([expect.stringContaining('the database delivers no notifications')]);
  });
});

describe('locks', () => {
  it('are tried by any number of starts at once', async () => {
    const tried = databaseOn(database.url, 10);
    const found = await Promise.all(Array.from({ length: 5 }, () => examineLocks(tried)));
    expect(found).toEqual(Array.from({ length: 5 }, () => ({ ofRows: true, advisory: true })));
  });

  it('are missing where the engine refuses the statement', async () => {
    await replace('pg_try_advisory_xact_lock_shared(bigint) RETURNS boolean', '1 / 0 = 1');
    expect(await examineLocks(databaseOn(database.url, 2))).toEqual({ ofRows: true, advisory: false });
    expect(pool).toMatchObject({ totalCount: 2, idleCount: 2 });
  });

  it('are not tried on a pool of one connection, which would wait for itself', async () => {
    expect(await examineLocks(databaseOn(database.url, 1))).toBeUndefined();
  });
});

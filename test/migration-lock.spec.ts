import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { MigrationLockHeld } from '../src/payments/schema/migration-lock-held.js';
import { paymentsMigrations } from '../src/payments/schema/migrations/index.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

const LOCK = `SELECT pg_advisory_lock(hashtextextended('nest-stripe-config:migrations', 0))`;
const LOCK_WAIT_MS = 300;
/** More than the pause between two looks at the link. */
const SILENCE_MS = 4_000;
/** The service's own is one more. */
const MIGRATIONS = paymentsMigrations.length + 1;

let database: TestDatabase;
let proxy: TcpProxy;
let other: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  other = new pg.Client({ connectionString: database.url });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await proxy.close();
  await database.drop();
});

const connections = () =>
  database.query(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'nest-stripe-config'`,
  );
const everythingIsClosed = () =>
  eventually('no connection is left', async () => (await connections()).length === 0);

/** Keeps the first migration waiting, as one that takes long would, until the transaction ends. */
async function keepMigrationWaiting(): Promise<void> {
  await other.query('BEGIN');
  await other.query('CREATE TABLE stripe_configs (note text)');
}

describe('while another session holds the lock of migrations', () => {
  beforeEach(() => other.query(LOCK));

  it('a migration gives up after a while, and leaves no connection', async () => {
    await expect(migrate(database.url, { lockWaitMs: LOCK_WAIT_MS })).rejects.toThrow(MigrationLockHeld);
    await everythingIsClosed();
  });

  it('a migration is not needed where everything is done', async () => {
    await other.query('SELECT pg_advisory_unlock_all()');
    expect(await migrate(database.url)).toHaveLength(MIGRATIONS);
    await other.query(LOCK);

    expect(await migrate(database.url, { lockWaitMs: LOCK_WAIT_MS })).toEqual([]);
  });

  it('a migration that waits is ended by its signal at once', async () => {
    const abort = new AbortController();
    const waiting = migrate(database.url, { signal: abort.signal });
    await eventually('it waits', async () => (await connections()).length > 0);

    abort.abort();

    await expect(waiting).rejects.toThrow(/abort/i);
    await everythingIsClosed();
  });
});

describe('a migration that waits for a table', () => {
  it('gives up soon, since others would wait behind it', async () => {
    await keepMigrationWaiting();
    await expect(migrate(database.url)).rejects.toMatchObject({ code: '55P03' });
    await everythingIsClosed();
  });
});

describe('a link that swallows everything', () => {
  it('is noticed before anything was said', async () => {
    proxy.blackHole();
    await expect(migrate(proxy.url)).rejects.toThrow(/timeout/i);
  });

  it('is noticed while a migration runs, and the database ends what was begun', async () => {
    await keepMigrationWaiting();
    const ended = migrate(proxy.url, { silenceMs: SILENCE_MS }).catch((error: unknown) => error);
    await eventually('the migration waits', async () => (await waiting()).length > 0);

    proxy.blackHole();
    // The migration goes on, and its client learns nothing of it.
    await other.query('ROLLBACK');

    expect(await ended).toBeInstanceOf(Error);
    // The proxy keeps its side of the connections open, so that only the database itself can end them.
    await everythingIsClosed();
    expect(await migrate(database.url)).toHaveLength(MIGRATIONS);
  });
});

/** Sessions of ours that wait for a lock of a table or a row. */
function waiting(): Promise<unknown[]> {
  return database.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
     AND application_name = 'nest-stripe-config'`,
  );
}

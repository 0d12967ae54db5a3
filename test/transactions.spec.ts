import { DataSource, type EntityManager } from 'typeorm';
import type { Database } from '../src/payments/database/database.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { runStatement } from '../src/payments/database/run-statement.js';
import { integer, statement, text } from '../src/payments/database/statement.js';
import { withLock } from '../src/payments/database/lock.js';
import { guardPool } from '../src/payments/database/pool.js';
import { TransactionNotWhole, inTransaction } from '../src/payments/database/transaction.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

/** How long the pool's clients wait for an answer, in milliseconds. */
const ANSWER_MS = 500;
const SLOW = 'SELECT 1 AS slow';

let database: TestDatabase;
let proxy: TcpProxy;
let source: DataSource;
let home: Database;

beforeEach(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE notes (text text PRIMARY KEY)');
  await database.query(
    'CREATE TABLE stripe_config_locks (project_id text, name text, PRIMARY KEY (project_id, name))',
  );
  proxy = await startTcpProxy(database.url);
  source = new DataSource({
    type: 'postgres',
    url: proxy.url,
    installExtensions: false,
    poolErrorHandler: () => undefined,
    // One connection for reads and one for writes: the next borrower gets what the one before has given back.
    extra: { max: 1, query_timeout: ANSWER_MS, connectionTimeoutMillis: 20_000 },
  });
  await source.initialize();
  home = typeormDatabase(source);
});
afterEach(async () => {
  await proxy.close();
  await source.destroy();
  await database.drop();
});

const INSERT = statement({
  name: 'insert_note',
  parameters: { note: text },
  columns: {},
  text: 'INSERT INTO notes VALUES (:note)',
});
const write = (note: string) => runStatement(home, 'write', INSERT, { note });
const PID = statement({
  name: 'pid',
  parameters: {},
  columns: { pid: integer },
  text: 'SELECT pg_backend_pid() AS pid',
});
const notes = async () =>
  (await database.query<{ text: string }>('SELECT text FROM notes')).map((row) => row.text);
const backend = async () => (await runStatement(home, 'read', PID, {}))[0]?.pid;

/** A transaction of the module, as handlers get it. */
const within = (work: (manager: EntityManager) => Promise<unknown>) =>
  inTransaction(home, ({ handle }) => work(handle as EntityManager));

/** What does something in a transaction on the pool's connection. */
const BORROWERS: [string, (work: (manager: EntityManager) => Promise<unknown>) => Promise<unknown>][] = [
  ['a transaction of the module', (work) => within(work)],
  ['a transaction of the host', (work) => source.transaction(work)],
  ['a nested transaction of a handler', (work) => within((manager) => manager.transaction(work))],
  [
    'a query runner of the host',
    async (work) => {
      const runner = source.createQueryRunner();
      await runner.startTransaction();
      try {
        await work(runner.manager);
      } finally {
        await runner.release();
      }
    },
  ],
];

/** What writes on the same connection afterwards. Only the module's own statements see where a transaction stands. */
const WRITERS: [string, (text: string) => Promise<unknown>][] = [
  ['the module', write],
  ['the host', (text) => source.query('INSERT INTO notes VALUES ($1)', [text])],
];

it.each(
  BORROWERS.flatMap(([name, borrow]) => WRITERS.map(([writer, next]) => ({ name, borrow, writer, next }))),
)(
  '$name whose statement and rollback are not answered in time takes no later write of $writer along',
  async ({ borrow, next }) => {
    guardPool(home);
    const sent = proxy.delayAnswersTo(SLOW);
    const outcome = expect(
      borrow(async (manager) => {
        await manager.query("INSERT INTO notes VALUES ('undone')");
        await manager.query(SLOW);
      }),
    ).rejects.toThrow('Query read timeout');
    await sent;
    await outcome;
    await proxy.pass();

    await next('kept');

    expect(await notes()).toEqual(['kept']);
    await source.destroy();
    expect(await notes()).toEqual(['kept']);
    await source.initialize();
  },
);

it('a lock whose rollback is not answered in time takes no later write along', async () => {
  const sent = proxy.delayAnswersTo('ROLLBACK');
  const done = withLock(home, { project_id: 'p', name: 'something' }, { waitMs: 0, holdMs: 10_000 }, () =>
    Promise.resolve('done'),
  );
  await sent;
  expect(await done).toEqual({ result: 'done' });
  await proxy.pass();

  await write('kept');

  expect(await notes()).toEqual(['kept']);
});

it('a late answer is not taken for the next one', async () => {
  const before = await backend();
  const sent = proxy.delayAnswersTo(SLOW);
  const outcome = expect(
    runStatement(home, 'read', { name: 'slow', parameters: {}, columns: {}, text: SLOW }, {}),
  ).rejects.toMatchObject({ code: 'dependency_unavailable' });
  await sent;
  await outcome;
  const next = backend();
  await proxy.pass();

  expect(await next).toEqual(expect.any(Number));
  expect(await next).not.toBe(before);
});

it('a commit that is not answered in time has an unknown outcome', async () => {
  const sent = proxy.delayAnswersTo('COMMIT');
  const outcome = expect(
    within((manager) => manager.query("INSERT INTO notes VALUES ('perhaps')")),
  ).rejects.toMatchObject({ code: 'write_outcome_unknown' });
  await sent;
  await outcome;
  await proxy.pass();

  await write('kept');

  expect(await notes()).toEqual(['perhaps', 'kept']);
});

describe('a connection that was left in a transaction before anybody watched', () => {
  it.each([
    ['open', ['BEGIN']],
    ['failed', ['BEGIN', 'SELECT FROM nothing']],
  ])('is closed when it is found, and the statement done on another: %s', async (_, statements) => {
    const runner = source.createQueryRunner();
    for (const text of statements) await runner.query(text).catch(() => undefined);
    await runner.release();

    await write('kept');

    expect(await notes()).toEqual(['kept']);
  });
});

describe('work that does not leave its transaction as it found it', () => {
  it.each<[string, (manager: EntityManager) => Promise<unknown>, string[]]>([
    ['ends it', (manager) => manager.query('COMMIT'), ['first']],
    ['undoes it', (manager) => manager.query('ROLLBACK'), []],
    [
      'goes on after a failed statement',
      (manager) => manager.query('SELECT FROM nothing').catch(() => 0),
      [],
    ],
    ['leaves a nested one open', async (manager) => manager.queryRunner?.startTransaction(), []],
  ])('%s: is refused, and takes no later write along', async (_, work, left) => {
    await expect(
      within(async (manager) => {
        await manager.query("INSERT INTO notes VALUES ('first')");
        await work(manager);
      }),
    ).rejects.toThrow(TransactionNotWhole);

    await write('kept');

    expect(await notes()).toEqual([...left, 'kept']);
  });
});

it('a connection that is given back in order is used again', async () => {
  const before = await backend();
  await within((manager) => manager.query("INSERT INTO notes VALUES ('kept')"));
  await expect(within(() => Promise.reject(new Error('as asked')))).rejects.toThrow('as asked');
  await expect(write('kept')).rejects.toThrow('duplicate key');

  expect(await backend()).toBe(before);
});

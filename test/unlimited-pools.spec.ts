import { DataSource } from 'typeorm';
import type { Database } from '../src/payments/database/database.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { integer, statement } from '../src/payments/database/statement.js';
import { runStatement } from '../src/payments/database/run-statement.js';
import { borrowConnection, poolOf } from '../src/payments/database/pool.js';
import { DependencyUnavailable } from '../src/payments/domain/errors.js';
import { SchemaCheck } from '../src/payments/schema/schema-check.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

const SELECT = statement({
  name: 'one',
  parameters: {},
  columns: { one: integer },
  text: 'SELECT 1 AS one',
});

let database: TestDatabase;
let proxy: TcpProxy;
/** As an application makes it that names no limits. */
let dataSource: DataSource;
let source: Database;

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  dataSource = new DataSource({
    type: 'postgres',
    url: proxy.url,
    installExtensions: false,
    poolErrorHandler: () => undefined,
    extra: { max: 1 },
  });
  await dataSource.initialize();
  source = typeormDatabase(dataSource);
  await runStatement(source, 'read', SELECT, {});
});
afterEach(async () => {
  await proxy.close();
  await dataSource.destroy();
  await database.drop();
});

it('a statement is not waited for without end', async () => {
  proxy.blackHole();
  await expect(runStatement(source, 'read', SELECT, {})).rejects.toThrow(DependencyUnavailable);
}, 60_000);

it('a connection is not waited for without end, and one that comes later is not lost', async () => {
  const only = await borrowConnection(source);
  await expect(runStatement(source, 'read', SELECT, {})).rejects.toThrow(DependencyUnavailable);
  only.release();

  expect(await runStatement(source, 'read', SELECT, {})).toEqual([{ one: 1 }]);
  expect(poolOf(source)).toMatchObject({ totalCount: 1, idleCount: 1, waitingCount: 0 });
}, 60_000);

it('a connection that is held for longer stays with who has it', async () => {
  const only = await borrowConnection(source);
  const waiting = expect(runStatement(source, 'read', SELECT, {})).rejects.toThrow(DependencyUnavailable);
  await waiting;
  expect(await only.query('SELECT 1 AS one')).toMatchObject({ rows: [{ one: 1 }] });
  expect(poolOf(source).idleCount).toBe(0);
  only.release();
}, 60_000);

it('the tables are not looked for without end at the start', async () => {
  proxy.blackHole();
  await expect(new SchemaCheck(source).onModuleInit()).resolves.toBeUndefined();
}, 60_000);

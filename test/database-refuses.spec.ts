import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { databaseFaultOf } from '../src/payments/database/database-fault.js';
import { DependencyUnavailable } from '../src/payments/domain/errors.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { cleanUp, logOf, serviceSettings, runProgram, temporaryFolder } from './support/process.js';

let database: TestDatabase;
let server: Server;
/** How often the database was asked for a connection. */
let asked: number;
let url: URL;

/** Leads to the database, and counts. */
beforeEach(async () => {
  database = await createTestDatabase();
  url = new URL(database.url);
  const { hostname, port } = url;
  asked = 0;
  server = createServer((socket) => {
    asked += 1;
    const upstream = connect(Number(port), hostname);
    socket.pipe(upstream).pipe(socket);
    for (const each of [socket, upstream]) {
      each.on('error', () => {
        socket.destroy();
        upstream.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await cleanUp();
  server.close();
  await database.drop();
});

it('a database that refuses is logged once, again for another cause, and once more when it is back', async () => {
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  const role = `role_${url.pathname.slice(1)}`;
  url.username = role;
  url.password = 'first';
  const service = runProgram('dist/main.js', [], serviceSettings(url.href, keyRingFile));
  const log = () => logOf(service).filter(({ level }) => Number(level) >= 40);
  const untilAsked = async (times: number) => {
    const goal = asked + times;
    await eventually(`it is asked ${times} times more`, () => asked >= goal);
  };
  try {
    await untilAsked(4);
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'first'`);
    await database.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    await eventually('the other cause is logged', () => log().some(({ errorCode }) => errorCode === '42501'));
    await untilAsked(4);
    await database.query(`GRANT ALL ON SCHEMA public TO ${role}`);
    await eventually('it is back', () => logOf(service).some(({ event }) => event === 'database.available'));

    const refused = log().filter(({ event }) => event === 'database.unavailable');
    expect(refused).toMatchObject([
      {
        errorCode: '28P01',
        cause: expect.stringMatching(/refuses the user or the password; check/) as unknown,
      },
      { errorCode: '42501', cause: expect.stringMatching(/lacks a right; grant/) as unknown },
    ]);
    const events = new Map<string, number>();
    for (const { context, errorCode } of log()) {
      const name = `${String(context)} ${String(errorCode)}`;
      events.set(name, (events.get(name) ?? 0) + 1);
    }
    expect([...events].filter(([, count]) => count > 1)).toEqual([]);
    expect(log().filter(({ stack }) => stack !== undefined)).toEqual([]);
    const back = logOf(service).filter(({ event }) => event === 'database.available');
    expect(back).toHaveLength(1);
  } finally {
    await service.stop();
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
  }
}, 90_000);

it.each<[string, unknown, string]>([
  ['a wrong password', Object.assign(new Error('x'), { code: '28P01' }), '28P01'],
  ['a refused connection to several addresses', new AggregateError([refused()]), 'ECONNREFUSED'],
  ['a pool that is busy', new Error('timeout exceeded when trying to connect'), 'POOL_TIMEOUT'],
  ['a statement without an answer', new Error('Query read timeout'), 'QUERY_TIMEOUT'],
  ['what wraps it', new DependencyUnavailable('database', { cause: refused() }), 'ECONNREFUSED'],
])('%s has a code and a sentence', (_, error, errorCode) => {
  expect(databaseFaultOf(error)).toEqual({ errorCode, cause: expect.stringMatching(/;|,/) as unknown });
});

it('what is not known has none', () => {
  expect(databaseFaultOf(new Error('secret'))).toBeUndefined();
  expect(databaseFaultOf('secret')).toBeUndefined();
});

function refused(): Error {
  return Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
}

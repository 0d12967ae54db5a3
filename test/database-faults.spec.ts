import { join } from 'node:path';
import pg from 'pg';
import { dataSourceOptions } from '../src/app/data-source.js';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { DEACTIVATE, FIND } from '../src/payments/stripe-config/stripe-config.statements.js';
import { UPSERT } from '../src/payments/stripe-config/upsert.statements.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  logOf,
  serviceSettings,
  startListeningProcess,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import { configPath, type TestResponse } from './support/service.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

let database: TestDatabase;
let proxy: TcpProxy;
let keyRingFile: string;
let service: ServiceProcess;
let projectId: string;

/**
 * After which the server ends a statement, in milliseconds, in place of 3,000. The client gives up after 3,500: a process that a
 * busy machine stops for the half second between must not take the end of a statement for a lost answer.
 */
const STATEMENT_TIMEOUT_MS = 1_500;

const START = { test_secret_key: fakeCredential('test_secret_key', 'start') };
const CHANGE = { live_secret_key: fakeCredential('live_secret_key', 'change') };

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  const address = new URL(proxy.url);
  address.searchParams.set('statement_timeout', `${STATEMENT_TIMEOUT_MS}`);
  service = await startServiceProcess(serviceSettings(address.href, keyRingFile));
});
afterAll(async () => {
  await cleanUp();
  await proxy.close();
  await database.drop();
});
beforeEach(async () => {
  projectId = await service.createProject();
  await put(START);
});
afterEach(async () => {
  await proxy.pass();
  await eventually('the service is ready', async () => (await send('GET', '/health/ready')).status === 200);
  expect(service.ended).toBeUndefined();
});

const send = (method: string, path: string, body?: unknown) => service.request(method, path, { body });
const put = (body: unknown) => send('PUT', configPath(projectId), body);
const get = () => send('GET', configPath(projectId));

/** Each begins with a read of the database. */
const REQUESTS = [
  get,
  () => put(CHANGE),
  () => send('DELETE', configPath(projectId)),
  () => send('GET', '/api/v1/payments/projects'),
  () => send('GET', '/api/v1/projects'),
  () => send('GET', '/health/ready'),
];

describe.each<[string, () => unknown]>([
  ['that refuses connections', () => proxy.refuse()],
  [
    'that swallows everything',
    () => {
      proxy.blackHole();
    },
  ],
])('a database %s', (_, fail) => {
  it('is answered with 503, and everything works again once it is back', async () => {
    const before = await get();
    await fail();

    for (const answer of await Promise.all(REQUESTS.map((request) => request()))) {
      expectError(answer, 503, 'dependency_unavailable');
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    expect((await send('GET', '/health/live')).status).toBe(200);

    await proxy.pass();
    const more = await Promise.all(Array.from({ length: 30 }, get));
    expect(more.map(({ status, json }) => ({ status, json }))).toEqual(
      more.map(() => ({ status: 200, json: before.json })),
    );
    expect((await put(CHANGE)).status).toBe(200);
  });
});

describe('a write whose answer is lost', () => {
  it.each<[string, string, () => Promise<TestResponse>, number, unknown]>([
    [
      'PUT',
      UPSERT.name,
      () => put(CHANGE),
      200,
      { live_secret_key_masked: expectedMask('live_secret_key', CHANGE.live_secret_key) },
    ],
    ['DELETE', DEACTIVATE.name, () => send('DELETE', configPath(projectId)), 204, { is_active: false }],
  ])('is reported as such, and the same %s again is safe', async (_, statement, request, status, outcome) => {
    const lost = proxy.loseAnswerTo(statement);

    const answer = await request();

    await lost;
    expectError(answer, 503, 'write_outcome_unknown');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await get()).json).toMatchObject(outcome as object);
    expect((await request()).status).toBe(status);
    expect((await get()).json).toMatchObject(outcome as object);
  });
});

describe('a read whose answer is lost', () => {
  it('is answered with 503 like any other fault', async () => {
    const lost = proxy.loseAnswerTo(FIND.name);

    const answer = await get();

    await lost;
    expectError(answer, 503, 'dependency_unavailable');
  });
});

describe('a database that lives', () => {
  it('but keeps a statement waiting is answered with 503, and nothing is changed', async () => {
    const before = (await get()).json;
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT FROM stripe_configs WHERE project_id = $1 FOR UPDATE', [projectId]);

      const waiting = await put(CHANGE);
      expectError(waiting, 503, 'dependency_unavailable');
      expect(await faultOf(waiting)).toMatchObject({ dependency: 'database', errorCode: '57014' });
      expectError(await send('DELETE', configPath(projectId)), 503, 'dependency_unavailable');
    } finally {
      await other.end();
    }
    expect((await get()).json).toEqual(before);
    expect((await put(CHANGE)).status).toBe(200);
  });

  it('may take three seconds for a statement, and a little more to say so', () => {
    expect(dataSourceOptions(database.url)).toMatchObject({
      extra: { statement_timeout: 3_000, query_timeout: 3_500 },
    });
  });

  it('but ends all connections is connected to again', async () => {
    await Promise.all(Array.from({ length: 10 }, get));
    const noticed = () => logOf(service).filter(({ event }) => event === 'database.connection_lost');
    const before = noticed().length;

    const ofService = `datname = current_database() AND application_name = 'nest-stripe-config'`;
    // The one that listens for changes is none of the pool's, and may still pause after what the tests before did to it.
    const isOfPool = `query NOT LIKE 'LISTEN%'`;
    await eventually('the service listens', async () => {
      const sql = `SELECT FROM pg_stat_activity WHERE ${ofService} AND NOT ${isOfPool} AND state = 'idle'`;
      return (await database.query(sql)).length === 1;
    });
    const connections = await database.query<{ is_of_pool: boolean }>(
      `SELECT ${isOfPool} AS is_of_pool, pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ofService}`,
    );
    const ended = connections.filter(({ is_of_pool }) => is_of_pool);
    // One that runs a statement at that moment is no idle one: its statement says so.
    await eventually('the service notices', () => noticed().length > before);

    expect(ended.length).toBeGreaterThan(0);
    expect(ended).toHaveLength(connections.length - 1);
    expect(noticed().at(-1)).toMatchObject({ errorCode: '57P01' });
    const answers = await Promise.all(Array.from({ length: 30 }, get));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });
});

describe('a service that is started while the database is down', () => {
  it('listens, answers 503, and serves once it is up, with an empty database migrated', async () => {
    const empty = await createTestDatabase();
    const road = await startTcpProxy(empty.url);
    await road.refuse();
    try {
      const early = await startListeningProcess(serviceSettings(road.url, keyRingFile));
      expect((await early.request('GET', '/health/live')).status).toBe(200);
      expectError(await early.request('GET', '/health/ready'), 503, 'dependency_unavailable');
      expectError(await early.request('GET', configPath(projectId)), 503, 'dependency_unavailable');

      await road.pass();
      await eventually('ready', async () => (await early.request('GET', '/health/ready')).status === 200);

      const path = configPath(await early.createProject());
      expect((await early.request('PUT', path, { body: CHANGE })).status).toBe(200);
      expect(await early.stop()).toBe(0);
    } finally {
      await road.close();
      await empty.drop();
    }
  });
});

describe('the log of database faults', () => {
  it.each([
    ['a refused connection', () => proxy.refuse(), get, 'dependency_unavailable', 'ECONNREFUSED'],
    [
      'a lost answer',
      () => void proxy.loseAnswerTo(UPSERT.name),
      () => put(CHANGE),
      'write_outcome_unknown',
      undefined,
    ],
  ])(
    'reports %s by its code, and no value, statement or address',
    async (_, fail, request, code, errorCode) => {
      await fail();
      await eventually('the line', async () => {
        // The first may still meet a connection that was cut.
        const fault = await faultOf(await request());
        return fault?.code === code && fault.errorCode === errorCode;
      });

      const { password, port, pathname } = new URL(proxy.url);
      const { stdout, stderr } = service;
      const secrets = [`:${port}`, pathname.slice(1), 'INSERT', 'sc1.', CHANGE.live_secret_key.slice(-8)];
      for (const text of password === '' ? secrets : [password, ...secrets]) {
        expect(stdout + stderr).not.toContain(text);
      }
    },
  );
});

/** The line of the log that reports a request's fault; undefined when it had none. */
async function faultOf({ headers }: TestResponse): Promise<Record<string, unknown> | undefined> {
  const lines = await eventually('the request is in the log', () => {
    const found = logOf(service).filter(({ requestId }) => requestId === headers.get('x-request-id'));
    return found.some(({ method }) => method !== undefined) && found;
  });
  return lines.find(({ code }) => code !== undefined);
}

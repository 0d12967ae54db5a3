import { randomUUID } from 'node:crypto';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { join } from 'node:path';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  serviceSettings,
  startListeningProcess,
  startServiceProcess,
  temporaryFolder,
} from './support/process.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  testToken,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { startTcpProxy } from './support/tcp-proxy.js';

const HEADER = 'x-proxy-id';

/** A service whose log can be read. */
interface LoggedService extends TestService {
  log: string;
}

/** The service that takes a proxy's ids over, and one as it is without the setting. */
let trusting: LoggedService;
let usual: LoggedService;

beforeAll(async () => {
  [trusting, usual] = await Promise.all([start(HEADER), start()]);
});
afterAll(() => Promise.all([trusting.stop(), usual.stop()]));
afterEach(cleanUp);

async function start(requestIdHeader?: string): Promise<LoggedService> {
  const written = { log: '' };
  const service = await startTestService({
    ...(requestIdHeader !== undefined && { requestIdHeader }),
    logLevel: 'info',
    logDestination: { write: (line) => void (written.log += line) },
  });
  return Object.assign(written, service);
}

const idOf = ({ headers }: TestResponse) => headers.get('x-request-id');

/** The line of a request, once it is there. */
async function lineOf(log: () => string, id: string | null): Promise<Record<string, unknown>> {
  expect(id).not.toBeNull();
  return eventually(`the line of ${id ?? 'no request'}`, () =>
    log()
      .split('\n')
      .filter((line) => line.includes(`"${id ?? ''}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ status }) => status !== undefined),
  );
}

describe('the id that a trusted proxy gives a request', () => {
  it('is that of the log, the answer, the error and the audit trail', async () => {
    const id = randomUUID();
    const headers = { [HEADER]: id };
    const project = await trusting.createProject();
    const body = { test_secret_key: fakeCredential('test_secret_key') };

    const stored = await trusting.request('PUT', configPath(project), { body, headers });
    expect([stored.status, idOf(stored)]).toEqual([200, id]);
    const { json } = await trusting.request('GET', `${configPath(project)}/history`);
    expect(json).toMatchObject({ changes: [{ request_id: id }] });
    expect(await lineOf(() => trusting.log, id)).toMatchObject({ method: 'PUT', status: 200, requestId: id });

    const next = randomUUID();
    const refused = await trusting.request('GET', '/nowhere', { headers: { [HEADER]: next } });
    expectError(refused, 404, 'not_found');
    expect(refused.json).toMatchObject({ instance: `urn:uuid:${next}` });
  });

  it.each<[string, (id: string) => string]>([
    ['in capitals', (id) => id.toUpperCase()],
    ['as 32 hexadecimal digits', (id) => id.replaceAll('-', '')],
    ['as such digits in capitals', (id) => id.replaceAll('-', '').toUpperCase()],
  ])('is a UUID in lower case when it comes %s', async (_, written) => {
    const id = randomUUID();
    expect(idOf(await trusting.request('GET', '/', { headers: { [HEADER]: written(id) } }))).toBe(id);
  });

  const GIVEN = randomUUID();
  it.each<[string, string[]]>([
    ['missing', []],
    ['empty', ['']],
    ['no UUID', ['canary-5f0c21']],
    ['too long', [`${GIVEN}0`]],
    ['too short', [GIVEN.slice(1)]],
    ['with hyphens elsewhere', [GIVEN.replaceAll('-', '').replace(/.{4}/g, '$&-')]],
    ['in braces', [`{${GIVEN}}`]],
    ['a list', [`${GIVEN}, ${GIVEN}`]],
    ['there twice', [GIVEN, GIVEN]],
    ['there twice, once empty', [GIVEN, '']],
  ])('is one of the service where it is %s', async (_, values) => {
    const lines = values.map((value) => `${HEADER}: ${value}`);
    const request = rawRequest(['GET /nowhere HTTP/1.1', 'Connection: close', ...lines]);
    const [answer] = await rawExchange(trusting.url, request);
    const id = answer && idOf(answer);
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(GIVEN);
    expect(answer?.status).toBe(404);
    expect(await lineOf(() => trusting.log, id ?? null)).toMatchObject({ status: 404 });
    expect(trusting.log).not.toContain(GIVEN);
    expect(trusting.log).not.toContain('canary-5f0c21');
  });

  it('is one of the service where the name of the header is what every object has', async () => {
    const service = await start('constructor');
    try {
      expect(idOf(await service.request('GET', '/'))).toMatch(/^[0-9a-f-]{36}$/);
    } finally {
      await service.stop();
    }
  });

  it('is nothing without the setting, whatever the header', async () => {
    const id = randomUUID();
    const headers = { [HEADER]: id, 'x-request-id': id, 'request-id': id };
    expect(idOf(await usual.request('GET', '/', { headers }))).not.toBe(id);
  });

  it('is a setting of the service, which holds while it starts as well', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    try {
      const ring = join(await temporaryFolder(), 'ring.json');
      await createKeyRingFile(ring);
      const settings = serviceSettings(proxy.url, ring, { REQUEST_ID_HEADER: HEADER.toUpperCase() });
      const ask = async (client: Pick<TestService, 'request'>, id: string) =>
        client.request('GET', '/nowhere', { headers: { [HEADER]: id } });

      const ready = await startServiceProcess(settings);
      const [first, second] = [randomUUID(), randomUUID()];
      expect(idOf(await ask(ready, first))).toBe(first);
      await ready.stop();

      proxy.blackHole();
      const starting = await startListeningProcess(settings);
      const refused = await ask(starting, second);
      expectError(refused, 503, 'dependency_unavailable');
      expect(idOf(refused)).toBe(second);
      const line = await lineOf(() => starting.stdout, second);
      expect(line).toMatchObject({ method: 'GET', status: 503, code: 'dependency_unavailable' });
    } finally {
      await cleanUp();
      await proxy.close();
      await database.drop();
    }
  });
});

describe('a request that is refused before it has a route', () => {
  const end = 'Connection: close';
  const HEAD_REFUSALS: [string, string, string, number, string][] = [
    ['a malformed address', rawRequest(['GET /%E0%A4%A HTTP/1.1', end]), 'GET', 400, 'malformed_request'],
    ['a malformed query of none', rawRequest(['HEAD /%zz HTTP/1.1', end]), 'HEAD', 400, 'malformed_request'],
    ['no Host', `PUT / HTTP/1.1\r\n${end}\r\n\r\n`, 'PUT', 400, 'malformed_request'],
    ['a rare method', rawRequest(['PURGE / HTTP/1.1', end]), 'PURGE', 501, 'method_not_implemented'],
    [
      'an unknown expectation',
      rawRequest(['POST / HTTP/1.1', end, 'Expect: more']),
      'POST',
      417,
      'expectation_failed',
    ],
  ];
  const SOCKET_REFUSALS: [string, string, number, string][] = [
    ['nonsense', '\0\r\n\r\n', 400, 'malformed_request'],
    ['an unknown method', rawRequest(['FETCH / HTTP/1.1']), 501, 'method_not_implemented'],
    ['CONNECT', rawRequest(['CONNECT x:80 HTTP/1.1']), 501, 'method_not_implemented'],
    [
      'a head that is too large',
      rawRequest(['GET / HTTP/1.1', `X: ${'x'.repeat(20_000)}`]),
      431,
      'headers_too_large',
    ],
  ];

  async function refusalOf(service: LoggedService, bytes: string): Promise<TestResponse> {
    const [answer, ...rest] = await rawExchange(service.url, bytes);
    if (answer === undefined) throw new Error('no answer');
    expect(rest).toEqual([]);
    return answer;
  }

  it.each(HEAD_REFUSALS)('for %s has a line with its code', async (_, bytes, method, status, code) => {
    const answer = await refusalOf(usual, bytes);
    expect(answer.status).toBe(status);
    expect(await lineOf(() => usual.log, idOf(answer))).toMatchObject({ level: 30, method, status, code });
  });

  it.each(HEAD_REFUSALS)('for %s has the id that the proxy gave it', async (_, bytes, _method, status) => {
    const id = randomUUID();
    const answer = await refusalOf(trusting, bytes.replace(end, `${end}\r\n${HEADER}: ${id}`));
    expect([answer.status, idOf(answer)]).toEqual([status, id]);
    expect(await lineOf(() => trusting.log, id)).toMatchObject({ requestId: id, status });
  });

  it.each(SOCKET_REFUSALS)('for %s has a line with its code', async (_, bytes, status, code) => {
    const answer = await refusalOf(usual, bytes);
    expectError(answer, status, code);
    expect(await lineOf(() => usual.log, idOf(answer))).toMatchObject({ level: 30, status, code });
  });

  it('has one line, without anything of its contents', async () => {
    const marker = `marker${randomUUID().slice(0, 8)}`;
    for (const bytes of [
      rawRequest([`GET /%E0%A4%A${marker} HTTP/1.1`, end, `Authorization: Bearer ${testToken(marker)}`]),
      rawRequest([`${marker} / HTTP/1.1`]),
      `GET /${marker} HTTP/1.1\r\nX: ${marker}\r\n${end}\r\n\r\n`,
    ]) {
      const id = idOf(await refusalOf(usual, bytes));
      await lineOf(() => usual.log, id);
      expect(usual.log.split(id ?? 'none')).toHaveLength(2);
    }
    expect(usual.log).not.toContain(marker);
  });
});

it('stands in what the framework itself logs about a request', async () => {
  let log = '';
  const service = await startTestService({
    logLevel: 'info',
    logDestination: { write: (line) => void (log += line) },
    prepare: (app) => {
      app
        .getHttpAdapter()
        .getInstance()
        .get('/twice', (_request, reply) => {
          void reply.send('once');
          void reply.send('twice');
        });
    },
  });
  try {
    const id = idOf(await service.request('GET', '/twice'));
    const line = await eventually('the line about the second answer', () =>
      log.split('\n').find((each) => each.includes('already sent')),
    );
    expect(JSON.parse(line)).toMatchObject({ level: 40, requestId: id });
  } finally {
    await service.stop();
  }
});

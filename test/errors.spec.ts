import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { CREDENTIAL_FIELDS } from '../src/payments/domain/credentials.js';
import { fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid, JSON_FORM, PROBLEM_FORM } from './support/errors.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  testToken,
  type RequestOptions,
  type TestResponse,
  type TestService,
  type TestServiceOptions,
} from './support/service.js';
import { startTcpProxy } from './support/tcp-proxy.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const LIMIT = 16 * 1024;

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
  projectId = await service.createProject();
});
afterAll(() => service.stop());

const put = (options: RequestOptions) => service.request('PUT', configPath(projectId), options);

/** The start of a raw PUT by the owner. */
const rawPut = (...headers: string[]) => [
  `PUT ${configPath(projectId)} HTTP/1.1`,
  `Authorization: Bearer ${testToken('alice')}`,
  ...headers,
];
const rawGet = (path = configPath(projectId), ...headers: string[]) => [
  `GET ${path} HTTP/1.1`,
  `Authorization: Bearer ${testToken('alice')}`,
  ...headers,
];

/** Sends one raw request on a connection of its own. */
async function rawAnswer(lines: readonly string[], body?: string): Promise<TestResponse> {
  return only(await rawExchange(service.url, rawRequest([...lines, 'Connection: close'], body)));
}

function only([first, ...rest]: TestResponse[]): TestResponse {
  if (first === undefined || rest.length > 0)
    throw new Error(`${rest.length + (first ? 1 : 0)} responses instead of one`);
  return first;
}

/** Runs a test against a service of its own that shares the database. */
async function withService<T>(
  options: TestServiceOptions,
  use: (other: TestService) => Promise<T>,
): Promise<T> {
  const other = await startTestService({ database: service.database, ...options });
  try {
    return await use(other);
  } finally {
    await other.stop();
  }
}

/** Has the database break the connection of a write that is under way. */
async function breakWrite(headers: Record<string, string>): Promise<TestResponse> {
  await put({ body: {} });
  const blocker = new pg.Client({ connectionString: service.database.url });
  await blocker.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query('SELECT 1 FROM stripe_configs WHERE project_id = $1 FOR UPDATE', [projectId]);
    const answer = put({ body: {}, headers });
    const deadline = performance.now() + 2_500;
    let broken = 0;
    while (broken === 0) {
      if (performance.now() > deadline) throw new Error('the write never waited for the lock');
      await delay(10);
      // Not through the blocker: within its transaction the activity would be seen once and never again.
      const ended = await service.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%stripe_configs%FOR NO KEY UPDATE%'`,
      );
      broken = ended.length;
    }
    return await answer;
  } finally {
    await blocker.end();
  }
}

type Send = (headers: Record<string, string>) => Promise<TestResponse>;

describe('every error', () => {
  const ROWS: [status: number, code: string, send: Send, headers?: Record<string, string>][] = [
    [
      401,
      'not_authenticated',
      (headers) => put({ subject: null, body: {}, headers }),
      { 'www-authenticate': 'Bearer' },
    ],
    [
      401,
      'invalid_token',
      (headers) => put({ body: {}, headers: { ...headers, authorization: 'Bearer x.y.z' } }),
      { 'www-authenticate': 'Bearer error="invalid_token"' },
    ],
    [403, 'not_project_owner', (headers) => put({ subject: 'mallory', body: {}, headers })],
    [
      404,
      'project_not_found',
      (headers) => service.request('PUT', configPath(UNKNOWN_ID), { body: {}, headers }),
    ],
    [
      404,
      'config_not_found',
      async (headers) => service.request('DELETE', configPath(await service.createProject()), { headers }),
    ],
    [404, 'not_found', (headers) => service.request('GET', '/api/v1/nothing', { headers })],
    [400, 'malformed_body', (headers) => put({ body: '{', headers })],
    [400, 'malformed_request', (headers) => service.request('GET', configPath('%zz'), { headers })],
    [
      415,
      'unsupported_media_type',
      (headers) => put({ body: '{}', headers: { ...headers, 'content-type': 'text/plain' } }),
    ],
    [412, 'version_conflict', (headers) => put({ body: {}, headers: { ...headers, 'if-match': '"0"' } })],
    [413, 'body_too_large', (headers) => put({ body: ' '.repeat(LIMIT + 1), headers })],
    [
      405,
      'method_not_allowed',
      (headers) => service.request('POST', configPath(projectId), { headers }),
      { allow: 'GET, HEAD, PUT, DELETE' },
    ],
    [
      503,
      'dependency_unavailable',
      async (headers) => {
        const proxy = await startTcpProxy(service.database.url);
        try {
          return await withService({ databaseUrl: proxy.url }, async (other) => {
            await proxy.refuse();
            return other.request('GET', configPath(projectId), { headers });
          });
        } finally {
          await proxy.close();
        }
      },
      { 'retry-after': '2' },
    ],
    [503, 'write_outcome_unknown', breakWrite, { 'retry-after': '2' }],
    [
      500,
      'internal_error',
      async (headers) => {
        await service.database.query('ALTER TABLE stripe_configs RENAME TO mislaid');
        try {
          return await service.request('GET', configPath(projectId), { headers });
        } finally {
          await service.database.query('ALTER TABLE mislaid RENAME TO stripe_configs');
        }
      },
    ],
  ];
  const SPECIAL_HEADERS = ['www-authenticate', 'allow', 'retry-after'];

  describe.each(ROWS)('%i %s', (status, code, send, headers = {}) => {
    it.each([
      ['the documented form', JSON_FORM, {}],
      ['the problem form', PROBLEM_FORM, { accept: 'application/problem+json' }],
    ])('in %s', async (_, form, accept) => {
      const response = await send(accept);
      expectError(response, status, code, form);
      expect(
        Object.fromEntries([...response.headers].filter(([name]) => SPECIAL_HEADERS.includes(name))),
      ).toEqual(headers);
    });
  });

  it.each([
    ['the documented form', JSON_FORM, {}],
    ['the problem form', PROBLEM_FORM, { accept: 'application/problem+json' }],
  ])('422 in %s, with a list', async (_, form, headers) => {
    expectInvalid(
      await put({ body: { test_secret_key: 1, live_secret_key: '', nonsense: null }, headers }),
      [
        { loc: ['body', 'nonsense'], type: 'extra_forbidden' },
        { loc: ['body', 'test_secret_key'], type: 'not_a_string' },
        { loc: ['body', 'live_secret_key'], type: 'empty' },
      ],
      form,
    );
    expectInvalid(
      await service.request('GET', configPath('42'), { headers }),
      [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }],
      form,
    );
  });

  it.each([
    ['*/*', JSON_FORM],
    ['application/json', JSON_FORM],
    ['text/html', JSON_FORM],
    ['application/json, application/problem+json;q=0.5', PROBLEM_FORM],
    ['Application/Problem+JSON', PROBLEM_FORM],
  ])('has the form that Accept: %s asks for', async (accept, form) => {
    expectError(await put({ subject: null, headers: { accept } }), 401, 'not_authenticated', form);
  });

  it('has an id of its own, whatever id the client sends', async () => {
    const headers = { 'x-request-id': UNKNOWN_ID, 'request-id': UNKNOWN_ID };
    const ids = await Promise.all(
      [1, 2].map(async () => (await put({ subject: null, headers })).headers.get('x-request-id')),
    );
    expect(new Set([...ids, UNKNOWN_ID]).size).toBe(3);
  });
});

describe('a method that the path does not offer', () => {
  const OFFERED: [path: string, methods: string[]][] = [
    [configPath(UNKNOWN_ID), ['GET', 'HEAD', 'PUT', 'DELETE']],
    [`${configPath(UNKNOWN_ID)}/history`, ['GET', 'HEAD']],
    ['/api/v1/payments/projects', ['GET', 'HEAD']],
    ['/api/v1/projects', ['GET', 'HEAD', 'POST']],
    [`/api/v1/projects/${UNKNOWN_ID}`, ['GET', 'HEAD', 'DELETE']],
    ['/health/live', ['GET', 'HEAD']],
    ['/health/ready', ['GET', 'HEAD']],
  ];
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

  it.each(
    OFFERED.flatMap(([path, offered]) =>
      METHODS.filter((method) => !offered.includes(method)).map((method) => [method, path, offered] as const),
    ),
  )('%s %s is 405 with Allow', async (method, path, offered) => {
    const response = await rawAnswer([
      `${method} ${path} HTTP/1.1`,
      `Authorization: Bearer ${testToken('alice')}`,
    ]);
    expectError(response, 405, 'method_not_allowed');
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual([...offered].sort());
  });

  it('is not reached by a header, a query or a field that names another method', async () => {
    const id = await service.createProject();
    await service.request('PUT', configPath(id), { body: {} });
    const { status } = await service.request('GET', `${configPath(id)}?_method=DELETE`, {
      headers: {
        'x-http-method-override': 'DELETE',
        'x-http-method': 'DELETE',
        'x-method-override': 'DELETE',
      },
    });
    expect(status).toBe(422);
    expect((await service.request('GET', configPath(id))).json).toMatchObject({ is_active: true });
  });

  it('leaves the connection usable, also when it came with a body', async () => {
    const statuses = await rawExchange(
      service.url,
      rawRequest(
        [`PATCH ${configPath(projectId)} HTTP/1.1`, 'Content-Type: application/json'],
        '{"test_secret_key": 1}',
      ),
      rawRequest([...rawGet(), 'Connection: close']),
    );
    expect(statuses.map(({ status }) => status)).toEqual([405, 200]);
  });
});

describe('a body', () => {
  it.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['white space', ' \n'],
    ['cut off', '{"test_secret_key": "'],
    ['followed by more', '{} {}'],
    ['with a comma too many', '{"test_secret_key": null,}'],
    ['in single quotes', "{'test_secret_key': null}"],
    ['with NaN', '{"test_secret_key": NaN}'],
    ['with a raw line break in a text', '{"test_secret_key": "a\nb"}'],
    ['an array', '[]'],
    ['an array of objects', '[{"test_secret_key": null}]'],
    ['a text', '"text"'],
    ['a number', '1'],
    ['true', 'true'],
    ['null', 'null'],
    ['a form', 'test_secret_key=1'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['overlong UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
    ['a lone surrogate in UTF-8', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16 with a byte order mark', Buffer.from('\ufeff{}', 'utf16le')],
    ['UTF-16 without a byte order mark', Buffer.from('{}', 'utf16le')],
    ['compressed though it does not say so', Buffer.from([0x1f, 0x8b, 0x08, 0x00])],
    ['with __proto__', '{"__proto__": {"test_secret_key": null}}'],
    ['with __proto__ of null', '{"__proto__": null}'],
    ['with an escaped __proto__', String.raw`{"\u005f_proto__": {}}`],
    ['with __proto__ below a field', '{"test_secret_key": {"__proto__": {}}}'],
    ['with __proto__ below a list', '{"nonsense": [[{"__proto__": {}}]]}'],
    ['with constructor.prototype', '{"constructor": {"prototype": {}}}'],
    ['with a key twice', '{"test_secret_key": null, "test_secret_key": null}'],
    ['with a key twice, once escaped', String.raw`{"test_secret_key": null, "test_secret\u005fkey": null}`],
    ['with an unknown key twice', '{"nonsense": 1, "other": 2, "nonsense": 1}'],
    ['with a key twice below a field', '{"test_secret_key": [1, {"x": {}, "x": {}}]}'],
    [
      'with a key twice as deep as it can be',
      `{"nonsense":${'['.repeat(5_000)}{"x":1,"x":1}${']'.repeat(5_000)}}`,
    ],
  ])('%s is malformed', async (_, body) => {
    expectError(await put({ body }), 400, 'malformed_body');
  });

  it.each([
    ['in objects beside each other', '{"nonsense": [{"x": 1}, {"x": 1}]}'],
    ['in an object and below it', '{"nonsense": {"nonsense": {"nonsense": 1}}}'],
    ['as a key and a value', '{"nonsense": ["nonsense", ":", "nonsense"]}'],
    ['in a text that looks like JSON', String.raw`{"nonsense": "{\"x\":1,\"x\":1}"}`],
  ])('may have a name more than once %s', async (_, body) => {
    expectInvalid(await put({ body }), [{ loc: ['body', 'nonsense'], type: 'extra_forbidden' }]);
  });

  it('may begin with a byte order mark', async () => {
    expect((await put({ body: Buffer.from('\ufeff{}') })).status).toBe(200);
  });

  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('is taken as %s', async (type) => {
    expect((await put({ body: '{}', headers: { 'content-type': type } })).status).toBe(200);
  });

  it.each<[string, string[]]>([
    ['text/plain', ['Content-Type: text/plain']],
    ['a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['a multipart form', ['Content-Type: multipart/form-data; boundary=x']],
    ['no type', []],
    ['an empty type', ['Content-Type:']],
    ['a JSON patch', ['Content-Type: application/json-patch+json']],
    ['a merge patch', ['Content-Type: application/merge-patch+json']],
    ['two types in one header', ['Content-Type: application/json, text/plain']],
    ['two headers', ['Content-Type: application/json', 'Content-Type: text/plain']],
    ['two equal headers', ['Content-Type: application/json', 'Content-Type: application/json']],
    ['Latin-1', ['Content-Type: application/json; charset=latin1']],
    ['UTF-16', ['Content-Type: application/json; charset=utf-16']],
    ['two charsets', ['Content-Type: application/json; charset=utf-8; charset=utf-16']],
    ['gzip', ['Content-Type: application/json', 'Content-Encoding: gzip']],
    ['an unknown encoding', ['Content-Type: application/json', 'Content-Encoding: x']],
  ])('as %s is an unsupported media type', async (_, headers) => {
    expectError(await rawAnswer(rawPut(...headers), '{}'), 415, 'unsupported_media_type');
  });

  it('of exactly 16 KiB is read', async () => {
    expect((await put({ body: `{}${' '.repeat(LIMIT - 2)}` })).status).toBe(200);
  });

  describe('over 16 KiB is answered 413', () => {
    const next = () => rawRequest([...rawGet(), 'Connection: close']);
    const json = () => rawPut('Content-Type: application/json');
    const chunked = (size: number) => `4000\r\n${' '.repeat(0x4000)}\r\n`.repeat(size) + '0\r\n\r\n';

    it.each([LIMIT + 1, 64 * 1024])(
      'by its Content-Length of %i bytes, and the connection serves the next request',
      async (size) => {
        const parts = [rawRequest(json(), ' '.repeat(size)), next()];
        const [first, second, ...rest] = await rawExchange(service.url, ...parts);
        expect([first?.status, second?.status, rest.length]).toEqual([413, 200, 0]);
        if (first !== undefined) expectError(first, 413, 'body_too_large');
      },
    );

    it.each<[string, () => (string | Uint8Array)[]]>([
      ['a byte over 64 KiB, by its Content-Length', () => [rawRequest(json(), ' '.repeat(64 * 1024 + 1))]],
      ['10 MB, by its Content-Length', () => [rawRequest(json(), ' '.repeat(10_000_000))]],
      ['600 chunks', () => [rawRequest([...json(), 'Transfer-Encoding: chunked']), chunked(600)]],
    ])('%s, which nobody waits for: the connection is closed', async (_, parts) => {
      const answer = only(await rawExchange(service.url, ...parts(), next()));
      expectError(answer, 413, 'body_too_large');
      expect(answer.headers.get('connection')).toBe('close');
    });

    it('a Content-Length alone, before any of the body is sent', async () => {
      const head = rawPut(
        'Content-Type: application/json',
        `Content-Length: ${LIMIT + 1}`,
        'Connection: close',
      );
      expectError(only(await rawExchange(service.url, rawRequest(head))), 413, 'body_too_large');
    });

    it('20 large bodies at once through one client', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => put({ body: ' '.repeat(1_000_000) })),
      );
      for (const answer of answers) expectError(answer, 413, 'body_too_large');
    });
  });

  it.each([
    ['arrays 1,600 deep', '['.repeat(1_600), ']'.repeat(1_600)],
    ['arrays 5,000 deep', '['.repeat(5_000), ']'.repeat(5_000)],
    ['arrays as deep as 16 KiB can hold', '['.repeat(8_000), ']'.repeat(8_000)],
    ['objects 2,700 deep', '{"a":'.repeat(2_700), `1${'}'.repeat(2_700)}`],
  ])('of %s is refused like any other value', async (_, open, close) => {
    const value = open + close;
    expectInvalid(await put({ body: `{"test_secret_key":${value}}` }), [
      { loc: ['body', 'test_secret_key'], type: 'not_a_string' },
    ]);
    expectInvalid(await put({ body: `{"nonsense":${value}}` }), [
      { loc: ['body', 'nonsense'], type: 'extra_forbidden' },
    ]);
    expectError(await put({ body: open }), 400, 'malformed_body');
  });

  it.each([
    '0',
    '1',
    '-1.5e300',
    'true',
    'false',
    '[]',
    '{}',
    '["x"]',
    '{"x": "y"}',
    '[[[null]]]',
    '{"toString": 1}',
  ])('with %s for a value is refused as no text', async (value) => {
    expectInvalid(
      await put({ body: `{${CREDENTIAL_FIELDS.map((field) => `"${field}": ${value}`).join(', ')}}` }),
      CREDENTIAL_FIELDS.map((field) => ({ loc: ['body', field], type: 'not_a_string' })),
    );
  });

  it.each([
    'nonsense',
    'testSecretKey',
    'test_secretkey',
    'constructor',
    'toString',
    'is_active',
    'project_id',
    'test_secret_key_sealed',
  ])('with the unknown field "%s" is refused by its name', async (name) => {
    expectInvalid(await put({ body: { [name]: null } }), [{ loc: ['body', name], type: 'extra_forbidden' }]);
  });

  it.each(['TEST_SECRET_KEY', 'test_secret_key ', '', fakeCredential('live_secret_key'), 'whsec_abcdefgh'])(
    'with the unknown field "%s", which may be a paste, is refused without it',
    async (name) => {
      expectInvalid(await put({ body: { [name]: null } }), [{ loc: ['body'], type: 'extra_forbidden' }]);
    },
  );

  it('with an unknown field that comes near a known one is answered with the known one', async () => {
    const { text } = await put({ body: { liveWebhookSecret: null } });
    expect(text).toContain('This field is unknown; write live_webhook_secret.');
  });
});

describe('an address', () => {
  const config = () => configPath(projectId);

  it.each([
    ['unknown', () => '/'],
    ['unknown below the API', () => '/api/v1/payments/nothing'],
    ['with a slash at its end', () => `${config()}/`],
    ['with a doubled slash at its start', () => `/${config()}`],
    ['with a doubled slash inside', () => config().replace('/stripe/', '/stripe//')],
    ['in upper case', () => config().replace('/api/', '/API/')],
    ['with a parent folder inside', () => config().replace('/config', '/../config')],
    ['with a parent folder that leads back', () => config().replace('/stripe/', '/x/../stripe/')],
    ['with an encoded parent folder', () => config().replace('/config', '/%2e%2e/config')],
    ['with an encoded slash before its end', () => config().replace('/config', '%2Fconfig')],
    ['with an empty project id', () => configPath('')],
    ['with a semicolon', () => `${config()};x=y`],
    ['with a format', () => `${config()}.json`],
    ['with white space at its end', () => `${config()}%20`],
    ['with a NUL at its end', () => `${config()}%00`],
  ])('%s is not found', async (_, path) => {
    expectError(await rawAnswer(rawGet(path())), 404, 'not_found');
  });

  it.each(['%', '%zz', '%e', '%ff', '%c0%af', '%ed%a0%80', '%u0041'])(
    'with the malformed encoding %s is malformed',
    async (part) => {
      expectError(await rawAnswer(rawGet(configPath(part))), 400, 'malformed_request');
      expectError(
        await rawAnswer(rawGet(configPath(part), 'Accept: application/problem+json')),
        400,
        'malformed_request',
        PROBLEM_FORM,
      );
    },
  );

  it.each<[string, (id: string) => string]>([
    ['a number', () => '42'],
    ['a word', () => 'undefined'],
    ['without dashes', (id) => id.replaceAll('-', '')],
    ['in braces', (id) => `{${id}}`],
    ['as a URN', (id) => `urn:uuid:${id}`],
    ['cut short', (id) => id.slice(0, -1)],
    ['with a character more', (id) => `${id}0`],
    ['with a letter that is no digit', (id) => `g${id.slice(1)}`],
    ['with white space', (id) => `%20${id}`],
    ['with a line end', (id) => `${id}%0a`],
    ['with a NUL', (id) => `${id}%00`],
    ['with an encoded slash', (id) => `x%2F${id}`],
    ['with another id', (id) => `${id},${UNKNOWN_ID}`],
    ['with full-width digits', (id) => `${encodeURIComponent('\uff11')}${id.slice(1)}`],
    ['of 4,000 characters', () => 'a'.repeat(4_000)],
    ['of 15,000 characters', () => 'a'.repeat(15_000)],
    ['SQL', () => encodeURIComponent(`' OR 1=1 --`)],
  ])('with a project id %s is refused', async (_, id) => {
    expectInvalid(await rawAnswer(rawGet(configPath(id(projectId)))), [
      { loc: ['path', 'project_id'], type: 'invalid_uuid' },
    ]);
  });

  it('takes the project from its path, whatever the query and the headers say', async () => {
    const theirs = await service.createProject('bob');
    const query = `?project_id=${projectId}&project_id[]=${projectId}&id=${projectId}`;
    expectError(
      await rawAnswer(
        rawGet(configPath(theirs) + query, `Project-Id: ${projectId}`, `X-Original-URL: ${config()}`),
      ),
      403,
      'not_project_owner',
    );
    const answer = await rawAnswer(rawGet(`${config()}?project_id=${theirs}`));
    expectInvalid(answer, [{ loc: ['query', 'project_id'], type: 'extra_forbidden' }]);
    expect(answer.text).not.toContain(theirs);
  });

  it('in absolute form leads to the same checks', async () => {
    expectError(
      await rawAnswer([
        `GET http://localhost${config()} HTTP/1.1`,
        `Authorization: Bearer ${testToken('mallory')}`,
      ]),
      403,
      'not_project_owner',
    );
  });
});

describe('what is not well-formed HTTP', () => {
  it.each<[string, () => string]>([
    ['no HTTP at all', () => 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    ['an unknown version', () => rawRequest(['GET /health/live HTTP/9.9'])],
    ['two Hosts', () => 'GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'],
    ['no Host', () => 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a method of signs', () => rawRequest(['F_TCH /health/live HTTP/1.1'])],
    ['a header without a colon', () => rawRequest([...rawGet(), 'nonsense'])],
    ['a header with a space in its name', () => rawRequest([...rawGet(), 'X Y: z'])],
    ['a NUL in a header', () => rawRequest([...rawGet(), 'X-Y: \0'])],
    ['two lengths', () => rawRequest(rawPut('Content-Type: application/json', 'Content-Length: 4'), '{}')],
    [
      'a length and chunks',
      () => rawRequest(rawPut('Content-Type: application/json', 'Transfer-Encoding: chunked'), '{}'),
    ],
    [
      'a length that is no number',
      () => rawRequest(rawPut('Content-Type: application/json', 'Content-Length: x')),
    ],
  ])('%s is answered 400 in the documented shape', async (_, bytes) => {
    await expectServerError(bytes(), 400, 'malformed_request');
  });

  const expecting = (value: string) => rawRequest([...rawGet(), `Expect: ${value}`]);
  it.each<[string, number, string, () => string]>([
    ['an unknown expectation', 417, 'expectation_failed', () => expecting('tea')],
    [
      'a method nobody knows',
      501,
      'method_not_implemented',
      () => rawRequest(['FETCH /health/live HTTP/1.1']),
    ],
    [
      'a method that no address offers',
      501,
      'method_not_implemented',
      () => rawRequest(['PROPFIND / HTTP/1.1']),
    ],
    ['TRACE', 501, 'method_not_implemented', () => rawRequest(['TRACE / HTTP/1.1'])],
    ['CONNECT', 501, 'method_not_implemented', () => rawRequest(['CONNECT localhost:80 HTTP/1.1'])],
    [
      'headers of 20 KB',
      431,
      'headers_too_large',
      () => rawRequest([...rawGet(), `X-Y: ${'z'.repeat(20_000)}`]),
    ],
    [
      'an address of 20 KB',
      431,
      'headers_too_large',
      () => rawRequest(rawGet(configPath('z'.repeat(20_000)))),
    ],
    [
      'chunk extensions of 20 KB',
      413,
      'body_too_large',
      () =>
        `${rawRequest(rawPut('Content-Type: application/json', 'Transfer-Encoding: chunked'))}2;${'z'.repeat(20_000)}`,
    ],
  ])('nor %s, which is answered %i %s', async (_, status, code, bytes) => {
    await expectServerError(bytes(), status, code);
  });

  /** As any other error, though the service is not asked. */
  async function expectServerError(bytes: string, status: number, code: string): Promise<void> {
    const answer = only(await rawExchange(service.url, bytes));
    expectError(answer, status, code);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      connection: 'close',
      date: expect.any(String) as unknown,
      'x-content-type-options': 'nosniff',
    });
  }

  it('is answered behind what was asked before it on the connection', async () => {
    const answers = await rawExchange(
      service.url,
      rawRequest(rawGet()),
      rawRequest(rawGet()),
      'nonsense\r\n\r\n',
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
    const unknown = await rawExchange(service.url, rawRequest(rawGet()) + rawRequest(['FETCH / HTTP/1.1']));
    expect(unknown.map(({ status }) => status)).toEqual([200, 501]);
    const connect = await rawExchange(
      service.url,
      rawRequest(rawGet()),
      rawRequest(['CONNECT x:80 HTTP/1.1']),
    );
    expect(connect.map(({ status }) => status)).toEqual([200, 501]);
  });

  it('does not stop the service', async () => {
    await rawExchange(service.url, '\0\r\n\r\n');
    expect((await service.request('GET', '/health/ready')).status).toBe(200);
  });
});

describe('no error repeats a piece of the input', () => {
  // Letters that occur in no text of the service next to each other.
  const marker = `QZ${randomBytes(24)
    .toString('hex')
    .replace(/[0-9a-f]/g, (digit) => 'QZXJKVWYqzxjkvwy'.charAt(parseInt(digit, 16)))}`;
  const windows = Array.from({ length: marker.length - 7 }, (_, start) => marker.slice(start, start + 8));
  const secret = () => fakeCredential('test_secret_key').slice(0, 8) + marker;

  it.each<[string, number, () => [lines: string[], body?: string]]>([
    [
      'a value',
      422,
      () => [rawPut('Content-Type: application/json'), JSON.stringify({ live_secret_key: secret() })],
    ],
    [
      'every value',
      422,
      () => [
        rawPut('Content-Type: application/json'),
        JSON.stringify(Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, `${marker} ${marker}`]))),
      ],
    ],
    [
      'the name of a field',
      422,
      () => [rawPut('Content-Type: application/json'), JSON.stringify({ [secret()]: null })],
    ],
    [
      'the name of a field below a field',
      422,
      () => [
        rawPut('Content-Type: application/json'),
        JSON.stringify({ test_secret_key: { [marker]: marker } }),
      ],
    ],
    [
      'malformed JSON',
      400,
      () => [rawPut('Content-Type: application/json'), `{"test_secret_key": ${secret()}`],
    ],
    ['a malformed start', 400, () => [rawPut('Content-Type: application/json'), marker]],
    [
      'a poisoned body',
      400,
      () => [rawPut('Content-Type: application/json'), `{"__proto__": {"${marker}": "${marker}"}}`],
    ],
    ['the media type', 415, () => [rawPut(`Content-Type: application/${marker}`), '{}']],
    ['the charset', 415, () => [rawPut(`Content-Type: application/json; charset=${marker}`), '{}']],
    [
      'the encoding',
      415,
      () => [rawPut('Content-Type: application/json', `Content-Encoding: ${marker}`), '{}'],
    ],
    ['the project id', 422, () => [rawGet(configPath(marker))]],
    ['a malformed address', 400, () => [rawGet(configPath(`%zz${marker}`))]],
    ['an unknown address', 404, () => [rawGet(`/${marker}?${marker}=${marker}#${marker}`)]],
    ['the query', 404, () => [rawGet(`${configPath(UNKNOWN_ID)}?${marker}=${marker}`)]],
    ['the method', 400, () => [[`${marker} / HTTP/1.1`]]],
    ['the token', 401, () => [[`GET ${configPath(projectId)} HTTP/1.1`, `Authorization: Bearer ${marker}`]]],
    [
      'the scheme',
      401,
      () => [[`GET ${configPath(projectId)} HTTP/1.1`, `Authorization: ${marker} ${marker}`]],
    ],
    [
      'the subject',
      403,
      () => [[`GET ${configPath(projectId)} HTTP/1.1`, `Authorization: Bearer ${testToken(marker)}`]],
    ],
    [
      'other headers',
      404,
      () => [
        rawGet(
          '/nothing',
          `Accept: ${marker}, application/problem+json; profile=${marker}`,
          `X-Request-Id: ${marker}`,
          `Cookie: ${marker}=${marker}`,
          `User-Agent: ${marker}`,
          `Origin: https://${marker}.example`,
          `Referer: https://${marker}.example/`,
          `X-Forwarded-Host: ${marker}.example`,
          `${marker}: ${marker}`,
        ),
      ],
    ],
    ['the host', 404, () => [[`GET http://${marker}.example/nothing HTTP/1.1`]]],
    ['a header that is too large', 431, () => [rawGet('/nothing', `X-Y: ${marker.repeat(500)}`)]],
    ['a header that is malformed', 400, () => [rawGet('/nothing', `${marker} ${marker}`)]],
  ])('in %s', async (_, status, request) => {
    const [lines, body] = request();
    const response = await rawAnswer(lines, body);
    expect(response.status).toBe(status);
    const answered = `${response.text}\n${JSON.stringify([...response.headers])}`.toLowerCase();
    expect(windows.filter((window) => answered.includes(window.toLowerCase()))).toEqual([]);
  });

  it.each([
    [400, 'malformed_request', { statusCode: 422 }],
    [404, 'not_found', { statusCode: 404 }],
    [500, 'internal_error', { statusCode: 503 }],
    [500, 'internal_error', {}],
  ])('nor a message of the framework, which is answered %i %s', async (status, code, members) => {
    const prepare: TestServiceOptions['prepare'] = (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      fastify.addHook('onRequest', (_request, _reply, done) => {
        done(Object.assign(new Error(marker), members));
      });
    };
    const response = await withService({ prepare }, (other) => other.request('GET', configPath(projectId)));
    expectError(response, status, code);
    expect(response.text).not.toContain(marker);
  });
});

import { fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  testToken,
  type TestResponse,
  type TestService,
} from './support/service.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';

let service: TestService;
let mine: string;
let theirs: string;
let inactive: string;

beforeAll(async () => {
  service = await startTestService();
  mine = await service.createProject('alice');
  theirs = await service.createProject('bob');
  inactive = await service.createProject('bob');
  await service.request('DELETE', `/api/v1/projects/${inactive}`, { subject: 'bob' });
});
afterAll(() => service.stop());

/** Bodies that are wrong in every way in which a body can be refused. */
const WRONG_BODIES: [name: string, headers: string[], body: () => string][] = [
  ['a wrong media type', ['Content-Type: text/plain'], () => '{}'],
  ['a malformed media type', ['Content-Type: /;,'], () => '{}'],
  ['no media type', [], () => '{}'],
  ['a compressed body', ['Content-Type: application/json', 'Content-Encoding: gzip'], () => '{}'],
  ['malformed JSON', ['Content-Type: application/json'], () => '{'],
  ['no body', ['Content-Type: application/json'], () => ''],
  ['a poisoned body', ['Content-Type: application/json'], () => '{"__proto__": {}}'],
  ['a deep body', ['Content-Type: application/json'], () => '['.repeat(8_000)],
  ['10 MB', ['Content-Type: application/json'], () => ' '.repeat(10_000_000)],
  ['an unknown field', ['Content-Type: application/json'], () => '{"nonsense": null}'],
  ['a wrong value', ['Content-Type: application/json'], () => '{"test_secret_key": 1}'],
  [
    'a right value',
    ['Content-Type: application/json'],
    () => JSON.stringify({ test_secret_key: fakeCredential('test_secret_key') }),
  ],
];

describe.each(WRONG_BODIES)('with %s', (_, headers, body) => {
  const put = async (projectId: string, token: string | undefined): Promise<TestResponse> => {
    const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const start = `PUT ${configPath(projectId)} HTTP/1.1`;
    const [answer, ...rest] = await rawExchange(
      service.url,
      rawRequest([start, ...authorization, 'Connection: close', ...headers], body()),
    );
    if (answer === undefined || rest.length > 0) throw new Error('not exactly one response');
    return answer;
  };

  it.each([
    ['a wrong project id', () => 'x'],
    ['an unknown project', () => UNKNOWN_ID],
    ['an inactive project', () => inactive],
    ['a project of somebody else', () => theirs],
    ['an own project', () => mine],
  ])('the token is checked first: %s', async (_, projectId) => {
    expectError(await put(projectId(), undefined), 401, 'not_authenticated');
    expectError(await put(projectId(), 'x.y.z'), 401, 'invalid_token');
    expectError(await put(projectId(), testToken('alice', {}, { expiresIn: '-1h' })), 401, 'invalid_token');
  });

  it('the project id is checked next', async () => {
    expectInvalid(await put('x', testToken('alice')), [
      { loc: ['path', 'project_id'], type: 'invalid_uuid' },
    ]);
  });

  it('whether the project exists and is active is checked next, for its owner too', async () => {
    expectError(await put(UNKNOWN_ID, testToken('alice')), 404, 'project_not_found');
    expectError(await put(inactive, testToken('alice')), 404, 'project_not_found');
    expectError(await put(inactive, testToken('bob')), 404, 'project_not_found');
  });

  it('the owner is checked next, so that nothing about a stranger’s body is', async () => {
    expectError(await put(theirs, testToken('alice')), 403, 'not_project_owner');
    expectError(await put(theirs.toUpperCase(), testToken('alice')), 403, 'not_project_owner');
    const { json } = await service.request('GET', configPath(theirs), { subject: 'bob' });
    expect(json).toBeNull();
  });
});

describe('the body of the owner is checked in order:', () => {
  it.each([
    ['the media type before the size', 415, 'unsupported_media_type', 'text/plain', ' '.repeat(100_000)],
    ['the media type before the JSON', 415, 'unsupported_media_type', 'text/plain', '{'],
    ['the size before the JSON', 413, 'body_too_large', 'application/json', '{'.repeat(100_000)],
    [
      'the JSON before its members',
      400,
      'malformed_body',
      'application/json',
      '{"nonsense": 1, "test_secret_key": 1',
    ],
  ])('%s', async (_, status, code, type, body) => {
    expectError(
      await service.request('PUT', configPath(mine), { body, headers: { 'content-type': type } }),
      status,
      code,
    );
  });
});

describe.each(['GET', 'DELETE'])('%s', (method) => {
  it('checks token, project id, project and owner in the same order', async () => {
    const send = (projectId: string, subject: string | null) =>
      service.request(method, configPath(projectId), { subject });
    for (const id of ['x', UNKNOWN_ID, inactive, theirs])
      expectError(await send(id, null), 401, 'not_authenticated');
    expectInvalid(await send('x', 'alice'), [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
    expectError(await send(UNKNOWN_ID, 'alice'), 404, 'project_not_found');
    expectError(await send(inactive, 'alice'), 404, 'project_not_found');
    expectError(await send(theirs, 'alice'), 403, 'not_project_owner');
  });
});

it('HEAD is checked like GET', async () => {
  const statusOf = async (projectId: string, subject: string | null) =>
    (await service.request('HEAD', configPath(projectId), { subject })).status;
  expect(await statusOf(mine, null)).toBe(401);
  expect(await statusOf('x', 'alice')).toBe(422);
  expect(await statusOf(UNKNOWN_ID, 'alice')).toBe(404);
  expect(await statusOf(theirs, 'alice')).toBe(403);
  expect(await statusOf(mine, 'alice')).toBe(200);
});

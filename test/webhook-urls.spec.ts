import { request as httpRequest } from 'node:http';
import { expectError, expectInvalid } from './support/errors.js';
import {
  projectPath,
  startTestService,
  TEST_PUBLIC_URL,
  testToken,
  type RequestOptions,
  type TestService,
} from './support/service.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
  projectId = await service.createProject();
});
afterAll(() => service.stop());

const urls = (id = projectId, options: RequestOptions = {}) =>
  service.request('GET', projectPath(id, 'webhook-urls'), options);

const expected = () => ({
  test_webhook_url: `${TEST_PUBLIC_URL}/api/v1/payments/stripe/webhooks/${projectId}/test`,
  live_webhook_url: `${TEST_PUBLIC_URL}/api/v1/payments/stripe/webhooks/${projectId}/live`,
});

/** Sends a request with headers that `fetch` keeps for itself, and returns what came. */
function getWith(headers: Record<string, string>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${testToken('alice')}`;
    const request = httpRequest(
      service.url + projectPath(projectId, 'webhook-urls'),
      { headers: { authorization, ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode, json: JSON.parse(text) as unknown });
        });
      },
    );
    request.on('error', reject).end();
  });
}

it('are made of the public address, for both modes, before anything is configured', async () => {
  const { status, json, headers } = await urls();
  expect({ status, json }).toStrictEqual({ status: 200, json: expected() });
  expect(headers.get('cache-control')).toBe('no-store');
});

it.each([
  ['Host', 'evil.example'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'gopher'],
  ['X-Forwarded-Port', '666'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Original-Host', 'evil.example'],
  ['Forwarded', 'host=evil.example;proto=gopher'],
  ['Origin', 'https://evil.example'],
  ['Referer', 'https://evil.example/x'],
])('do not follow the header %s', async (name, value) => {
  expect(await getWith({ [name]: value })).toStrictEqual({ status: 200, json: expected() });
});

it('name the project in lower case', async () => {
  expect((await urls(projectId.toUpperCase())).json).toStrictEqual(expected());
});

it('are addresses that this service knows', async () => {
  for (const url of Object.values(expected())) {
    const answer = await service.request('POST', new URL(url).pathname, { subject: null, body: {} });
    expect(answer.json).toMatchObject({ code: 'webhook_not_found' });
  }
});

it('are for the owner, checked by token, project id, project and owner in this order', async () => {
  for (const id of ['x', UNKNOWN_ID, projectId]) {
    expectError(await urls(id, { subject: null }), 401, 'not_authenticated');
    expectError(await urls(id, { headers: { authorization: 'Bearer x.y.z' } }), 401, 'invalid_token');
  }
  expectInvalid(await urls('x', { subject: 'mallory' }), [
    { loc: ['path', 'project_id'], type: 'invalid_uuid' },
  ]);
  expectError(await urls(UNKNOWN_ID, { subject: 'mallory' }), 404, 'project_not_found');
  expectError(await urls(projectId, { subject: 'mallory' }), 403, 'not_project_owner');
});

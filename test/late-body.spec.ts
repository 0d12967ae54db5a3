import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { jest } from '@jest/globals';
import { HostProjects } from '../src/payments/http/access/project-ownership.guard.js';
import { AccessGuard } from '../src/payments/http/access/jwt-auth.guard.js';
import { expectError } from './support/errors.js';
import {
  configPath,
  projectPath,
  startTestService,
  testToken,
  toTestResponse,
  type TestResponse,
  type TestService,
} from './support/service.js';

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject('alice');
});
afterEach(() => {
  jest.restoreAllMocks();
});

const path = (rest: string) => `/api/v1/projects/${projectId}/${rest}`;
const give = (subject: string, role: string) =>
  service.request('PUT', path(`members/${subject}`), { body: { role } });

/** Until the guards have let the next request pass: the last of them asks this. */
function passed(object: HostProjects | AccessGuard, method: 'roleOf' | 'canActivate'): Promise<unknown> {
  return new Promise((resolve) => {
    const guard = object as unknown as Record<typeof method, (...args: unknown[]) => Promise<unknown>>;
    const original = guard[method].bind(object);
    jest.spyOn(guard, method).mockImplementation(async (...args) => {
      const answer = await original(...args);
      setImmediate(resolve);
      return answer;
    });
  });
}

/** Sends a request whose body comes only after something else has happened, behind the guards. */
async function sendLate(
  [method, address, body]: readonly [string, string, unknown],
  token: string,
  meanwhile: () => Promise<unknown> | undefined,
  guards = passed(service.app.get(HostProjects, { strict: false }), 'roleOf'),
): Promise<TestResponse> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const sent = request(new URL(address, service.url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    },
  });
  const answered = once(sent, 'response');
  sent.write(text.slice(0, 1));
  await guards;
  jest.restoreAllMocks();
  await meanwhile();
  sent.end(text.slice(1));
  const [answer] = (await answered) as [IncomingMessage];
  const headers = new Headers(answer.headers as Record<string, string>);
  const chunks = (await answer.toArray()) as Buffer[];
  return toTestResponse(answer.statusCode ?? 0, headers, Buffer.concat(chunks).toString());
}

/** Requests with a body, by what they need. */
const REQUESTS: [what: string, request: () => readonly [string, string, unknown]][] = [
  ['a member', () => ['PUT', path('members/evil'), { role: 'owner' }]],
  ['a service token', () => ['POST', path('service-tokens'), { name: 'x', role: 'owner' }]],
  ['credentials', () => ['PUT', configPath(projectId), {}]],
  ['a check of keys', () => ['POST', projectPath(projectId, 'validate-credentials'), {}]],
  ['a webhook endpoint', () => ['POST', projectPath(projectId, 'config/test/webhook-endpoint'), {}]],
  ['a replay of one event', () => ['POST', projectPath(projectId, 'events/test/evt_1/replay'), {}]],
  ['a replay', () => ['POST', projectPath(projectId, 'events/replay'), { mode: 'test' }]],
  ['malformed JSON', () => ['PUT', configPath(projectId), '{nonsense']],
];

it.each(REQUESTS)('who was removed while the body was on its way may nothing: %s', async (_, late) => {
  await give('bob', 'owner');
  const remove = () => service.request('DELETE', path('members/bob'));
  expectError(await sendLate(late(), testToken('bob'), remove), 403, 'not_project_owner');
  const { json } = await service.request('GET', path('members'));
  expect(json).toMatchObject({ members: [{ subject: 'alice' }] });
});

it('who was made a viewer while the body was on its way may no more than that', async () => {
  await give('bob', 'owner');
  const late = ['POST', path('service-tokens'), { name: 'x', role: 'viewer' }] as const;
  const answer = await sendLate(late, testToken('bob'), () => give('bob', 'viewer'));
  expectError(answer, 403, 'insufficient_role');
});

it('makes a token of no higher role than its maker has once the body is there', async () => {
  await give('bob', 'owner');
  const late = ['POST', path('service-tokens'), { name: 'x', role: 'owner' }] as const;
  const answer = await sendLate(late, testToken('bob'), () => give('bob', 'admin'));
  expectError(answer, 403, 'insufficient_role');
});

it('a service token that was revoked while the body was on its way may nothing', async () => {
  const body = { name: 'Pipeline', role: 'admin' };
  const { json } = await service.request('POST', path('service-tokens'), { body });
  const { id, token } = json as { id: string; token: string };
  const revoke = () => service.request('DELETE', path(`service-tokens/${id}`));
  const answer = await sendLate(['PUT', configPath(projectId), {}], token, revoke);
  expectError(answer, 401, 'service_token_revoked');
});

it('an access token that expired while the body was on its way is refused, also where no project is named', async () => {
  const later = Date.now() + 86_400_000;
  const expire = () => void jest.spyOn(Date, 'now').mockReturnValue(later);
  const guards = passed(service.app.get(AccessGuard, { strict: false }), 'canActivate');
  const late = ['POST', '/api/v1/projects', { name: 'x' }] as const;
  expectError(await sendLate(late, testToken('alice'), expire, guards), 401, 'invalid_token');
});

it('a late body of who still may is taken', async () => {
  const answer = await sendLate(['PUT', configPath(projectId), {}], testToken('alice'), () => undefined);
  expect(answer.status).toBe(200);
});

it('of a body that came with its headers the role is asked once', async () => {
  const roleOf = jest.spyOn(service.app.get(HostProjects, { strict: false }), 'roleOf');
  expect((await service.request('PUT', configPath(projectId), { body: {} })).status).toBe(200);
  expect(roleOf).toHaveBeenCalledTimes(1);
});

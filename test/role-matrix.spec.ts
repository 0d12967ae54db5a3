import { randomUUID } from 'node:crypto';
import { openApiDocument } from '../src/app/openapi.js';
import { PROJECT_ROLES, type ProjectRole } from '../src/payments/domain/project-access.js';
import { expectError } from './support/errors.js';
import { startTestService, type TestResponse, type TestService } from './support/service.js';

const CONFIG = '/api/v1/payments/stripe/projects/{project_id}/config';
const STRIPE = '/api/v1/payments/stripe/projects/{project_id}';
const PROJECT = '/api/v1/projects/{project_id}';

/** Names its projects in its body. */
const OF_PROJECTS = 'post /api/v1/service-tokens';

/** Who may do it: the least role of a person, and that of a service token. */
type Needed = [person: ProjectRole | 'anybody', token: ProjectRole | 'anybody' | 'none'];

/** Every operation that needs a caller. */
const OPERATIONS: Record<string, Needed> = {
  [`get ${CONFIG}`]: ['viewer', 'viewer'],
  [`put ${CONFIG}`]: ['admin', 'admin'],
  [`delete ${CONFIG}`]: ['owner', 'owner'],
  [`get ${CONFIG}/health`]: ['viewer', 'viewer'],
  [`get ${CONFIG}/history`]: ['viewer', 'viewer'],
  [`delete ${CONFIG}/{mode}/previous-webhook-secret`]: ['admin', 'admin'],
  [`get ${CONFIG}/{mode}/webhook-endpoint`]: ['viewer', 'viewer'],
  [`post ${CONFIG}/{mode}/webhook-endpoint`]: ['admin', 'admin'],
  [`delete ${CONFIG}/{mode}/webhook-endpoint`]: ['admin', 'admin'],
  [`get ${STRIPE}/events`]: ['viewer', 'viewer'],
  [`post ${STRIPE}/events/replay`]: ['admin', 'admin'],
  [`get ${STRIPE}/events/{mode}/{event_id}`]: ['admin', 'admin'],
  [`post ${STRIPE}/events/{mode}/{event_id}/replay`]: ['admin', 'admin'],
  [`post ${STRIPE}/validate-credentials`]: ['admin', 'admin'],
  [`get ${STRIPE}/webhook-urls`]: ['viewer', 'viewer'],
  [`get ${PROJECT}/members`]: ['admin', 'admin'],
  [`put ${PROJECT}/members/{subject}`]: ['owner', 'none'],
  // Of another member: see members.spec.ts for leaving.
  [`delete ${PROJECT}/members/{subject}`]: ['owner', 'none'],
  [`get ${PROJECT}/access-history`]: ['admin', 'admin'],
  [`get ${PROJECT}/service-tokens`]: ['admin', 'admin'],
  [`post ${PROJECT}/service-tokens`]: ['admin', 'none'],
  [`delete ${PROJECT}/service-tokens/{token_id}`]: ['admin', 'none'],
  [OF_PROJECTS]: ['admin', 'none'],
  'get /api/v1/service-tokens': ['anybody', 'none'],
  'delete /api/v1/service-tokens/{token_id}': ['anybody', 'none'],
  [`get ${PROJECT}`]: ['viewer', 'viewer'],
  [`delete ${PROJECT}`]: ['owner', 'none'],
  'get /api/v1/payments/projects': ['anybody', 'anybody'],
  'get /api/v1/projects': ['anybody', 'anybody'],
  'post /api/v1/projects': ['anybody', 'none'],
};

/** What is documented of a role beyond the table: everybody may leave. */
const DOCUMENTED: Record<string, string | undefined> = { [`delete ${PROJECT}/members/{subject}`]: 'viewer' };

interface Operation {
  'x-required-role'?: string;
  security?: unknown[];
  description: string;
  responses: Record<string, { description: string }>;
}

let service: TestService;
let documented: Record<string, Operation>;

beforeAll(async () => {
  service = await startTestService();
  const { paths } = JSON.parse(JSON.stringify(openApiDocument(service.app))) as {
    paths: Record<string, Record<string, Operation>>;
  };
  documented = Object.fromEntries(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [`${method} ${path}`, operation]),
    ),
  );
});
afterAll(() => service.stop());

it('the table has every operation of the document that needs a caller, with what the document says of it', () => {
  const found = Object.entries(documented).filter(([, { security }]) => security?.length !== 0);
  expect(found.map(([name]) => name).sort()).toEqual(Object.keys(OPERATIONS).sort());
  for (const [name, { 'x-required-role': role, responses, description }] of found) {
    const [person, token] = OPERATIONS[name] ?? [];
    const expected = name in DOCUMENTED ? DOCUMENTED[name] : person === 'anybody' ? undefined : person;
    expect([name, role]).toEqual([name, expected]);
    if (role !== undefined) expect(description).toContain(`Needs the role ${role}.`);
    const refuses = responses['403']?.description.includes('service_token_refused');
    expect([name, refuses]).toEqual([name, token === 'none']);
  }
});

/** A project with a member of each role, and a service token of each that its creator has made. */
async function makeProject() {
  const id = await service.createProject('creator');
  const project = `/api/v1/projects/${id}`;
  const tokens = {} as Record<ProjectRole, string>;
  for (const role of PROJECT_ROLES) {
    await service.request('PUT', `${project}/members/${role}`, { subject: 'creator', body: { role } });
    const { json } = await service.request('POST', `${project}/service-tokens`, {
      subject: 'creator',
      body: { name: role, role },
    });
    tokens[role] = (json as { token: string }).token;
  }
  return { id, tokens };
}

describe.each(Object.entries(OPERATIONS))('%s', (operation, [person, forTokens]) => {
  const [method = '', template = ''] = operation.split(' ');
  let id: string;
  let tokens: Record<ProjectRole, string>;

  beforeAll(async () => {
    ({ id, tokens } = await makeProject());
  });

  const ask = (by: { subject: string } | { token: string }): Promise<TestResponse> => {
    const address = template
      .replace('{project_id}', id)
      .replace('{mode}', 'test')
      .replace('{event_id}', 'evt_1')
      .replace('{subject}', 'somebody')
      .replace('{token_id}', randomUUID());
    const body = template.endsWith('{subject}') ? { role: 'viewer' } : {};
    const token = { name: 'x', role: 'viewer', project_ids: [id] };
    return service.request(method.toUpperCase(), address, {
      ...(method === 'put' && { body }),
      ...(operation === OF_PROJECTS && { body: token }),
      ...('token' in by
        ? { subject: null, headers: { authorization: `Bearer ${by.token}` } }
        : { subject: by.subject }),
    });
  };

  function expectAllowed({ status, json }: TestResponse): void {
    expect([status, json]).not.toEqual([401, expect.anything()]);
    expect([status, json]).not.toEqual([403, expect.anything()]);
    expect(status).toBeLessThan(500);
  }

  const rank = (role: ProjectRole | 'anybody'): number =>
    role === 'anybody' ? -1 : PROJECT_ROLES.indexOf(role);

  it('nobody without a token, nor with one that is none', async () => {
    const address = template.replaceAll(/\{\w+\}/g, id);
    const send = (headers: Record<string, string>) =>
      service.request(method.toUpperCase(), address, { subject: null, headers });
    expectError(await send({}), 401, 'not_authenticated');
    expectError(await send({ authorization: `Bearer nsc_${'0'.repeat(49)}` }), 401, 'service_token_invalid');
  });

  if (person !== 'anybody') {
    it('nobody without a role', async () => {
      const isHidden = [`get ${PROJECT}`, `delete ${PROJECT}`, OF_PROJECTS].includes(operation);
      expectError(
        await ask({ subject: 'stranger' }),
        isHidden ? 404 : 403,
        isHidden ? 'project_not_found' : 'not_project_owner',
      );
    });
  }

  it.each(PROJECT_ROLES)('a service token with the role %s', async (role) => {
    const answer = await ask({ token: tokens[role] });
    if (forTokens === 'none') expectError(answer, 403, 'service_token_refused');
    else if (rank(role) >= rank(forTokens)) expectAllowed(answer);
    else expectError(answer, 403, 'insufficient_role');
  });

  // The creator last: an owner may end the project.
  it.each([...PROJECT_ROLES, 'creator'] as const)('a person: %s', async (subject) => {
    const answer = await ask({ subject });
    const role = subject === 'creator' ? 'owner' : subject;
    if (rank(role) >= rank(person)) expectAllowed(answer);
    else expectError(answer, 403, 'insufficient_role');
  });
});

import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { jest } from '@jest/globals';
import pg from 'pg';
import { findAccessFaults } from '../src/app/access-trail/verify-access.js';
import { MAX_TOKENS } from '../src/app/service-tokens/service-token.service.js';
import { makeToken } from '../src/app/service-tokens/token-form.js';
import { ChangeAnnouncements } from '../src/payments/stripe-config/change-announcements.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { DataErasure } from '../src/payments/project-removal/data-erasure.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { configPath, projectPath, startTestService, testToken, type TestService } from './support/service.js';

type Json = Record<string, unknown>;
interface Made extends Json {
  id: string;
  token: string;
}

let service: TestService;
/** Another replica. */
let other: TestService;
let projectId: string;
const log: string[] = [];

beforeAll(async () => {
  const logDestination = { write: (line: string) => void log.push(line) };
  service = await startTestService({ logLevel: 'trace', logDestination });
  other = await startTestService({ database: service.database });
});
afterAll(async () => {
  await other.stop();
  await service.stop();
});
beforeEach(async () => {
  projectId = await service.createProject('alice');
});

const path = (rest: string) => `/api/v1/projects/${projectId}/${rest}`;
const post = (body: unknown, subject = 'alice') =>
  service.request('POST', path('service-tokens'), { subject, body });
const give = (subject: string, role: string) =>
  service.request('PUT', path(`members/${subject}`), { body: { role } });
const revoke = (id: string, subject = 'alice') =>
  service.request('DELETE', path(`service-tokens/${id}`), { subject });
const as = (token: string, method: string, address: string, body?: unknown, at = service) =>
  at.request(method, address, {
    subject: null,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body }),
  });
const getConfig = (token: string, at = service) => as(token, 'GET', configPath(projectId), undefined, at);
const putConfig = (token: string) => as(token, 'PUT', configPath(projectId), {});

async function make(role = 'admin', by = 'alice'): Promise<Made> {
  const { status, json } = await post({ name: 'Pipeline', role }, by);
  expect(status).toBe(201);
  return json as Made;
}

async function list(): Promise<Json[]> {
  const { json } = await service.request('GET', path('service-tokens'));
  return (json as { service_tokens: Json[] }).service_tokens;
}

it('is shown once, lists everything but itself, and is stored as a hash', async () => {
  const { status, json } = await post({ name: 'Pipeline', role: 'admin', expires_in_days: 365 });
  expect(status).toBe(201);
  const { token, ...shown } = json as Made;
  expect(token).toMatch(/^nsc_[0-9A-Za-z]{49}$/);
  expect(shown).toMatchObject({ name: 'Pipeline', role: 'admin', made_by: 'alice', last_used_at: null });
  const days = (Date.parse(String(shown.expires_at)) - Date.parse(String(shown.made_at))) / 86_400_000;
  expect(Math.round(days)).toBe(365);
  expect(await list()).toEqual([shown]);
  expect((await putConfig(token)).status).toBe(200);
  await eventually('its use is noted', async () => (await list())[0]?.last_used_at !== null);
  const rows = await service.database.query('SELECT * FROM service_tokens');
  expect(JSON.stringify(rows)).not.toContain(token.slice(4, 20));
});

it('has a name without white space around it', async () => {
  expect((await post({ name: '  Pipeline ❤️ ', role: 'viewer' })).status).toBe(201);
  expect(await list()).toMatchObject([{ name: 'Pipeline ❤️' }]);
});

it('may what its role says, in its project alone, and shows up there by its name', async () => {
  const [viewer, admin] = [await make('viewer'), await make('admin')];
  expect((await getConfig(viewer.token)).status).toBe(200);
  expectError(await putConfig(viewer.token), 403, 'insufficient_role');
  expect((await putConfig(admin.token)).status).toBe(200);
  const health = await as(viewer.token, 'GET', projectPath(projectId, 'config/health'));
  expect(health.json).toMatchObject({ caller_role: 'viewer' });
  const history = await service.request('GET', `${configPath(projectId)}/history`);
  expect(history.json).toMatchObject({
    changes: [{ actor: `service-token:${admin.id}`, actor_name: 'Pipeline (service token of alice)' }],
  });
  const another = await service.createProject('alice');
  expectError(await as(admin.token, 'GET', configPath(another)), 403, 'not_project_owner');
  for (const address of ['/api/v1/projects', '/api/v1/payments/projects']) {
    expect((await as(admin.token, 'GET', address)).json).toMatchObject({
      projects: [{ id: projectId, role: 'admin' }],
      total: 1,
    });
  }
  expect((await as(admin.token, 'GET', `/api/v1/projects/${projectId}`)).json).toMatchObject({
    role: 'admin',
  });
  expectError(await as(admin.token, 'GET', `/api/v1/projects/${another}`), 404, 'project_not_found');
});

it('never may more than its maker may now', async () => {
  await give('bob', 'admin');
  expectError(await post({ name: 'x', role: 'owner' }, 'bob'), 403, 'insufficient_role');
  const { token } = await make('admin', 'bob');
  expect((await putConfig(token)).status).toBe(200);
  await give('bob', 'viewer');
  expectError(await putConfig(token), 403, 'insufficient_role');
  expect((await getConfig(token)).status).toBe(200);
  expectError(await post({ name: 'x', role: 'viewer' }, 'bob'), 403, 'insufficient_role');
  await service.request('DELETE', path('members/bob'));
  expectError(await getConfig(token), 403, 'not_project_owner');
  expect((await as(token, 'GET', '/api/v1/projects')).json).toEqual({ projects: [], total: 0 });
  await give('bob', 'owner');
  expect((await putConfig(token)).status).toBe(200);
  await service.request('DELETE', `/api/v1/projects/${projectId}`);
  expectError(await getConfig(token), 404, 'project_not_found');
});

it('ends at once when it is revoked, in every replica', async () => {
  const { id, token } = await make('admin');
  for (const at of [service, other]) expect((await getConfig(token, at)).status).toBe(200);
  const heard = new Promise<void>((resolve) => {
    other.app.get(ChangeAnnouncements).subscribe((project) => {
      if (project === projectId) resolve();
    });
  });
  expect((await revoke(id)).status).toBe(204);
  expectError(await getConfig(token), 401, 'service_token_revoked');
  // Its role is gone with the next request, whatever the other replica remembers of it.
  expect([401, 403]).toContain((await getConfig(token, other)).status);
  await heard;
  expectError(await getConfig(token, other), 401, 'service_token_revoked');
  expect((await revoke(id)).status).toBe(204);
  expectError(await revoke(randomUUID()), 404, 'service_token_not_found');
  expectError(await revoke('x'), 404, 'service_token_not_found');
  expect(await list()).toEqual([]);
});

it('has no role once it is revoked while announcements are lost', async () => {
  const { id, token } = await make('admin');
  expect((await getConfig(token, other)).status).toBe(200);
  const announce = jest
    .spyOn(service.app.get(ChangeAnnouncements), 'announce')
    .mockImplementation(() => undefined);
  await revoke(id);
  expectError(await getConfig(token, other), 403, 'not_project_owner');
  announce.mockRestore();
});

it('ends when its time is over', async () => {
  const { id, token } = await make('viewer');
  await service.database.query(
    "UPDATE service_tokens SET expires_at = now() - interval '1 second' WHERE id = $1",
    [id],
  );
  expectError(await getConfig(token), 401, 'service_token_expired');
  expect(await list()).toMatchObject([{ id }]);
});

it('makes no tokens, changes no members and no projects, whatever its role', async () => {
  const { id, token } = await make('owner');
  const before = await list();
  for (const [method, address, body] of [
    ['POST', path('service-tokens'), { name: 'x', role: 'viewer' }],
    ['DELETE', path(`service-tokens/${id}`)],
    ['PUT', path('members/mallory'), { role: 'owner' }],
    ['DELETE', path('members/alice')],
    ['DELETE', path(`members/service-token:${id}`)],
    ['POST', '/api/v1/projects', { name: 'x' }],
    ['DELETE', `/api/v1/projects/${projectId}`],
  ] as const) {
    expectError(await as(token, method, address, body), 403, 'service_token_refused');
  }
  expect((await list()).map((row) => row.id)).toEqual(before.map((row) => row.id));
});

it('is nobody’s subject but its own', async () => {
  const { id } = await make('owner');
  const forged = testToken(`service-token:${id}`);
  expectError(await getConfig(forged), 401, 'invalid_token');
  const answer = await give(`service-token:${id}`, 'owner');
  expectInvalid(answer, [{ loc: ['path', 'subject'], type: 'out_of_range' }]);
});

it.each<[string, unknown, Json[]]>([
  ['no name', { role: 'viewer' }, [{ loc: ['body', 'name'], type: 'not_a_string' }]],
  ['an empty name', { name: '', role: 'viewer' }, [{ loc: ['body', 'name'], type: 'out_of_range' }]],
  [
    'white space as its name',
    { name: ' \u00a0 ', role: 'viewer' },
    [{ loc: ['body', 'name'], type: 'out_of_range' }],
  ],
  ...['a\nb', '\x1b[31mred', 'a\u202Eb', '\u200b', 'a\u2066b', 'a\ufeffb', '\u3164'].map(
    (name): [string, unknown, Json[]] => [
      `the name ${JSON.stringify(name)}`,
      { name, role: 'viewer' },
      [{ loc: ['body', 'name'], type: 'invalid_characters' }],
    ],
  ),
  [
    'a token as its name',
    { name: makeToken(), role: 'viewer' },
    [{ loc: ['body', 'name'], type: 'invalid_characters' }],
  ],
  ['no role', { name: 'x' }, [{ loc: ['body', 'role'], type: 'out_of_range' }]],
  ...[0, 366, 1.5, '30'].map((days): [string, unknown, Json[]] => [
    `${JSON.stringify(days)} days`,
    { name: 'x', role: 'viewer', expires_in_days: days },
    [{ loc: ['body', 'expires_in_days'], type: 'out_of_range' }],
  ]),
])('refuses %s', async (_, body, items) => {
  expectInvalid(await post(body), items as never);
  expect(await list()).toEqual([]);
});

it(`a project has ${MAX_TOKENS} that work at most, expired ones beside them, page by page`, async () => {
  await service.database.query(
    `INSERT INTO service_tokens (id, project_id, token_hash, name, role, made_by, made_at, expires_at)
     SELECT gen_random_uuid(), $1, gen_random_uuid(), 'Token ' || n, 'viewer', 'alice', now() - interval '1 day',
       now() + CASE WHEN n <= 3 THEN interval '-1 hour' ELSE interval '1 hour' END
     FROM generate_series(1, $2::integer) AS n`,
    [projectId, MAX_TOKENS + 2],
  );
  const answers = await Promise.all([1, 2, 3].map(() => post({ name: 'x', role: 'viewer' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expectError(await post({ name: 'x', role: 'viewer' }), 409, 'service_token_limit_reached');
  const found: unknown[] = [];
  for (let next: string | null = ''; next !== null;) {
    const { json } = await service.request(
      'GET',
      path(`service-tokens?limit=20${next && `&cursor=${next}`}`),
    );
    const page = json as { service_tokens: Made[]; next_cursor: string | null };
    found.push(...page.service_tokens.map(({ id }) => id));
    next = page.next_cursor;
  }
  expect(new Set(found).size).toBe(MAX_TOKENS + 3);
  expect(found).toHaveLength(MAX_TOKENS + 3);
});

/** How many statements look for tokens meanwhile. */
async function lookUpsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its client below
  const { query } = pg.Client.prototype;
  const sent = jest.spyOn(pg.Client.prototype, 'query');
  sent.mockImplementation(function (this: pg.Client, ...args: unknown[]): unknown {
    if ((args[0] as { name?: string }).name?.startsWith('service_tokens_find') === true) count += 1;
    const result: unknown = Reflect.apply(query, this, args);
    return result;
  });
  await work();
  sent.mockRestore();
  return count;
}

it('of an unknown one nothing is asked twice, of one with a wrong checksum nothing at all, and many share a statement', async () => {
  const unknown = Array.from({ length: 40 }, makeToken);
  const all = () =>
    Promise.all(
      unknown.map(async (token) => {
        expectError(await getConfig(token), 401, 'service_token_invalid');
      }),
    );
  const first = await lookUpsOf(all);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(unknown.length / 2);
  expect(await lookUpsOf(all)).toBe(0);
  const [one = ''] = unknown;
  const wrong = one.slice(0, -1) + (one.endsWith('x') ? 'y' : 'x');
  const asked = await lookUpsOf(async () => {
    for (const token of [wrong, 'nsc_', 'nsc_x', `${one}0`]) {
      expectError(await getConfig(token), 401, 'service_token_invalid');
    }
  });
  expect(asked).toBe(0);
});

it('a token in a wrong place is neither taken nor repeated, nor in the log', async () => {
  const { token } = await make('owner');
  const wrong = [
    await service.request('GET', `${configPath(projectId)}?access_token=${token}`, { subject: null }),
    await service.request('GET', `${configPath(projectId)}?${token}=1`),
    await service.request('GET', `${projectPath(projectId, 'events')}?object_id=${token}`),
    await service.request('GET', configPath(token)),
    await service.request('GET', `/api/v1/projects/${token}`),
    await service.request('PUT', configPath(projectId), { body: { [token]: '1' } }),
    await service.request('PUT', configPath(projectId), { body: { test_secret_key: token } }),
    await service.request('PUT', path(`members/${token}`), { body: { role: 'owner' } }),
    await service.request('DELETE', path(`service-tokens/${token}`)),
    await service.request('GET', configPath(projectId), { subject: null, headers: { authorization: token } }),
  ];
  expect(wrong.map(({ status }) => status)).toEqual([401, 422, 422, 422, 422, 422, 422, 422, 404, 401]);
  expect((await getConfig(token)).status).toBe(200);
  for (const { text } of wrong) expect(text).not.toContain(token.slice(4, 20));
  expect(log.join('\n')).toContain('service_token_revoked');
  expect(log.join('\n')).not.toContain('nsc_');
});

it('is in the trail of access: made, by whom, with which role, and revoked', async () => {
  const { id } = await make('admin');
  await revoke(id);
  const { json } = await service.request('GET', path('access-history'));
  const token = { token_id: id, token_name: 'Pipeline', subject: null, actor: 'alice' };
  expect(json).toMatchObject({
    changes: [
      { action: 'token_revoked', role_before: 'admin', role_after: null, ...token },
      { action: 'token_made', role_before: null, role_after: 'admin', ...token },
    ],
  });
  const faults = await findAccessFaults(typeormDatabase(service.app.get(DataSource)));
  expect(faults.filter((fault) => fault.projectId === projectId)).toEqual([]);
});

it('ends with the erasure of its maker, whom nothing names any more', async () => {
  const person = `person-${randomUUID()}`;
  await give(person, 'admin');
  const { id, token } = await make('viewer', person);
  const by = { actor: 'support', requestId: randomUUID() };
  await service.app.get(DataErasure).eraseOwner(person, by);
  expectError(await getConfig(token), 401, 'service_token_revoked');
  const rows = await service.database.query('SELECT * FROM service_tokens WHERE id = $1', [id]);
  expect(rows).toMatchObject([{ made_by: null }]);
  expect(JSON.stringify(await service.database.query('SELECT * FROM project_access_audit'))).not.toContain(
    person,
  );
});

import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { findAccessFaults } from '../src/app/access-trail/verify-access.js';
import { MAX_PROJECTS } from '../src/app/service-tokens/service-token.dto.js';
import { MAX_TOKENS, ServiceTokenService } from '../src/app/service-tokens/service-token.service.js';
import { MAKE_TOKEN } from '../src/app/service-tokens/service-token.statements.js';
import { prepareText } from '../src/payments/database/statement.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { DataErasure } from '../src/payments/project-removal/data-erasure.js';
import { ChangeAnnouncements } from '../src/payments/stripe-config/change-announcements.js';
import { expectError, expectInvalid, type ExpectedItem } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { configPath, startTestService, type TestService } from './support/service.js';

type Json = Record<string, unknown>;
interface Token extends Json {
  id: string;
  token: string;
}

const TOKENS = '/api/v1/service-tokens';

let service: TestService;
/** Another replica. */
let other: TestService;
let first: string;
let second: string;

beforeAll(async () => {
  service = await startTestService();
  other = await startTestService({ database: service.database });
});
afterAll(async () => {
  await other.stop();
  await service.stop();
});
beforeEach(async () => {
  first = await service.createProject('alice');
  second = await service.createProject('alice');
});

const post = (body: Json, subject = 'alice') =>
  service.request('POST', TOKENS, {
    subject,
    body: { name: 'Pipeline', role: 'admin', project_ids: [first, second], ...body },
  });
const give = (project: string, subject: string, role: string) =>
  service.request('PUT', `/api/v1/projects/${project}/members/${subject}`, { body: { role } });
const revoke = (id: string, subject = 'alice') => service.request('DELETE', `${TOKENS}/${id}`, { subject });
const take = (project: string, id: string, subject = 'alice') =>
  service.request('DELETE', `/api/v1/projects/${project}/service-tokens/${id}`, { subject });
const as = (token: string, address: string, at = service) =>
  at.request('GET', address, { subject: null, headers: { authorization: `Bearer ${token}` } });
const getConfig = (token: string, project: string, at = service) => as(token, configPath(project), at);

async function make(body: Json = {}, by = 'alice'): Promise<Token> {
  const { status, json } = await post(body, by);
  expect([status, json]).toEqual([201, expect.anything()]);
  return json as Token;
}

/** What is listed of a token at an address. */
async function shown(address: string, id: string, subject = 'alice'): Promise<Json[]> {
  const { json } = await service.request('GET', `${address}?limit=100`, { subject });
  return (json as { service_tokens: Token[] }).service_tokens.filter((token) => token.id === id);
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const listed = (project: string, id: string) => shown(`/api/v1/projects/${project}/service-tokens`, id);
const tokensOf = (project: string) =>
  service.database.query('SELECT id FROM service_tokens WHERE project_id = $1', [project]);

async function accessOf(project: string): Promise<Json[]> {
  const { json } = await service.request('GET', `/api/v1/projects/${project}/access-history`);
  return (json as { changes: Json[] }).changes;
}

async function faultsOf(...projects: string[]) {
  const faults = await findAccessFaults(typeormDatabase(service.app.get(DataSource)));
  return faults.filter(({ projectId }) => projects.includes(projectId));
}

it('works in each of its projects, which only its maker sees together', async () => {
  const { token, ...made } = await make({ project_ids: [second, first, second.toUpperCase()] });
  const ids = [first, second].sort();
  expect(made).toMatchObject({ project_ids: ids, made_by: 'alice', role: 'admin' });
  for (const project of ids) expect((await getConfig(token, project)).status).toBe(200);
  await eventually('its use is noted', async () => (await listed(second, made.id))[0]?.last_used_at !== null);
  const used = { last_used_at: expect.any(String) as unknown };
  expect(await shown(TOKENS, made.id)).toEqual([{ ...made, ...used }]);
  expect(await shown(TOKENS, made.id, 'bob')).toEqual([]);
  for (const project of ids) {
    const [row] = await listed(project, made.id);
    expect(row).toMatchObject({ is_shared: true, name: 'Pipeline' });
    expect(row).not.toHaveProperty('project_ids');
    expect(await accessOf(project)).toMatchObject([{ version: 1, action: 'token_made', token_id: made.id }]);
  }
  expect(await faultsOf(...ids)).toEqual([]);
  const third = await service.createProject('alice');
  expectError(await getConfig(token, third), 403, 'not_project_owner');
});

it('lists its projects page by page, each with its role there', async () => {
  await give(second, 'bob', 'admin');
  await give(first, 'bob', 'admin');
  const { token } = await make({}, 'bob');
  await give(second, 'bob', 'viewer');
  for (const address of ['/api/v1/projects', '/api/v1/payments/projects']) {
    const one = await as(token, `${address}?limit=1`);
    expect(one.json).toMatchObject({ projects: [{ id: first, role: 'admin' }], total: 2 });
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(one.headers.get('link') ?? '') ?? [];
    const two = await as(
      token,
      new URL(next, `${service.url}${address}`).pathname + new URL(next, service.url).search,
    );
    expect(two.json).toMatchObject({ projects: [{ id: second, role: 'viewer' }], total: 2 });
    expect(two.headers.get('link')).toBeNull();
  }
  for (const id of [first, second]) expect((await as(token, `/api/v1/projects/${id}`)).status).toBe(200);
});

it.each<[string, () => Promise<string>, [number, string], string?]>([
  ['another’s project', () => service.createProject('carol'), [404, 'project_not_found']],
  ['no project', () => Promise.resolve(randomUUID()), [404, 'project_not_found']],
  [
    'a deleted project',
    async () => {
      const id = await service.createProject('alice');
      await service.request('DELETE', `/api/v1/projects/${id}`);
      return id;
    },
    [404, 'project_not_found'],
  ],
  [
    'one where the caller is viewer',
    async () => {
      const id = await service.createProject('carol');
      const body = { role: 'viewer' };
      await service.request('PUT', `/api/v1/projects/${id}/members/alice`, { subject: 'carol', body });
      return id;
    },
    [403, 'insufficient_role'],
  ],
  [
    'one where the caller is admin, of a token for owners',
    async () => {
      const id = await service.createProject('carol');
      const body = { role: 'admin' };
      await service.request('PUT', `/api/v1/projects/${id}/members/alice`, { subject: 'carol', body });
      return id;
    },
    [403, 'insufficient_role'],
    'owner',
  ],
  ['a full one', () => full(), [409, 'service_token_limit_reached']],
])(
  'is made nowhere where one of its projects is %s',
  async (_, makeProject, [status, code], role = 'viewer') => {
    const id = await makeProject();
    const before = await tokensOf(id);
    const answer = await post({ project_ids: [first, id], role });
    expectError(answer, status, code);
    expect((answer.json as { detail: string }).detail).toMatch(/^In project_ids\[1\]: /);
    expect(await tokensOf(id)).toEqual(before);
    expect(await tokensOf(first)).toEqual([]);
    expect(await accessOf(first)).toEqual([]);
  },
);

it('makes nobody wait for projects that are none of theirs', async () => {
  const id = await service.createProject('carol');
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM projects WHERE id = $1 FOR UPDATE', [id]);
    expectError(await post({ project_ids: [first, id] }), 404, 'project_not_found');
  } finally {
    await client.end();
  }
});

it('asks for roles once more under the locks of its projects', async () => {
  const id = await service.createProject('carol');
  const made = service.app
    .get(ServiceTokenService)
    .make(
      [first, id],
      { name: 'Pipeline', role: 'viewer', expiresAt: new Date(inDays(1)) },
      { actor: 'alice', requestId: randomUUID() },
    );
  await expect(made).rejects.toMatchObject({ code: 'project_not_found' });
  expect(await tokensOf(first)).toEqual([]);
});

/** A project with as many tokens as it may have, but for some. */
async function full(room = 0): Promise<string> {
  const id = await service.createProject('alice');
  await service.database.query(
    `INSERT INTO service_tokens (id, project_id, token_hash, name, role, made_by, expires_at)
     SELECT gen_random_uuid(), $1, gen_random_uuid(), 'x', 'viewer', 'somebody', now() + interval '1 hour'
     FROM generate_series(1, $2::integer)`,
    [id, MAX_TOKENS - room],
  );
  return id;
}

it('keeps to the limit of each project when many are made at once, in whatever order', async () => {
  const id = await full(2);
  const orders = [0, 1, 2, 3].map((n) => ({ project_ids: n % 2 === 0 ? [first, id] : [id, first] }));
  const answers = await Promise.all(
    orders.map((body, n) =>
      (n < 2 ? service : other).request('POST', TOKENS, { body: { name: 'x', role: 'viewer', ...body } }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  expect(await tokensOf(first)).toHaveLength(2);
  expect(await tokensOf(id)).toHaveLength(MAX_TOKENS);
});

it('sees the tokens of a change for which it had to wait', async () => {
  const id = await full(1);
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  const { sql, order } = prepareText(MAKE_TOKEN, undefined);
  const values: Json = {
    project_ids: [id],
    token_id: randomUUID(),
    token_hash: 'x',
    token_name: 'x',
    role: 'viewer',
  };
  Object.assign(values, { expires_at: inDays(1), max: MAX_TOKENS, actor: 'alice', request_id: randomUUID() });
  try {
    await client.query('BEGIN');
    await client.query(
      sql,
      order.map((name) => values[name]),
    );
    const waiting = post({ project_ids: [first, id] });
    await eventually('it waits', async () => {
      const sql =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await service.database.query(sql)).length > 0;
    });
    await client.query('COMMIT');
    expectError(await waiting, 409, 'service_token_limit_reached');
  } finally {
    await client.end();
  }
  expect(await tokensOf(first)).toEqual([]);
});

it('loses one project, in every replica, and keeps the others', async () => {
  await give(first, 'bob', 'admin');
  const { id, token } = await make();
  for (const project of [first, second]) expect((await getConfig(token, project, other)).status).toBe(200);
  expect((await take(first, id, 'bob')).status).toBe(204);
  for (const at of [service, other]) {
    expectError(await getConfig(token, first, at), 403, 'not_project_owner');
    expect((await getConfig(token, second, at)).status).toBe(200);
  }
  expect((await as(token, '/api/v1/projects')).json).toMatchObject({ projects: [{ id: second }], total: 1 });
  expectError(await as(token, `/api/v1/projects/${first}`), 404, 'project_not_found');
  expect(await shown(TOKENS, id)).toMatchObject([{ project_ids: [second] }]);
  expect([await listed(first, id), await listed(second, id)]).toMatchObject([[], [{ is_shared: false }]]);
  expect(await accessOf(second)).toHaveLength(1);
  expect((await take(second, id)).status).toBe(204);
  expectError(await getConfig(token, second), 401, 'service_token_revoked');
  expect(await faultsOf(first, second)).toEqual([]);
});

it('is ended everywhere by its maker alone, and in every replica', async () => {
  await give(first, 'bob', 'owner');
  await give(second, 'bob', 'owner');
  await give(first, 'carol', 'admin');
  await give(second, 'carol', 'admin');
  const { id, token } = await make({}, 'carol');
  expect((await getConfig(token, second, other)).status).toBe(200);
  for (const subject of ['bob', 'alice', 'stranger']) {
    expectError(await revoke(id, subject), 404, 'service_token_not_found');
  }
  expectError(await revoke('x'), 404, 'service_token_not_found');
  expect((await getConfig(token, second)).status).toBe(200);
  // Also where its maker is nobody any more.
  await service.request('DELETE', `/api/v1/projects/${first}/members/carol`);
  const heard = new Set<string | undefined>();
  other.app.get(ChangeAnnouncements).subscribe((project) => heard.add(project));
  expect((await revoke(id.toUpperCase(), 'carol')).status).toBe(204);
  for (const project of [first, second]) {
    expectError(await getConfig(token, project), 401, 'service_token_revoked');
    const [last] = await accessOf(project);
    expect(last).toMatchObject({ action: 'token_revoked', actor: 'carol', token_id: id });
  }
  await eventually('both were announced', () => Promise.resolve(heard.has(first) && heard.has(second)));
  expectError(await getConfig(token, second, other), 401, 'service_token_revoked');
  expect((await revoke(id, 'carol')).status).toBe(204);
  expect(await shown(TOKENS, id, 'carol')).toEqual([]);
  expect(await faultsOf(first, second)).toEqual([]);
});

it('has no role anywhere once it is ended while announcements are lost', async () => {
  const { id, token } = await make();
  expect((await getConfig(token, second, other)).status).toBe(200);
  const announce = jest
    .spyOn(service.app.get(ChangeAnnouncements), 'announce')
    .mockImplementation(() => undefined);
  await revoke(id);
  for (const project of [first, second]) {
    expectError(await getConfig(token, project, other), 403, 'not_project_owner');
  }
  announce.mockRestore();
});

/** What took projects from a token is long over: no replica remembers it. */
const wasLongAgo = (id: string) =>
  service.database.query(
    "UPDATE service_tokens SET revoked_at = revoked_at - interval '11 seconds' WHERE id = $1",
    [id],
  );

it('is announced once more, without a lock, when who had no answer ends it again soon', async () => {
  await give(first, 'erin', 'admin');
  await give(second, 'erin', 'admin');
  const { id, token } = await make({}, 'erin');
  for (const project of [first, second]) expect((await getConfig(token, project, other)).status).toBe(200);
  const announce = jest
    .spyOn(service.app.get(ChangeAnnouncements), 'announce')
    .mockImplementation(() => undefined);
  // As where the answer to their commit is lost: they are done, and nobody is told.
  expect((await take(first, id)).status).toBe(204);
  expect((await revoke(id, 'erin')).status).toBe(204);
  announce.mockRestore();
  const again = jest.spyOn(other.app.get(ChangeAnnouncements), 'announce');
  const path = `/api/v1/projects/${first}/service-tokens/${id}`;
  expect((await other.request('DELETE', path, { subject: 'alice' })).status).toBe(204);
  expect(again.mock.calls).toEqual([[first]]);
  again.mockClear();
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM projects WHERE id = ANY ($1) FOR UPDATE', [[first, second]]);
    expect((await other.request('DELETE', `${TOKENS}/${id}`, { subject: 'erin' })).status).toBe(204);
  } finally {
    await client.end();
  }
  expect(again.mock.calls.flat().sort()).toEqual([first, second].sort());
  again.mockRestore();
  expect(await faultsOf(first, second)).toEqual([]);
});

it('is ended again later without a lock or a word, which a former member could ask for without end', async () => {
  await give(first, 'dave', 'admin');
  await give(second, 'dave', 'admin');
  const { id } = await make({}, 'dave');
  expect((await take(first, id)).status).toBe(204);
  await wasLongAgo(id);
  const announce = jest.spyOn(service.app.get(ChangeAnnouncements), 'announce');
  expect((await take(first, id)).status).toBe(204);
  expect(announce).not.toHaveBeenCalled();
  expect((await revoke(id, 'dave')).status).toBe(204);
  expect(announce.mock.calls).toEqual([[second]]);
  for (const project of [first, second]) {
    await service.request('DELETE', `/api/v1/projects/${project}/members/dave`);
  }
  await wasLongAgo(id);
  announce.mockClear();
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM projects WHERE id = ANY ($1) FOR UPDATE', [[first, second]]);
    expect((await revoke(id, 'dave')).status).toBe(204);
  } finally {
    await client.end();
  }
  expect(announce).not.toHaveBeenCalled();
  announce.mockRestore();
});

it('goes on in its other projects when one is deleted', async () => {
  const { id, token } = await make();
  await service.request('DELETE', `/api/v1/projects/${first}`);
  expectError(await getConfig(token, first), 404, 'project_not_found');
  expect((await getConfig(token, second)).status).toBe(200);
  expect(await shown(TOKENS, id)).toMatchObject([{ project_ids: [second] }]);
  expect(await listed(second, id)).toMatchObject([{ is_shared: false }]);
  expect((await revoke(id)).status).toBe(204);
  expect(await faultsOf(first, second)).toEqual([]);
});

it('ends in all projects with the erasure of its maker, whom nothing names any more', async () => {
  const person = `person-${randomUUID()}`;
  for (const project of [first, second]) await give(project, person, 'admin');
  const { id, token } = await make({}, person);
  await service.app.get(DataErasure).eraseOwner(person, { actor: 'support', requestId: randomUUID() });
  for (const project of [first, second]) {
    expectError(await getConfig(token, project), 401, 'service_token_revoked');
  }
  const rows = await service.database.query('SELECT made_by FROM service_tokens WHERE id = $1', [id]);
  expect(rows).toEqual([{ made_by: null }, { made_by: null }]);
  expect(await faultsOf(first, second)).toEqual([]);
});

it('lists a person’s tokens page by page', async () => {
  const person = `person-${randomUUID()}`;
  for (const project of [first, second]) await give(project, person, 'admin');
  const made: string[] = [];
  for (const name of ['a', 'b', 'c']) made.push((await make({ name }, person)).id);
  const found: string[] = [];
  for (let next: string | null = ''; next !== null;) {
    const { json } = await service.request('GET', `${TOKENS}?limit=2${next && `&cursor=${next}`}`, {
      subject: person,
    });
    const page = json as { service_tokens: Token[]; next_cursor: string | null };
    found.push(...page.service_tokens.map(({ id }) => id));
    next = page.next_cursor;
  }
  expect(found).toEqual(made);
});

it('expires when its maker says', async () => {
  const end = inDays(364);
  expect(await make({ expires_at: end.replace('Z', '+00:00') })).toMatchObject({ expires_at: end });
  expect(await make({ expires_at: end, expires_in_days: null })).toMatchObject({ expires_at: end });
  const { made_at, expires_at } = await make({ expires_at: null });
  const days = (Date.parse(String(expires_at)) - Date.parse(String(made_at))) / 86_400_000;
  expect(Math.round(days)).toBe(90);
});

const END = { loc: ['body', 'expires_at'], type: 'out_of_range' };
const IDS = ['body', 'project_ids'];
it.each<[string, Json, ExpectedItem[]]>([
  ['an end that is over', { expires_at: inDays(-1) }, [END]],
  ['an end in more than a year', { expires_at: inDays(365.1) }, [END]],
  ['an end without offset', { expires_at: inDays(1).slice(0, -1) }, [END]],
  ['an end that is no text', { expires_at: 1_900_000_000_000 }, [END]],
  ['two ends', { expires_at: inDays(1), expires_in_days: 1 }, [{ ...END, type: 'extra_forbidden' }]],
  ['no projects', { project_ids: [] }, [{ loc: IDS, type: 'out_of_range' }]],
  ['no list', { project_ids: randomUUID() }, [{ loc: IDS, type: 'not_a_list' }]],
  ['what is no text in the list', { project_ids: [1] }, [{ loc: IDS, type: 'not_a_list' }]],
  ['no id', { project_ids: [randomUUID(), 'x'] }, [{ loc: IDS, type: 'invalid_uuid' }]],
  [
    'too many projects',
    { project_ids: Array.from({ length: MAX_PROJECTS + 1 }, () => randomUUID()) },
    [{ loc: IDS, type: 'out_of_range' }],
  ],
])('refuses %s', async (_, body, items) => {
  expectInvalid(await post(body), items);
  expect(await tokensOf(first)).toEqual([]);
});

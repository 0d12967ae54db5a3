import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { firstHashOf } from '../src/app/access-trail/access-trail.statements.js';
import { findAccessFaults } from '../src/app/access-trail/verify-access.js';
import { MAX_MEMBERS, MemberService } from '../src/app/projects/members/member.service.js';
import { SET_MEMBER } from '../src/app/projects/members/member.statements.js';
import { ServiceTokenService } from '../src/app/service-tokens/service-token.service.js';
import { prepareText } from '../src/payments/database/statement.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { DataErasure } from '../src/payments/project-removal/data-erasure.js';
import { queryWithoutTriggers } from './support/database.js';
import { fakeCredential } from './support/credentials.js';
import { eventually } from './support/eventually.js';
import { expectError, expectInvalid } from './support/errors.js';
import { cleanUp, runProgram } from './support/process.js';
import { rawExchange } from './support/raw-http.js';
import { configPath, projectPath, startTestService, testToken, type TestService } from './support/service.js';

type Json = Record<string, unknown>;

const BY = { actor: 'support', requestId: '3c90c3cc-0d44-4b50-8888-8dd25736052a' };

const FIRST_HASH = firstHashOf({ id: 'id', ownerId: "'alice'::varchar", createdAt: 'created_at' });

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await cleanUp();
  await service.stop();
});
beforeEach(async () => {
  projectId = await service.createProject('alice');
});

const path = (rest: string) => `/api/v1/projects/${projectId}/${rest}`;
const memberPath = (subject: string) => path(`members/${encodeURIComponent(subject)}`);
const give = (subject: string, role: string, by = 'alice') =>
  service.request('PUT', memberPath(subject), { subject: by, body: { role } });
const remove = (subject: string, by = 'alice') =>
  service.request('DELETE', memberPath(subject), { subject: by });
const get = (rest: string, by = 'alice') => service.request('GET', path(rest), { subject: by });
const faults = () => findAccessFaults(typeormDatabase(service.app.get(DataSource)));

async function rolesOf(by = 'alice'): Promise<Json> {
  const { members } = (await get('members', by)).json as { members: { subject: string; role: string }[] };
  return Object.fromEntries(members.map(({ subject, role }) => [subject, role]));
}

async function history(): Promise<Json[]> {
  return ((await get('access-history')).json as { changes: Json[] }).changes;
}

/** Leaves nothing wrong behind for the next test. */
async function forget(): Promise<void> {
  for (const sql of [
    'DELETE FROM project_access_audit WHERE project_id = $1',
    'DELETE FROM project_members WHERE project_id = $1',
    'DELETE FROM service_tokens WHERE project_id = $1',
    `UPDATE projects SET owner_id = 'alice', is_active = true, access_version = 0, access_hash = ${FIRST_HASH} WHERE id = $1`,
  ]) {
    await queryWithoutTriggers(service.database, sql, [projectId]);
  }
}

it('a member may what the role says, from the next request on, and nothing once removed', async () => {
  const put = () => service.request('PUT', configPath(projectId), { subject: 'bob', body: {} });
  expectError(await put(), 403, 'not_project_owner');
  expect((await give('bob', 'viewer')).status).toBe(204);
  expectError(await put(), 403, 'insufficient_role');
  const changes = await service.request('GET', projectPath(projectId, 'config/history'), { subject: 'bob' });
  expect(changes.json).toEqual({ caller_role: 'viewer', changes: [], next_cursor: null });
  expect((await give('bob', 'admin')).status).toBe(204);
  expect((await put()).status).toBe(200);
  const health = await service.request('GET', projectPath(projectId, 'config/health'), { subject: 'bob' });
  expect(health.json).toMatchObject({ caller_role: 'admin' });
  const found = await service.request('GET', `/api/v1/projects/${projectId}`, { subject: 'bob' });
  expect(found.json).toMatchObject({ id: projectId, role: 'admin' });
  expectError(
    await service.request('DELETE', `/api/v1/projects/${projectId}`, { subject: 'bob' }),
    403,
    'insufficient_role',
  );
  expect((await remove('bob')).status).toBe(204);
  expectError(await put(), 403, 'not_project_owner');
});

it('lists all members with the creator, page by page, by their subjects', async () => {
  for (const [subject, role] of [
    ['bob', 'admin'],
    ['Zoë', 'viewer'],
    ['carol', 'owner'],
  ] as const) {
    await give(subject, role);
  }
  const found: Json[] = [];
  let next: string | null = '';
  while (next !== null) {
    const { json } = await get(`members?limit=2${next && `&cursor=${next}`}`);
    const { members, next_cursor } = json as { members: Json[]; next_cursor: string | null };
    expect(members.length).toBeLessThanOrEqual(2);
    found.push(...members);
    next = next_cursor;
  }
  expect(found.map(({ subject, role, is_creator }) => [subject, role, is_creator])).toEqual([
    ['Zoë', 'viewer', false],
    ['alice', 'owner', true],
    ['bob', 'admin', false],
    ['carol', 'owner', false],
  ]);
  expectInvalid(await get('members?cursor=bQ'), [{ loc: ['query', 'cursor'], type: 'invalid_cursor' }]);
});

it.each(['a/b?c#d%', 'https://id.example/users/7', 'auth0|5f7c', 'Jörg 店', '😀'.repeat(127)])(
  'takes any subject that a token may have: %s',
  async (subject) => {
    expect((await give(subject, 'viewer')).status).toBe(204);
    expect(await rolesOf()).toEqual({ alice: 'owner', [subject]: 'viewer' });
    expect((await remove(subject)).status).toBe(204);
    expect(await rolesOf()).toEqual({ alice: 'owner' });
  },
);

it.each(['\0', 'x'.repeat(256), fakeCredential('live_secret_key'), fakeCredential('test_webhook_secret')])(
  'refuses what is no subject, and repeats nothing of it: %#',
  async (subject) => {
    const answers = [await give(subject, 'viewer'), await remove(subject)];
    for (const answer of answers) {
      expectInvalid(answer, [{ loc: ['path', 'subject'], type: 'out_of_range' }]);
      expect(answer.text).not.toContain(subject);
    }
  },
);

it.each(['a\nb', '\x7f', 'bob\u202E', 'b\u200Bob', '\u2028', ' ', ' bob', 'bob\u00a0', '\u3164'])(
  'gives no role to who looks like somebody else or nobody, and removes them: %j',
  async (subject) => {
    expectInvalid(await give(subject, 'viewer'), [{ loc: ['path', 'subject'], type: 'out_of_range' }]);
    expectError(await remove(subject), 404, 'member_not_found');
  },
);

it.each(['%2E', '%2e%2E'])('gives no role to a subject that addresses lose: %s', async (segment) => {
  const body = '{"role":"viewer"}';
  const [answer] = await rawExchange(
    service.url,
    [
      `PUT ${path(`members/${segment}`)} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${testToken('alice')}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  expect(answer?.status).toBe(422);
  expect(answer?.text).toContain('could not be removed by an address');
  expect(await rolesOf()).toEqual({ alice: 'owner' });
});

it.each([[{}], [{ role: 'root' }], [{ role: null }], [{ role: ['owner'] }], [{ role: 'Owner' }]])(
  'refuses %j as a role',
  async (body) => {
    const answer = await service.request('PUT', memberPath('bob'), { body });
    expectInvalid(answer, [{ loc: ['body', 'role'], type: 'out_of_range' }]);
    expect(await rolesOf()).toEqual({ alice: 'owner' });
  },
);

it('the creator stays an owner, whoever asks, and other owners may all that owners may', async () => {
  await give('bob', 'owner');
  for (const role of ['viewer', 'admin']) {
    expectError(await give('alice', role, 'bob'), 409, 'creator_stays_owner');
  }
  expect((await give('alice', 'owner', 'bob')).status).toBe(204);
  expectError(await remove('alice', 'bob'), 409, 'creator_stays_owner');
  expectError(await remove('alice'), 409, 'creator_stays_owner');
  expect((await give('carol', 'viewer', 'bob')).status).toBe(204);
  expect((await service.request('DELETE', `/api/v1/projects/${projectId}`, { subject: 'bob' })).status).toBe(
    204,
  );
});

it('everybody may leave, and only owners change others', async () => {
  await give('bob', 'viewer');
  await give('carol', 'admin');
  expectError(await remove('carol', 'bob'), 403, 'insufficient_role');
  expectError(await remove('bob', 'carol'), 403, 'insufficient_role');
  expectError(await give('bob', 'admin', 'carol'), 403, 'insufficient_role');
  expectError(await give('bob', 'admin', 'bob'), 403, 'insufficient_role');
  expectError(await get('members', 'bob'), 403, 'insufficient_role');
  expect((await remove('bob', 'bob')).status).toBe(204);
  expectError(await remove('bob', 'bob'), 403, 'not_project_owner');
  expectError(await remove('bob'), 404, 'member_not_found');
});

it('of two owners who remove each other at once one stays', async () => {
  for (let round = 0; round < 3; round++) {
    await give('bob', 'owner');
    await give('carol', 'owner');
    const members = service.app.get(MemberService, { strict: false });
    const by = (actor: string) => ({ actor, requestId: randomUUID() });
    const removals = await Promise.allSettled([
      members.remove(projectId, 'bob', by('carol')),
      members.remove(projectId, 'carol', by('bob')),
    ]);
    expect(removals).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'insufficient_role' } },
    ]);
    expect(await rolesOf()).toEqual({ alice: 'owner', carol: 'owner' });
  }
  expect((await history()).filter(({ action }) => action === 'member_removed')).toHaveLength(3);
});

it('the statements of changes ask what their actor may', async () => {
  await give('bob', 'admin');
  const members = service.app.get(MemberService, { strict: false });
  const tokens = service.app.get(ServiceTokenService, { strict: false });
  const by = (actor: string) => ({ actor, requestId: randomUUID() });
  const expiresAt = new Date(Date.now() + 60_000);
  const { id } = await tokens.make([projectId], { name: 'x', role: 'admin', expiresAt }, by('bob'));
  const before = await history();
  for (const change of [
    members.set(projectId, 'bob', 'owner', by('bob')),
    members.remove(projectId, 'alice', by('bob')),
    tokens.make([projectId], { name: 'x', role: 'owner', expiresAt }, by('bob')),
    tokens.revoke(projectId, id, by('mallory')),
  ]) {
    await expect(change).rejects.toMatchObject({ code: 'insufficient_role' });
  }
  await expect(
    tokens.make([projectId], { name: 'x', role: 'viewer', expiresAt }, by('mallory')),
  ).rejects.toMatchObject({ code: 'project_not_found' });
  expect(await history()).toEqual(before);
});

it('takes its turn where more change at once than the database has connections', async () => {
  const subjects = Array.from({ length: 60 }, (_, index) => `member ${index}`);
  const answers = await Promise.all(subjects.map((subject) => give(subject, 'viewer')));
  expect(answers.map(({ status }) => status)).toEqual(subjects.map(() => 204));
});

it('a deleted project is nobody’s any more but its owners’, who may repeat the deletion', async () => {
  await give('bob', 'owner');
  await give('carol', 'admin');
  const del = (subject: string) => service.request('DELETE', `/api/v1/projects/${projectId}`, { subject });
  for (const by of ['bob', 'bob', 'alice']) expect((await del(by)).status).toBe(204);
  expectError(await del('carol'), 404, 'project_not_found');
  const find = (subject: string) => service.request('GET', `/api/v1/projects/${projectId}`, { subject });
  expect((await find('bob')).json).toMatchObject({ is_active: false, role: 'owner' });
  expectError(await find('carol'), 404, 'project_not_found');
  expectError(await get('members', 'bob'), 404, 'project_not_found');
  expectError(await give('dave', 'viewer'), 404, 'project_not_found');
  expect(await faults()).toEqual([]);
});

it(`has ${MAX_MEMBERS} members at most, also when many come at once`, async () => {
  await service.database.query(
    `INSERT INTO project_members (project_id, subject, role, project_created_at)
     SELECT $1, 'member ' || n, 'viewer', now() FROM generate_series(1, $2::integer) AS n`,
    [projectId, MAX_MEMBERS - 2],
  );
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((subject) => give(subject, 'viewer')));
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 204, 409, 409, 409]);
  // Who is a member already may have another role.
  expect((await give('member 1', 'admin')).status).toBe(204);
  expectError(await give('f', 'viewer'), 409, 'member_limit_reached');
  await forget();
});

describe('the trail of access', () => {
  it('tells who gave whom what, newest first, and nothing of what changed nothing', async () => {
    await give('bob', 'viewer');
    await give('bob', 'viewer');
    const { headers } = await give('bob', 'owner');
    await remove('bob', 'bob');
    expect(await history()).toMatchObject([
      {
        version: 3,
        action: 'member_removed',
        actor: 'bob',
        subject: 'bob',
        role_before: 'owner',
        role_after: null,
      },
      {
        ...{
          version: 2,
          action: 'member_changed',
          actor: 'alice',
          role_before: 'viewer',
          role_after: 'owner',
        },
        request_id: headers.get('x-request-id'),
      },
      { version: 1, action: 'member_added', subject: 'bob', role_before: null, role_after: 'viewer' },
    ]);
    const { changes, next_cursor } = (await get('access-history?limit=2')).json as {
      changes: Json[];
      next_cursor: string;
    };
    expect(changes.map(({ version }) => version)).toEqual([3, 2]);
    expect((await get(`access-history?limit=2&cursor=${next_cursor}`)).json).toMatchObject({
      changes: [{ version: 1 }],
      next_cursor: null,
    });
  });

  it('is one chain, however many change at once', async () => {
    const subjects = Array.from({ length: 8 }, (_, index) => `member ${index % 4}`);
    const answers = await Promise.all(
      subjects.map((subject, index) => give(subject, index % 2 === 0 ? 'viewer' : 'admin')),
    );
    expect(answers.map(({ status }) => status)).toEqual(subjects.map(() => 204));
    expect(await faults()).toEqual([]);
    const rows = (await history()).toReversed();
    // What each row says was before is what the row before it said.
    const roles: Json = {};
    for (const { subject, role_before, role_after } of rows) {
      expect([subject, role_before]).toEqual([subject, roles[String(subject)] ?? null]);
      roles[String(subject)] = role_after;
    }
    expect(await rolesOf()).toEqual({ alice: 'owner', ...roles });
  });

  it('says what was before also where a change had to wait for another', async () => {
    const other = new pg.Client({ connectionString: service.database.url });
    await other.connect();
    try {
      const { sql, order } = prepareText(SET_MEMBER, undefined);
      const values: Json = { project_id: projectId, subject: 'bob', role: 'viewer', max: MAX_MEMBERS };
      Object.assign(values, { actor: BY.actor, request_id: BY.requestId, enough: null });
      await other.query('BEGIN');
      await other.query(
        sql,
        order.map((name) => values[name]),
      );
      const waiting = give('bob', 'admin');
      await eventually('it waits', async () => {
        const rows = await service.database.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return rows.length > 0;
      });
      await other.query('COMMIT');
      expect((await waiting).status).toBe(204);
    } finally {
      await other.end();
    }
    expect(await history()).toMatchObject([
      { version: 2, action: 'member_changed', role_before: 'viewer', role_after: 'admin' },
      { version: 1, action: 'member_added', role_before: null, role_after: 'viewer', actor: 'support' },
    ]);
    expect(await faults()).toEqual([]);
  });

  it.each<[what: string, sql: string, found: Json[]]>([
    [
      'another role in a row',
      "UPDATE project_access_audit SET role_after = 'owner' WHERE project_id = $1 AND version = 2",
      [
        { version: 2, fault: 'edited' },
        { version: 2, fault: 'role unknown to the trail' },
      ],
    ],
    [
      'another actor',
      "UPDATE project_access_audit SET actor = 'mallory' WHERE project_id = $1 AND version = 2",
      [{ version: 2, fault: 'edited' }],
    ],
    [
      'a subject without its salt',
      'UPDATE project_access_audit SET subject_salt = NULL WHERE project_id = $1 AND version = 1',
      [{ version: 1, fault: 'edited' }],
    ],
    [
      'a missing row',
      'DELETE FROM project_access_audit WHERE project_id = $1 AND version = 2',
      [
        { version: 0, fault: 'role unknown to the trail' },
        { version: 2, fault: 'missing or moved' },
        { version: 3, fault: 'chain broken' },
      ],
    ],
    [
      'a missing last row',
      'DELETE FROM project_access_audit WHERE project_id = $1 AND version = 3',
      [
        { version: 1, fault: 'role unknown to the trail' },
        { version: 3, fault: 'missing or moved' },
        { version: 4, fault: 'chain broken' },
      ],
    ],
    [
      'a role that was given by hand',
      "UPDATE project_members SET role = 'owner' WHERE project_id = $1 AND subject = 'bob'",
      [{ version: 3, fault: 'role unknown to the trail' }],
    ],
    [
      'a member who was added by hand',
      "INSERT INTO project_members VALUES ($1, 'mallory', 'owner', now(), now())",
      [{ version: 0, fault: 'role unknown to the trail' }],
    ],
    [
      'a member who was removed by hand',
      "DELETE FROM project_members WHERE project_id = $1 AND subject = 'carol'",
      [{ version: 2, fault: 'role lost' }],
    ],
    [
      'another creator',
      "UPDATE projects SET owner_id = 'mallory' WHERE id = $1",
      [{ version: 0, fault: 'owner unknown to the trail' }],
    ],
    [
      'a project that was deactivated by hand',
      'UPDATE projects SET is_active = false WHERE id = $1',
      [{ version: 0, fault: 'deletion unknown to the trail' }],
    ],
    ...[
      "role = 'owner'",
      "name = 'Other'",
      "expires_at = expires_at + interval '1 year'",
      "made_by = 'mallory'",
      "token_hash = 'another'",
      'revoked_at = now()',
    ].map((set): [string, string, Json[]] => [
      `a token with another ${set}`,
      `UPDATE service_tokens SET ${set} WHERE project_id = $1`,
      [{ version: 4, fault: 'token unknown to the trail' }],
    ]),
    [
      'a token that was made by hand',
      `INSERT INTO service_tokens SELECT gen_random_uuid(), project_id, 'hash', name, role, made_by, made_at, expires_at
       FROM service_tokens WHERE project_id = $1`,
      [{ version: 0, fault: 'token unknown to the trail' }],
    ],
    [
      'a token that was removed by hand',
      'DELETE FROM service_tokens WHERE project_id = $1',
      [{ version: 4, fault: 'token lost' }],
    ],
  ])('shows %s', async (_, sql, found) => {
    await give('bob', 'viewer');
    await give('carol', 'viewer');
    await give('bob', 'admin');
    await service.request('POST', path('service-tokens'), { body: { name: 'Pipeline', role: 'viewer' } });
    expect(await faults()).toEqual([]);
    await queryWithoutTriggers(service.database, sql, [projectId]);
    expect(await faults()).toEqual(found.map((fault) => ({ projectId, trail: 'access', ...fault })));
    await forget();
  });

  it('shows a token whose revocation was taken back, and none that is as it was', async () => {
    const body = { name: 'Pipeline', role: 'viewer' };
    const { json } = await service.request('POST', path('service-tokens'), { body });
    await service.request('DELETE', path(`service-tokens/${String((json as Json).id)}`));
    expect(await faults()).toEqual([]);
    const sql = 'UPDATE service_tokens SET revoked_at = NULL WHERE project_id = $1';
    await queryWithoutTriggers(service.database, sql, [projectId]);
    expect(await faults()).toMatchObject([{ version: 1, fault: 'token unknown to the trail' }]);
    await forget();
  });

  it('shows the trail of a project that was removed by hand, also the last by its id', async () => {
    const id = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
    const create = `INSERT INTO projects (id, owner_id, name, access_hash) SELECT $1, 'alice', 'Last',
      ${firstHashOf({ id: '$1::uuid', ownerId: "'alice'::varchar", createdAt: 'now()::timestamptz(3)' })}`;
    await service.database.query(create, [id]);
    await service.request('PUT', `/api/v1/projects/${id}/members/bob`, { body: { role: 'viewer' } });
    expect(await faults()).toEqual([]);
    await queryWithoutTriggers(service.database, 'DELETE FROM project_members WHERE project_id = $1', [id]);
    await queryWithoutTriggers(service.database, 'DELETE FROM projects WHERE id = $1', [id]);
    expect(await faults()).toMatchObject([
      { projectId: id, version: 1, fault: 'missing or moved' },
      { projectId: id, version: 1, fault: 'role lost' },
    ]);
    const forgotten = 'DELETE FROM project_access_audit WHERE project_id = $1';
    await queryWithoutTriggers(service.database, forgotten, [id]);
  });

  it('is verified by the command that verifies the trail of configurations', async () => {
    const verify = async () => {
      const program = runProgram('dist/cli/audit.js', ['verify'], { DATABASE_URL: service.database.url });
      return { code: await program.exit(), output: program.stdout };
    };
    await give('bob', 'viewer');
    expect(await verify()).toMatchObject({ code: 0 });
    await queryWithoutTriggers(
      service.database,
      "UPDATE project_members SET role = 'owner' WHERE project_id = $1",
      [projectId],
    );
    const { code, output } = await verify();
    expect(code).toBe(1);
    expect(output).toContain('role unknown to the trail');
    await forget();
  });

  it.each([
    'DELETE FROM project_access_audit',
    'TRUNCATE project_access_audit',
    "UPDATE project_access_audit SET role_after = 'owner'",
    "UPDATE project_access_audit SET actor = 'mallory', actor_salt = NULL",
    "UPDATE project_access_audit SET subject = 'mallory'",
  ])('refuses %s', async (sql) => {
    await give('bob', 'viewer');
    await expect(service.database.query(sql)).rejects.toThrow(/append-only|can be erased/);
  });
});

it('erases a person: the roles in others’ projects, and the name in the trail, which is still whole', async () => {
  const person = `person ${randomUUID()}`;
  await give(person, 'owner');
  await give('bob', 'viewer', person);
  await give(person, 'admin');
  const theirs = await service.createProject(person);
  const erasure = service.app.get(DataErasure);
  for (let round = 0; round < 2; round++) {
    expect(await erasure.eraseOwner(person, BY)).toMatchObject({ projects: [theirs] });
    expect(await rolesOf()).toEqual({ alice: 'owner', bob: 'viewer' });
  }
  const rows = await service.database.query('SELECT * FROM project_access_audit');
  expect(JSON.stringify(rows)).not.toContain(person);
  expect(await history()).toMatchObject([
    { action: 'member_removed', actor: 'support', subject: null },
    { action: 'member_changed', actor: 'alice', subject: null },
    { action: 'member_added', actor: null, subject: 'bob' },
    { action: 'member_added', actor: 'alice', subject: null },
  ]);
  expect(await faults()).toEqual([]);
  // The project of somebody else was not erased with its member.
  expect((await get('members')).status).toBe(200);
});

it('removes nobody twice when several erase the same person', async () => {
  await give('eve', 'viewer');
  const members = service.app.get(MemberService);
  await Promise.all([members.removeFromAll('eve', BY), members.removeFromAll('eve', BY)]);
  expect(((await history()) as { action: string }[]).map(({ action }) => action)).toEqual([
    'member_removed',
    'member_added',
  ]);
});

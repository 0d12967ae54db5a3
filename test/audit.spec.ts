import { randomUUID } from 'node:crypto';
import { openCommandDatabase } from '../src/app/command-database.js';
import { FIND_AUDIT_FAULTS } from '../src/payments/audit/audit.statements.js';
import { PAYMENTS_DATABASE, type Database } from '../src/payments/database/database.js';
import { runWithin } from '../src/payments/database/run-statement.js';
import { migrate } from '../src/app/migrate.js';
import type { AuditEntryEntity } from '../src/payments/audit/audit-entry.entity.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { personDigestOf } from '../src/payments/database/hash-chain.js';
import { entryHashOf } from '../src/payments/stripe-config/audit-trail.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../src/payments/domain/credentials.js';
import { Canaries } from './support/canaries.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, queryWithoutTriggers, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { cleanUp, runProgram } from './support/process.js';
import {
  configPath,
  startTestService,
  testKeyRing,
  type RequestOptions,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { flat, setPart } from './support/stored-config.js';
import { createConfig } from './support/written-changes.js';

type Row = Record<string, unknown>;
type Credentials = Partial<Record<CredentialField, string>>;

const keyRing = testKeyRing();
let database: TestDatabase;
let service: TestService;
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService({ database, keyRing });
});
afterAll(async () => {
  await cleanUp();
  await service.stop();
  await database.drop();
});
beforeEach(async () => {
  projectId = await service.createProject();
});

const send = (method: string, options: RequestOptions = {}) =>
  service.request(method, configPath(projectId), options);
const put = (body: unknown, options: RequestOptions = {}) => send('PUT', { ...options, body });
const del = () => send('DELETE');
const faults = () => findAuditFaults(service.app.get<Database>(PAYMENTS_DATABASE));

async function trail(id = projectId): Promise<AuditEntryEntity[]> {
  return database.query<AuditEntryEntity>(
    'SELECT * FROM stripe_config_audit WHERE project_id = $1 ORDER BY version',
    [id],
  );
}

async function config(id = projectId): Promise<Row | undefined> {
  const [row] = await database.query('SELECT * FROM stripe_configs WHERE project_id = $1', [id]);
  return row && flat(row);
}

/** Everything there is of the project but the sealed values: a stored credential that is written again is sealed again, which repairs a damaged one. */
async function everything(id = projectId): Promise<object> {
  const row = await config(id);
  const shown = Object.entries(row ?? {}).filter(([name]) => !name.endsWith('_sealed'));
  return { config: row && Object.fromEntries(shown), trail: await trail(id) };
}

const masksOf = (credentials: Credentials) =>
  Object.fromEntries(
    Object.entries(credentials).map(([field, value]) => [
      field,
      expectedMask(field as CredentialField, value),
    ]),
  );
const nulls = (fields: readonly string[]) => Object.fromEntries(fields.map((field) => [field, null]));

describe('a change', () => {
  it('writes one row: who, in which request, when, what, from which masks to which', async () => {
    projectId = await service.createProject('bob');
    const first = {
      test_secret_key: fakeCredential('test_secret_key', 1),
      live_webhook_secret: fakeCredential('live_webhook_secret', 1),
    };
    const second = {
      test_secret_key: fakeCredential('test_secret_key', 2),
      test_publishable_key: fakeCredential('test_publishable_key', 2),
    };
    const third = { live_secret_key: fakeCredential('live_secret_key', 3) };
    const merged = { ...first, ...second };
    const STEPS: [action: string, body: Credentials | null, before: Row, after: Row][] = [
      ['created', first, nulls(Object.keys(first)), masksOf(first)],
      [
        'updated',
        second,
        { ...masksOf({ test_secret_key: first.test_secret_key }), test_publishable_key: null },
        masksOf(second),
      ],
      ['deleted', null, masksOf(merged), nulls(Object.keys(merged))],
      ['reactivated', third, { live_secret_key: null }, masksOf(third)],
      ['deleted', null, masksOf(third), { live_secret_key: null }],
      ['reactivated', {}, {}, {}],
    ];
    let previous: Buffer = Buffer.alloc(0);
    for (const [index, [action, body, before, after]] of STEPS.entries()) {
      const { headers } = await send(body === null ? 'DELETE' : 'PUT', {
        subject: 'bob',
        ...(body !== null && { body }),
      });

      const rows = await trail();
      const row = await config();
      const fields = CREDENTIAL_FIELDS.filter((field) => field in after);
      const fingerprints = fields.map((field) => [field, row?.[`${field}_fingerprint`] ?? null]);
      expect(rows).toHaveLength(index + 1);
      expect(rows.at(-1)).toStrictEqual({
        project_id: projectId,
        version: index + 1,
        action,
        actor: 'bob',
        actor_salt: expect.any(String) as string,
        actor_digest: expect.any(Buffer) as Buffer,
        request_id: headers.get('x-request-id'),
        changed_at: new Date(Number(row?.updated_at)),
        fields: fields.toSorted(),
        masks_before: before,
        masks_after: after,
        fingerprints_after: Object.fromEntries(fingerprints) as unknown,
        previous_hash: previous,
        hash: expect.any(Buffer) as unknown,
      });
      expect(row).toMatchObject({ version: index + 1, changed_by: 'bob' });
      previous = rows.at(-1)?.hash ?? previous;
    }
  });

  it('that writes the stored secrets again is none', async () => {
    const secrets = {
      test_secret_key: fakeCredential('test_secret_key'),
      live_webhook_secret: fakeCredential('live_webhook_secret'),
    };
    await put(secrets);
    await put(secrets);
    expect(await trail()).toMatchObject([{ action: 'created', masks_after: masksOf(secrets) }]);
  });
});

describe('no change', () => {
  const credentials = {
    test_secret_key: fakeCredential('test_secret_key'),
    test_publishable_key: fakeCredential('test_publishable_key'),
    live_publishable_key: fakeCredential('live_publishable_key'),
    live_webhook_secret: fakeCredential('live_webhook_secret'),
  };
  const { test_publishable_key, live_publishable_key } = credentials;
  const fresh = { live_secret_key: fakeCredential('live_secret_key') };

  it.each<[string, number, () => Promise<TestResponse>]>([
    ['an empty PUT', 200, () => put({})],
    ['a PUT of nulls', 200, () => put(nulls(CREDENTIAL_FIELDS))],
    ['a PUT of masks', 200, () => put(masksOf(credentials))],
    ['a PUT of the stored publishable keys', 200, () => put({ test_publishable_key, live_publishable_key })],
    [
      'a PUT of a stored publishable key with white space, and masks',
      200,
      () => put({ ...masksOf(credentials), test_publishable_key: ` ${test_publishable_key}\n` }),
    ],
    ['a GET', 200, () => send('GET')],
    ['a wrong value', 422, () => put({ ...fresh, test_secret_key: '' })],
    ['a foreign mask', 422, () => put({ ...fresh, test_secret_key: masksOf(fresh).live_secret_key })],
    [
      'the webhook secret of the other mode',
      422,
      () => put({ ...fresh, test_webhook_secret: credentials.live_webhook_secret }),
    ],
    ['a malformed body', 400, () => put('{')],
    ['a failed precondition', 412, () => put(fresh, { headers: { 'if-match': '"9"' } })],
    ['a stranger', 403, () => put(fresh, { subject: 'mallory' })],
    ['nobody', 401, () => put(fresh, { subject: null })],
  ])('by %s moves the version, a time or the trail', async (_, status, request) => {
    await put(credentials);
    const before = await everything();
    expect((await request()).status).toBe(status);
    expect(await everything()).toStrictEqual(before);
  });

  it('by a second DELETE moves anything', async () => {
    await put(credentials);
    await del();
    const before = await everything();
    expect((await del()).status).toBe(204);
    expect(await everything()).toStrictEqual(before);
  });

  it('by a DELETE of nothing leaves a row', async () => {
    expect((await del()).status).toBe(404);
    expect(await everything()).toEqual({ config: undefined, trail: [] });
  });
});

describe('the database refuses', () => {
  beforeEach(async () => {
    await put({ test_secret_key: fakeCredential('test_secret_key') });
  });
  /** Expects even the owner of the database to be refused. */
  async function expectRefused(statement: string, code = '42501'): Promise<void> {
    const before = await everything();
    await expect(database.query(statement)).rejects.toMatchObject({ code });
    expect(await everything()).toStrictEqual(before);
  }

  it.each([
    `UPDATE stripe_config_audit SET actor = 'mallory'`,
    'UPDATE stripe_config_audit SET actor = NULL',
    'UPDATE stripe_config_audit SET actor_salt = NULL',
    'UPDATE stripe_config_audit SET actor = NULL, actor_salt = NULL, request_id = gen_random_uuid()',
    'UPDATE stripe_config_audit SET version = version + 1',
    'DELETE FROM stripe_config_audit',
    'DELETE FROM stripe_config_audit WHERE version = 1',
    'TRUNCATE stripe_config_audit',
    'DELETE FROM stripe_configs',
    'TRUNCATE stripe_configs',
    'TRUNCATE stripe_configs, stripe_config_audit CASCADE',
  ])('%s', (statement) => expectRefused(statement));

  it.each([
    'id = gen_random_uuid()',
    'project_id = gen_random_uuid()',
    'is_active = false',
    `created_at = created_at - interval '1 day'`,
    `updated_at = updated_at + interval '1 day'`,
    `changed_by = 'mallory'`,
    'change_request_id = gen_random_uuid()',
    ...['test', 'live'].map((mode) => `configured_at = jsonb_set(configured_at, '{${mode}}', '1')`),
    ...CREDENTIAL_FIELDS.map((field) => setPart(field, 'masked', "'x'::text")),
  ])('to set %s without a new version', async (assignment) => {
    await expectRefused(`UPDATE stripe_configs SET ${assignment} WHERE project_id = '${projectId}'`);
  });

  it.each(
    CREDENTIAL_FIELDS.flatMap((field) => [
      [field, `fingerprints - '${field}'`],
      [field, `fingerprints || '{"${field}": null}'`],
      [field, `fingerprints || '{"${field}": 1}'`],
    ]),
  )('to remove %s without a new version, with %s', async (field, fingerprints) => {
    await put(Object.fromEntries(CREDENTIAL_FIELDS.map((each) => [each, fakeCredential(each)])));
    await expectRefused(
      `UPDATE stripe_configs SET sealed = sealed - '${field}', shown = shown - '${field}', fingerprints = ${fingerprints}
       WHERE project_id = '${projectId}'`,
    );
  });

  it.each([
    `fingerprints = fingerprints || '{"test_secret_key": null}'`,
    `fingerprints = fingerprints || '{"other": null}'`,
    `fingerprints = fingerprints || '{"other": 1}'`,
    `expires_at = expires_at || '{"other": null}'`,
    `expires_at = expires_at || '{"other": "1"}'`,
  ])('a member that belongs to no sealed value, or is of another type: %s', async (assignment) => {
    await expectRefused(
      `UPDATE stripe_configs SET ${assignment}, version = version + 1 WHERE project_id = '${projectId}'`,
      '23514',
    );
  });

  it.each(['version + 2', 'version - 1', '0'])('a version that becomes %s', async (version) => {
    await expectRefused(
      `UPDATE stripe_configs SET version = ${version} WHERE project_id = '${projectId}'`,
      '23514',
    );
  });

  it('a first version other than 1', async () => {
    await expectRefused(
      `INSERT INTO stripe_configs (project_id, version) VALUES ('${randomUUID()}', 2)`,
      '23514',
    );
  });
});

describe('while the trail cannot be written', () => {
  const CHANGES: [string, () => Promise<unknown>, () => Promise<TestResponse>][] = [
    [
      'a creation',
      () => Promise.resolve(),
      () => put({ test_secret_key: fakeCredential('test_secret_key', 'unwritten') }),
    ],
    ['an empty creation', () => Promise.resolve(), () => put({})],
    ['an update', () => put({}), () => put({ test_secret_key: fakeCredential('test_secret_key') })],
    ['a deletion', () => put({ test_secret_key: fakeCredential('test_secret_key') }), del],
    ['a reactivation', () => put({}).then(del), () => put({})],
  ];

  describe.each([
    [
      'because it is gone',
      'ALTER TABLE stripe_config_audit RENAME TO mislaid',
      'ALTER TABLE mislaid RENAME TO stripe_config_audit',
    ],
    [
      'because it is forbidden',
      `CREATE TRIGGER forbid BEFORE INSERT ON stripe_config_audit
         FOR EACH ROW EXECUTE FUNCTION stripe_config_refuse('no')`,
      'DROP TRIGGER forbid ON stripe_config_audit',
    ],
  ])('%s', (_reason, hinder, restore) => {
    it.each(CHANGES)(
      '%s is 503 every time, changes nothing, and is done afterwards',
      async (_, prepare, change) => {
        await prepare();
        const before = await everything();
        await database.query(hinder);
        try {
          for (let attempt = 0; attempt < 5; attempt++) {
            const answer = await change();
            expectError(answer, 503, 'dependency_unavailable');
            expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
          }
          expect((await send('GET')).status).toBe(200);
        } finally {
          await database.query(restore);
        }
        expect(await everything()).toStrictEqual(before);

        expect((await change()).status).toBeLessThan(300);
        expect(await trail()).toHaveLength((before as { trail: unknown[] }).trail.length + 1);
      },
    );
  });
});

describe('concurrent changes', () => {
  it('through two services leave versions without a gap and an unbroken chain', async () => {
    const other = await startTestService({ database, keyRing });
    try {
      const services = [service, other];
      const ids: (string | null)[] = [];
      for (let round = 0; round < 20; round++) {
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, index) => {
            const field = CREDENTIAL_FIELDS[index % CREDENTIAL_FIELDS.length] ?? 'test_secret_key';
            const body = { [field]: fakeCredential(field, `${round} ${index}`) };
            const client = services[index % services.length] ?? service;
            return client.request('PUT', configPath(projectId), { body });
          }),
        );
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
        ids.push(...answers.map(({ headers }) => headers.get('x-request-id')));
      }

      const rows = await trail();
      expect(rows.map(({ version }) => version)).toEqual(ids.map((_, index) => index + 1));
      expect(rows.map(({ request_id }) => request_id).sort()).toEqual(ids.sort());
      expect(await faults()).toEqual([]);
    } finally {
      await other.stop();
    }
  }, 120_000);

  it('of 10,000 leave 10,000 rows, one to one', async () => {
    const configs = service.app.get(StripeConfigService);
    // More projects than one, and several changes of each at once; as many in all as the pool has connections.
    const projects = Array.from({ length: 5 }, () => randomUUID());
    const made: string[] = [];
    const work = async (worker: number) => {
      for (let index = 0; index < 1_000; index++) {
        const requestId = randomUUID();
        const request = { test_secret_key: fakeCredential('test_secret_key', `${worker} ${index}`) };
        await configs.update(projects[worker % projects.length] ?? '', request, { actor: 'load', requestId });
        made.push(requestId);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, worker) => work(worker)));

    const rows = await database.query<{ request_id: string }>(
      'SELECT request_id FROM stripe_config_audit WHERE project_id = ANY ($1)',
      [projects],
    );
    expect(rows).toHaveLength(10_000);
    expect(new Set(rows.map(({ request_id }) => request_id))).toEqual(new Set(made));
    expect(
      await database.query(
        'SELECT sum(version)::integer AS versions FROM stripe_configs WHERE project_id = ANY ($1)',
        [projects],
      ),
    ).toEqual([{ versions: 10_000 }]);
    expect(await faults()).toEqual([]);
  }, 240_000);
});

describe('the check of the trail', () => {
  const LENGTHS = [1, 2, 5, 9, 12];
  let own: TestService;
  let source: Database;
  let close: () => Promise<void>;
  let projects: string[];

  beforeAll(async () => {
    own = await startTestService();
    ({ database: source, close } = await openCommandDatabase(own.database.url));
    projects = [];
    for (const length of LENGTHS) {
      const id = await own.createProject();
      projects.push(id);
      for (let version = 1; version <= length; version++) await changeOwn(id, version);
    }
  });
  afterAll(async () => {
    await close();
    await own.stop();
  });

  /** All actions, and all fields, come up. */
  async function changeOwn(id: string, version: number): Promise<void> {
    const field = CREDENTIAL_FIELDS[version % CREDENTIAL_FIELDS.length] ?? 'test_secret_key';
    const body = {
      [field]: fakeCredential(field, version),
      live_secret_key: fakeCredential('live_secret_key', version),
    };
    const { status } = await own.request(
      version % 5 === 4 ? 'DELETE' : 'PUT',
      configPath(id),
      version % 5 === 4 ? {} : { body },
    );
    expect(status).toBeLessThan(300);
  }

  /** What is found after a statement, which is then taken back. */
  async function foundAfter(statement: string) {
    const transaction = await source.begin();
    try {
      await transaction.query({ text: 'SET LOCAL session_replication_role = replica' });
      for (const text of statement.split(';')) await transaction.query({ text });
      const rows = await runWithin(transaction, FIND_AUDIT_FAULTS, { after: '', upto: 'z' });
      return rows.map(({ project_id, version, fault }) => ({ projectId: project_id, version, fault }));
    } finally {
      await transaction.rollback();
      await transaction.release();
    }
  }

  it('finds nothing in a trail that is as it was written, also after the same secrets were sealed again', async () => {
    expect(await findAuditFaults(source)).toEqual([]);
    const reseal = `UPDATE stripe_configs SET ${setPart('live_secret_key', 'sealed', "(sealed ->> 'live_secret_key') || 'A'")}
      WHERE sealed ? 'live_secret_key'`;
    expect(await foundAfter(reseal)).toEqual([]);
  });

  const project = (index: number) => projects[index] ?? '';
  const at = (index: number, version: number) => `project_id = '${project(index)}' AND version = ${version}`;

  it.each<[string, () => string, { version: number; fault: string }[]]>([
    [
      'an edited row',
      () => `UPDATE stripe_config_audit SET actor = 'mallory' WHERE ${at(2, 3)}`,
      [{ version: 3, fault: 'edited' }],
    ],
    [
      'a row without the salt of its actor',
      () => `UPDATE stripe_config_audit SET actor_salt = NULL WHERE ${at(2, 3)}`,
      [{ version: 3, fault: 'edited' }],
    ],
    [
      'a row with a digest that fits the edit of its actor',
      () => `UPDATE stripe_config_audit SET actor = 'mallory', actor_digest = ${personDigestOf('actor_salt', "'mallory'::text")}
        WHERE ${at(2, 3)}`,
      [{ version: 3, fault: 'edited' }],
    ],
    [
      'a row with a hash that fits the edit',
      () => `UPDATE stripe_config_audit SET action = 'deleted' WHERE ${at(2, 3)};
        UPDATE stripe_config_audit AS entry SET hash = ${entryHashOf('entry')} WHERE ${at(2, 3)}`,
      [{ version: 4, fault: 'chain broken' }],
    ],
    [
      'a missing row',
      () => `DELETE FROM stripe_config_audit WHERE ${at(2, 3)}`,
      [
        { version: 3, fault: 'missing or moved' },
        { version: 4, fault: 'chain broken' },
      ],
    ],
    [
      'a missing last row',
      () => `DELETE FROM stripe_config_audit WHERE ${at(2, 5)}`,
      [{ version: 5, fault: 'missing or moved' }],
    ],
    [
      'a missing trail',
      () => `DELETE FROM stripe_config_audit WHERE project_id = '${project(2)}'`,
      [{ version: 5, fault: 'missing or moved' }],
    ],
    [
      'a missing configuration',
      () => `DELETE FROM stripe_configs WHERE project_id = '${project(2)}'`,
      [{ version: 5, fault: 'missing or moved' }],
    ],
    [
      'a version that was put back',
      () => `UPDATE stripe_configs SET version = 4 WHERE project_id = '${project(2)}'`,
      [{ version: 4, fault: 'missing or moved' }],
    ],
  ])('says where: %s', async (_, statement, expected) => {
    expect(await foundAfter(statement())).toEqual(
      expected.map((each) => ({ projectId: project(2), ...each })),
    );
  });

  it('finds every one of 1,000 random edits, removals, moves and additions', async () => {
    const random = seededRandom(20_260_101);
    const pick = <T>(some: readonly T[]): T => {
      const one = some[random(some.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    };
    /** A row of a trail that is long enough; not its last one when there must be another after it. */
    const pickRow = ({ minimum = 1, notLast = false } = {}) => {
      const index = pick(LENGTHS.flatMap((length, each) => (length >= minimum ? [each] : [])));
      const length = LENGTHS[index] ?? 0;
      return { index, id: project(index), length, version: 1 + random(notLast ? length - 1 : length) };
    };
    const editJson = (column: string) => () =>
      `${column} = ${column} || jsonb_build_object('${pick(CREDENTIAL_FIELDS)}', 'x${random(1e9)}')`;
    const flipBit = (column: string) => () => {
      const byte = random(32);
      return `${column} = CASE WHEN length(${column}) = 0 THEN '\\x00'::bytea
        ELSE set_byte(${column}, ${byte}, get_byte(${column}, ${byte}) # ${1 << random(8)}) END`;
    };
    /** Of every column but the hash, each to something else than it was. */
    const EDITS = [
      () => 'project_id = gen_random_uuid()',
      () => `version = version + ${100 + random(100)}`,
      () => `action = CASE action WHEN 'updated' THEN 'deleted' ELSE 'updated' END`,
      () => `actor = '${pick(['', 'mallory', 'Alice'])}'`,
      () => 'actor_salt = gen_random_uuid()',
      () => 'actor_salt = NULL',
      flipBit('actor_digest'),
      () => 'request_id = gen_random_uuid()',
      () => `changed_at = changed_at ${pick(['+', '-'])} interval '${1 + random(1e9)} milliseconds'`,
      () => `fields = array_append(fields, '${pick(CREDENTIAL_FIELDS)}')`,
      () => `fields = CASE cardinality(fields) WHEN 0 THEN ARRAY['test_secret_key'] ELSE fields[2:] END`,
      editJson('masks_before'),
      editJson('masks_after'),
      editJson('fingerprints_after'),
      flipBit('previous_hash'),
    ];
    const append = (id: string, version: number, previous: string) => `
      INSERT INTO stripe_config_audit
        SELECT '${id}', ${version}, 'updated', 'mallory', gen_random_uuid(), '', gen_random_uuid(), now(), '{}', '{}', '{}', '{}', ${previous}, '';
      UPDATE stripe_config_audit AS entry SET hash = ${entryHashOf('entry')} WHERE hash = ''`;
    const swap = (one: { index: number; version: number }, two: { index: number; version: number }) => `
      UPDATE stripe_config_audit SET version = -1 WHERE ${at(one.index, one.version)};
      UPDATE stripe_config_audit SET project_id = '${project(one.index)}', version = ${one.version}
        WHERE ${at(two.index, two.version)};
      UPDATE stripe_config_audit SET project_id = '${project(two.index)}', version = ${two.version} WHERE version = -1`;
    const edit = ({ index, version } = pickRow(), set = pick([...EDITS, flipBit('hash')])()) =>
      `UPDATE stripe_config_audit SET ${set} WHERE ${at(index, version)}`;
    const editAndRehash = () => `${edit(pickRow({ minimum: 2, notLast: true }), pick(EDITS)())};
      UPDATE stripe_config_audit AS entry SET hash = ${entryHashOf('entry')}
        WHERE hash <> ${entryHashOf('entry')}`;
    const KINDS = [
      () => edit(),
      () => edit(),
      () => edit(),
      // With a hash that fits: the row after it shows it, also when it is made to name that hash.
      () => editAndRehash(),
      () => `${editAndRehash()};
        UPDATE stripe_config_audit AS next SET previous_hash = entry.hash FROM stripe_config_audit AS entry
          WHERE entry.project_id = next.project_id AND entry.version = next.version - 1`,
      () => {
        const { index, version } = pickRow();
        return `DELETE FROM stripe_config_audit WHERE ${at(index, version)}`;
      },
      () => {
        const { index, length } = pickRow();
        return `DELETE FROM stripe_config_audit WHERE ${at(index, length)}`;
      },
      () => {
        const { id, version } = pickRow();
        return `DELETE FROM stripe_config_audit WHERE project_id = '${id}' AND version ${pick(['<=', '>='])} ${version}`;
      },
      () => `DELETE FROM stripe_config_audit WHERE project_id = '${pickRow().id}'`,
      () => {
        const { index, version } = pickRow({ minimum: 2, notLast: true });
        return swap({ index, version }, { index, version: version + 1 });
      },
      () => {
        const { index, version } = pickRow();
        const other = (index + 1) % LENGTHS.length;
        return swap({ index, version }, { index: other, version: 1 + random(LENGTHS[other] ?? 1) });
      },
      () => `UPDATE stripe_config_audit SET version = version + 100 WHERE project_id = '${pickRow().id}'`,
      () => {
        const { id, length } = pickRow();
        const last = `(SELECT hash FROM stripe_config_audit WHERE project_id = '${id}' AND version = ${length})`;
        return append(id, length + 1, last);
      },
      () => append(randomUUID(), 1, `''`),
      () =>
        `UPDATE stripe_configs SET version = version + ${pick([-1, 1])} WHERE project_id = '${pickRow().id}'`,
      () => `DELETE FROM stripe_configs WHERE project_id = '${pickRow().id}'`,
    ];

    const missed: string[] = [];
    for (let round = 0; round < 1_000; round++) {
      const statement = (KINDS[round % KINDS.length] ?? edit)();
      if ((await foundAfter(statement)).length === 0) missed.push(statement);
    }
    expect(missed).toEqual([]);
    expect(await findAuditFaults(source)).toEqual([]);
  }, 120_000);

  it('finds a configuration that was planted without a trail', async () => {
    const id = randomUUID();
    const planted = `INSERT INTO stripe_configs (project_id, version) VALUES ('${id}', 0)`;
    expect(await foundAfter(planted)).toEqual([{ projectId: id, version: 0, fault: 'missing or moved' }]);
    const removed = `INSERT INTO stripe_configs (project_id, version, is_active, removed_at) VALUES ('${id}', 0, false, now())`;
    expect(await foundAfter(removed)).toEqual([]);
  });

  describe('as a command', () => {
    let checked: TestDatabase;
    beforeEach(async () => {
      checked = await createTestDatabase();
    });
    afterEach(() => checked.drop());

    async function verify(url: string | undefined) {
      const command = runProgram('dist/cli/audit.js', ['verify'], { DATABASE_URL: url });
      return { code: await command.exit(), stdout: command.stdout, stderr: command.stderr };
    }

    it('says that all is well and ends with 0, or names each fault on a line and ends with 1', async () => {
      await migrate(checked.url);
      const id = randomUUID();
      await createConfig(checked, id);
      expect(await verify(checked.url)).toEqual({
        code: 0,
        stdout: 'Every row of the audit trail is as it was written.\n',
        stderr: '',
      });

      await queryWithoutTriggers(checked, `UPDATE stripe_config_audit SET actor = 'x'`);
      await queryWithoutTriggers(checked, 'UPDATE stripe_configs SET version = 2');
      const { code, stdout, stderr } = await verify(checked.url);
      expect([code, stderr]).toEqual([1, 'The audit trail is not as it was written: 2 fault(s).\n']);
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual([
        { projectId: id, version: 1, fault: 'edited' },
        { projectId: id, version: 2, fault: 'missing or moved' },
      ]);
    });

    it('is also for a user who may only read, and where triggers were switched off', async () => {
      await migrate(checked.url);
      const role = `auditor_${randomUUID().slice(0, 8)}`;
      await checked.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
      try {
        await checked.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
        await checked.query('ALTER TABLE stripe_config_audit DISABLE TRIGGER USER');
        const url = Object.assign(new URL(checked.url), { username: role, password: role });
        expect(await verify(url.href)).toMatchObject({ code: 0, stderr: '' });
        await checked.query(`REVOKE SELECT ON stripe_config_audit FROM ${role}`);
        expect(await verify(url.href)).toMatchObject({
          code: 1,
          stdout: '',
          stderr: expect.stringMatching(/^Failed \(42501\): .+/) as unknown,
        });
      } finally {
        await checked.query(`DROP OWNED BY ${role}`);
        await checked.query(`DROP ROLE ${role}`);
      }
    });

    it('does not take a trail that it cannot read for a good one', async () => {
      const unmigrated = await verify(checked.url);
      expect(unmigrated).toMatchObject({ code: 1, stdout: '' });
      expect(unmigrated.stderr).toMatch(/^The database lacks the tables; run the migrations/);

      const down = await verify('postgres://user:wordpass@127.0.0.1:1/x');
      expect(down).toMatchObject({ code: 1, stdout: '' });
      expect(down.stderr).toMatch(/cannot be reached; check DATABASE_URL/);
      expect(down.stderr).not.toContain('wordpass');

      expect(await verify(undefined)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^There is no database in \S+: set DATABASE_URL/) as unknown,
      });
    });
  });
});

it('no piece of a secret is in the trail', async () => {
  const canaries = new Canaries();
  const make = () => Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, canaries.make(field)]));
  for (const step of [() => put(make()), () => put(make()), del, () => put(make())]) await step();
  await put({ test_secret_key: `"${canaries.make()}"` });

  const rows = await database.query<{ text: string }>(
    'SELECT entry::text AS text FROM stripe_config_audit AS entry WHERE project_id = $1',
    [projectId],
  );
  const text = rows.map((row) => row.text).join('\n');
  expect(rows).toHaveLength(4);
  expect(canaries.find(text)).toEqual([]);
  expect(canaries.find(text + canaries.make())).not.toEqual([]);
});

function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

import { randomUUID } from 'node:crypto';
import type { StripeConfigHistoryResponse } from '../src/payments/audit/history.dto.js';
import type { StripeConfigHealthResponse } from '../src/payments/config-health/config-health.dto.js';
import { KeyRing } from '../src/payments/crypto/key-ring.js';
import type { StripeConfigResponse } from '../src/payments/stripe-config/stripe-config.dto.js';
import { ERASE_BATCH } from '../src/payments/stripe-config/stripe-config.statements.js';
import type { Mode } from '../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, queryWithoutTriggers, type TestDatabase } from './support/database.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  startTestService,
  testKeyRing,
  webhookPath,
  type TestClient,
  type TestResponse,
  type TestService,
  type TestServiceOptions,
} from './support/service.js';
import { deliver, sendWebhook } from './support/webhooks.js';
import { endsAt, flat, milliseconds, setPart } from './support/stored-config.js';

const HOUR_MS = 3_600_000;
const PARTS = ['sealed', 'masked', 'expires_at'] as const;
/** The columns that have them. */
const PARTS_COLUMNS = ['sealed', 'shown', 'expires_at'];

const secretOf = (seed: string, mode: Mode = 'test') =>
  fakeCredential(`${mode}_webhook_secret`, `${mode} ${seed}`);
const maskOf = (seed: string, mode: Mode = 'test') =>
  expectedMask(`${mode}_webhook_secret`, secretOf(seed, mode));

const keyRing = testKeyRing();
let database: TestDatabase;
/** Two replicas of one service. */
let service: TestService;
let other: TestService;
let projectId: string;
/** Further services of one test. */
let more: TestService[];

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService({ database, keyRing });
  other = await startTestService({ database, keyRing });
});
afterAll(async () => {
  await service.stop();
  await other.stop();
  await database.drop();
});
beforeEach(async () => {
  more = [];
  projectId = await service.createProject();
});
afterEach(async () => {
  await Promise.all(more.map((each) => each.stop()));
});

/** Another service on the same database. */
async function start(options: TestServiceOptions = {}): Promise<TestService> {
  const started = await startTestService({ database, keyRing, ...options });
  more.push(started);
  return started;
}

/** Does something in a database that nobody else knows, with services on it. */
async function inOwnDatabase(
  work: (
    startOwn: (options?: TestServiceOptions) => Promise<TestService>,
    own: TestDatabase,
  ) => Promise<void>,
): Promise<void> {
  const own = await createTestDatabase();
  const started: TestService[] = [];
  try {
    await work(async (options) => {
      const one = await startTestService({ database: own, keyRing, ...options });
      started.push(one);
      return one;
    }, own);
  } finally {
    for (const one of started) await one.stop();
    await own.drop();
  }
}

/** Stores a webhook secret. */
async function put(seed: string, client: TestClient = service, mode: Mode = 'test'): Promise<TestResponse> {
  const body = { [`${mode}_webhook_secret`]: secretOf(seed, mode) };
  const answer = await client.request('PUT', configPath(projectId), { body });
  expect(answer.status).toBe(200);
  return answer;
}

/** What becomes of an event that a secret has signed: `accepted`, or the code of its refusal. */
async function verdict(seed: string, client: TestClient = service, mode: Mode = 'test'): Promise<string> {
  const { status, json } = await deliver(client, projectId, mode, secretOf(seed, mode));
  return status === 200 ? 'accepted' : `${status} ${(json as { code: string }).code}`;
}
const ACCEPTED = 'accepted';
const REFUSED = '400 invalid_signature';
const CLOSED = '404 webhook_not_found';

const endOverlap = (
  mode = 'test',
  { id = projectId, subject = 'alice' }: { id?: string; subject?: string | null } = {},
) => service.request('DELETE', `${configPath(id)}/${mode}/previous-webhook-secret`, { subject });

const configOf = async () =>
  (await service.request('GET', configPath(projectId))).json as StripeConfigResponse;
const historyOf = async () =>
  ((await service.request('GET', `${configPath(projectId)}/history`)).json as StripeConfigHistoryResponse)
    .changes;

async function previousHealth(mode: Mode = 'test') {
  const { json } = await service.request('GET', `${configPath(projectId)}/health`);
  return (json as StripeConfigHealthResponse)[mode].webhook_secret.previous;
}

/** What is stored of the previous secret: its columns, and whether there is anything. */
async function storedPrevious(mode: Mode = 'test'): Promise<unknown[]> {
  const [row] = await database.query('SELECT * FROM stripe_configs WHERE project_id = $1', [projectId]);
  const stored = row && flat(row);
  return PARTS.map((part) => stored?.[`${mode}_previous_webhook_secret_${part}`] ?? null);
}
const NOTHING = [null, null, null];

describe('a secret that was replaced', () => {
  it.each<[string, TestServiceOptions, number]>([
    ['24 hours by default', {}, 24],
    ['as long as configured', { webhookSecretOverlapHours: 2 }, 2],
  ])('is accepted beside the new one: %s', async (_, options, hours) => {
    const client = await start(options);
    await put('first', client);
    expect(await storedPrevious()).toEqual(NOTHING);
    await put('second', client);

    expect([await verdict('first', client), await verdict('second', client)]).toEqual([ACCEPTED, ACCEPTED]);
    expect(await verdict('third', client)).toBe(REFUSED);
    const { updated_at } = await configOf();
    expect(await previousHealth()).toMatchObject({
      masked: maskOf('first'),
      accepted_until: new Date(Date.parse(String(updated_at)) + hours * HOUR_MS).toISOString(),
    });
  });

  it('is dropped for the next one', async () => {
    for (const seed of ['first', 'second', 'third']) await put(seed);
    expect([await verdict('first'), await verdict('second'), await verdict('third')]).toEqual([
      REFUSED,
      ACCEPTED,
      ACCEPTED,
    ]);
    expect(await previousHealth()).toMatchObject({ masked: maskOf('second') });
  });

  it('may come back', async () => {
    for (const seed of ['first', 'second', 'first']) await put(seed);
    expect([await verdict('first'), await verdict('second')]).toEqual([ACCEPTED, ACCEPTED]);
    expect(await previousHealth()).toMatchObject({ masked: maskOf('second') });
  });

  it('by itself is not stored', async () => {
    await put('first');
    await put('first');
    expect(await storedPrevious()).toEqual(NOTHING);
    expect(await verdict('first')).toBe(ACCEPTED);
  });

  it('stays while something else changes', async () => {
    await put('first');
    await put('second');
    const before = await storedPrevious();
    await service.request('PUT', configPath(projectId), {
      body: {
        test_secret_key: fakeCredential('test_secret_key'),
        live_webhook_secret: secretOf('first', 'live'),
      },
    });
    expect(await storedPrevious()).toEqual(before);
    expect([await verdict('first'), await verdict('second')]).toEqual([ACCEPTED, ACCEPTED]);
  });

  it('is of its mode alone', async () => {
    await put('first');
    await put('first', service, 'live');
    await put('second');
    expect(await storedPrevious('live')).toEqual(NOTHING);
    expect(await previousHealth('live')).toBeNull();
    expect(await verdict('first', service, 'live')).toBe(ACCEPTED);
    const crossed = await deliver(service, projectId, 'live', secretOf('first'));
    expectError(crossed, 400, 'invalid_signature');

    await put('second', service, 'live');
    for (const mode of ['test', 'live'] as const) {
      expect([await verdict('first', service, mode), await verdict('second', service, mode)]).toEqual([
        ACCEPTED,
        ACCEPTED,
      ]);
    }
  });

  it('is refused at once where no overlap is wanted', async () => {
    const client = await start({ webhookSecretOverlapHours: 0 });
    await put('first', client);
    expect(await verdict('first', client)).toBe(ACCEPTED);
    await put('second', client);
    expect([await verdict('first', client), await verdict('second', client)]).toEqual([REFUSED, ACCEPTED]);
    expect(await storedPrevious()).toEqual(NOTHING);
  });

  it('is refused at once there, also when it was replaced elsewhere and another was stored', async () => {
    const client = await start({ webhookSecretOverlapHours: 0 });
    await put('first');
    await put('second');
    await put('third', client);
    expect([await verdict('first'), await verdict('second'), await verdict('third')]).toEqual([
      REFUSED,
      REFUSED,
      ACCEPTED,
    ]);
  });

  it('is stored sealed, beside its mask', async () => {
    await put('first');
    await put('second');
    const [sealed, masked] = await storedPrevious();
    expect(sealed).toMatch(/^sc1\./);
    expect(sealed).not.toContain(secretOf('first'));
    expect(masked).toBe(maskOf('first'));
  });

  it('shows in nothing of the configuration', async () => {
    await put('first');
    const before = Object.keys(await configOf()).sort();
    await put('second');
    const { text, json } = await service.request('GET', configPath(projectId));
    expect(Object.keys(json as object).sort()).toEqual(before);
    expect(before).toEqual(
      [
        'id',
        'project_id',
        'is_active',
        'test_secret_key_masked',
        'test_publishable_key_masked',
        'test_webhook_secret_masked',
        'live_secret_key_masked',
        'live_publishable_key_masked',
        'live_webhook_secret_masked',
        'test_configured_at',
        'live_configured_at',
        'has_test_credentials',
        'has_live_credentials',
        'created_at',
        'updated_at',
      ].sort(),
    );
    for (const hidden of [maskOf('first'), 'previous', 'sc1.']) expect(text).not.toContain(hidden);
  });
});

describe('the end of the overlap', () => {
  it('comes by itself, also for who holds the secret in memory', async () => {
    const client = await start({ webhookSecretOverlapHours: 8 / 3600 });
    await put('first', client);
    await put('second', client);
    expect(await verdict('first', client)).toBe(ACCEPTED);
    await eventually('refused', async () => (await verdict('first', client)) === REFUSED, 30_000);
    expect(await verdict('second', client)).toBe(ACCEPTED);
    expect(await previousHealth()).toBeNull();
  });

  it('is kept although the secret is not erased yet, and then it is', async () => {
    await inOwnDatabase(async (startOwn, own) => {
      const first = await startOwn();
      const id = await first.createProject();
      const path = configPath(id);
      for (const seed of ['first', 'second']) {
        for (const mode of ['test', 'live'] as const) {
          await first.request('PUT', path, { body: { [`${mode}_webhook_secret`]: secretOf(seed, mode) } });
        }
      }
      await own.query(`
        CREATE TRIGGER not_yet BEFORE UPDATE ON stripe_configs FOR EACH ROW
          WHEN (OLD.sealed ? 'test_previous_webhook_secret' AND NOT NEW.sealed ? 'test_previous_webhook_secret')
          EXECUTE FUNCTION stripe_config_refuse('not yet')`);
      await queryWithoutTriggers(
        own,
        `UPDATE stripe_configs SET ${endsAt('test', "now() - interval '1 second'")}`,
      );

      const fresh = await startOwn();
      expectError(await deliver(fresh, id, 'test', secretOf('first')), 400, 'invalid_signature');
      expect((await deliver(fresh, id, 'test', secretOf('second'))).status).toBe(200);
      const health = await fresh.request('GET', `${path}/health`);
      expect(health.json).toMatchObject({ test: { webhook_secret: { previous: null } } });
      expect(await remaining(own)).toEqual([{ test: 3, live: 3 }]);
      await first.stop();
      await fresh.stop();

      const before = await own.query('SELECT version, updated_at FROM stripe_configs');
      await own.query('DROP TRIGGER not_yet ON stripe_configs');
      const last = await startOwn();
      await eventually('erased', async () => (await remaining(own))[0]?.test === 0);
      expect(await remaining(own)).toEqual([{ test: 0, live: 3 }]);
      expect(await own.query('SELECT version, updated_at FROM stripe_configs')).toEqual(before);
      expect((await deliver(last, id, 'live', secretOf('first', 'live'))).status).toBe(200);
    });
  });

  it('is erased in every configuration, however many end together', async () => {
    await inOwnDatabase(async (startOwn, own) => {
      const first = await startOwn();
      const path = configPath(await first.createProject());
      for (const seed of ['first', 'second']) {
        await first.request('PUT', path, { body: { test_webhook_secret: secretOf(seed) } });
      }
      await first.stop();
      await queryWithoutTriggers(
        own,
        `INSERT INTO stripe_configs (project_id, sealed, shown, fingerprints, expires_at, configured_at, version)
         SELECT gen_random_uuid(), sealed, shown, fingerprints,
           jsonb_build_object('test_previous_webhook_secret', ${milliseconds("now() - interval '1 second'")}), configured_at, 1
         FROM stripe_configs, generate_series(1, ${2 * ERASE_BATCH + 1})`,
      );

      await startOwn();
      await eventually('all but that which has not ended are erased', async () => {
        const left = await own.query(
          "SELECT FROM stripe_configs WHERE sealed ? 'test_previous_webhook_secret'",
        );
        return left.length === 1;
      });
    });
  });

  const remaining = (own: TestDatabase) => {
    const count = (mode: Mode) =>
      `${PARTS_COLUMNS.map((column) => `(${column} ? '${mode}_previous_webhook_secret')::integer`).join(' + ')} AS ${mode}`;
    return own.query<Record<Mode, number>>(`SELECT ${count('test')}, ${count('live')} FROM stripe_configs`);
  };
});

describe('DELETE …/previous-webhook-secret', () => {
  it('ends the overlap at once, also at another service that holds the secret', async () => {
    await put('first');
    await put('second');
    for (const client of [service, other]) expect(await verdict('first', client)).toBe(ACCEPTED);

    const { status, text } = await endOverlap();

    expect({ status, text }).toEqual({ status: 204, text: '' });
    for (const client of [other, service]) {
      expect(await verdict('first', client)).toBe(REFUSED);
      expect(await verdict('second', client)).toBe(ACCEPTED);
    }
    expect(await storedPrevious()).toEqual(NOTHING);
    expect(await previousHealth()).toBeNull();
  });

  it('is done again without a change, and where there was no overlap', async () => {
    await put('first');
    const before = await historyOf();
    expect((await endOverlap()).status).toBe(204);
    expect(await historyOf()).toEqual(before);

    await put('second');
    expect((await endOverlap()).status).toBe(204);
    const after = await historyOf();
    expect((await endOverlap()).status).toBe(204);
    expect(await historyOf()).toEqual(after);
  });

  it('ends that of its mode alone', async () => {
    for (const mode of ['test', 'live'] as const) {
      await put('first', service, mode);
      await put('second', service, mode);
    }
    expect((await endOverlap('live')).status).toBe(204);
    expect([await verdict('first'), await verdict('first', service, 'live')]).toEqual([ACCEPTED, REFUSED]);
  });

  it('is in the history, as is the overlap', async () => {
    const field = 'test_previous_webhook_secret';
    await put('first');
    const replaced = await put('second');
    const ended = await endOverlap();

    expect((await historyOf()).slice(0, 2)).toMatchObject([
      {
        version: 3,
        action: 'updated',
        actor: 'alice',
        request_id: ended.headers.get('x-request-id'),
        fields: [{ field, before: maskOf('first'), after: null }],
      },
      {
        version: 2,
        action: 'updated',
        request_id: replaced.headers.get('x-request-id'),
        fields: [
          { field: 'test_webhook_secret', before: maskOf('first'), after: maskOf('second') },
          { field, before: null, after: maskOf('first') },
        ],
      },
    ]);
  });

  it('is for the owner of a project that has a configuration', async () => {
    expectError(await endOverlap(), 404, 'config_not_found');
    await put('first');
    await put('second');
    expectError(await endOverlap('test', { subject: null }), 401, 'not_authenticated');
    expectError(await endOverlap('test', { subject: 'mallory' }), 403, 'not_project_owner');
    expectError(await endOverlap('test', { id: randomUUID() }), 404, 'project_not_found');
    expectInvalid(await endOverlap('test', { id: 'x' }), [
      { loc: ['path', 'project_id'], type: 'invalid_uuid' },
    ]);
    for (const mode of ['Test', 'prod']) expectError(await endOverlap(mode), 404, 'not_found');
    expect(await verdict('first')).toBe(ACCEPTED);
  });
});

describe('another service that holds a secret in memory', () => {
  it('takes a new one at once, and its old one beside it', async () => {
    await put('first');
    expect(await verdict('first', other)).toBe(ACCEPTED);
    await put('second');
    expect([await verdict('second', other), await verdict('first', other)]).toEqual([ACCEPTED, ACCEPTED]);
  });

  it('refuses at once what two changes have dropped', async () => {
    await put('first');
    expect(await verdict('first', other)).toBe(ACCEPTED);
    await put('second');
    await put('third');
    expect([await verdict('first', other), await verdict('third', other)]).toEqual([REFUSED, ACCEPTED]);
  });

  it('takes nothing more once the configuration is deleted, however an event is signed', async () => {
    await put('first');
    await put('second');
    const seeds = ['first', 'second', 'never stored'];
    for (const client of [service, other]) expect(await verdict('first', client)).toBe(ACCEPTED);
    const before = await database.query('SELECT FROM stripe_events WHERE project_id = $1', [projectId]);

    await service.request('DELETE', configPath(projectId));

    for (const client of [other, service]) {
      for (const seed of seeds) expect(await verdict(seed, client)).toBe(CLOSED);
    }
    expect(await storedPrevious()).toEqual(NOTHING);
    const after = await database.query('SELECT FROM stripe_events WHERE project_id = $1', [projectId]);
    expect(after).toHaveLength(before.length);
  });

  it('opens again with the next secret alone', async () => {
    await put('first');
    await put('second');
    await verdict('first', other);
    await service.request('DELETE', configPath(projectId));
    await put('third');
    for (const client of [other, service]) {
      expect([
        await verdict('first', client),
        await verdict('second', client),
        await verdict('third', client),
      ]).toEqual([REFUSED, REFUSED, ACCEPTED]);
    }
  });
});

describe('a secret that cannot be opened', () => {
  const UNREADABLE = '503 dependency_unavailable';

  it('is 503, until it is stored again', async () => {
    const foreign = await service.createProject();
    await service.request('PUT', configPath(foreign), { body: { test_webhook_secret: secretOf('first') } });
    await put('first');
    await queryWithoutTriggers(
      database,
      `UPDATE stripe_configs SET ${setPart(
        'test_webhook_secret',
        'sealed',
        "(SELECT sealed ->> 'test_webhook_secret' FROM stripe_configs WHERE project_id = $2)",
      )} WHERE project_id = $1`,
      [projectId, foreign],
    );

    for (const seed of ['first', 'never stored']) expect(await verdict(seed)).toBe(UNREADABLE);
    const path = webhookPath(projectId, 'test');
    expectError(await sendWebhook(service, path, 'garbage', null), 503, 'dependency_unavailable');
    expect(await verdict('first', service, 'live')).toBe(CLOSED);

    await put('second');
    expect(await verdict('second')).toBe(ACCEPTED);
  });

  it('since it was sealed under another ring is 503', async () => {
    await put('first');
    const stranger = await start({ keyRing: testKeyRing() });
    for (const seed of ['first', 'never stored']) expect(await verdict(seed, stranger)).toBe(UNREADABLE);
    expect(await verdict('first')).toBe(ACCEPTED);
  });

  it('since its key is retired is 503', async () => {
    await inOwnDatabase(async (startOwn) => {
      const before = await startOwn();
      const id = await before.createProject();
      await before.request('PUT', configPath(id), { body: { test_webhook_secret: secretOf('first') } });
      const retired = { id: keyRing.active.id, state: 'retired' } as const;
      const later = await startOwn({ keyRing: new KeyRing([testKeyRing().active, retired]) });
      for (const seed of ['first', 'never stored']) {
        expectError(await deliver(later, id, 'test', secretOf(seed)), 503, 'dependency_unavailable');
      }
    });
  });
});

describe('the database', () => {
  beforeEach(async () => {
    for (const mode of ['test', 'live'] as const) {
      await put('first', service, mode);
      await put('second', service, mode);
    }
  });

  const change = (mode: Mode, part: (typeof PARTS)[number], value: string, more = '') =>
    database.query(
      `UPDATE stripe_configs SET ${setPart(`${mode}_previous_webhook_secret`, part, value)} ${more} WHERE project_id = $1`,
      [projectId],
    );

  describe.each(['test', 'live'] as const)('in %s mode', (mode) => {
    it('refuses a previous secret in the clear', async () => {
      for (const plain of [
        secretOf('first', mode),
        '',
        'sc1.',
        `sc1.abcdefghij.${secretOf('first', mode)}!`,
      ]) {
        const moved = ", version = version + 1, changed_by = 'x'";
        for (const more of ['', moved]) {
          await expect(change(mode, 'sealed', `'${plain}'::text`, more)).rejects.toMatchObject({
            constraint: 'stripe_configs_sealed_check',
          });
        }
      }
    });

    it('refuses a change of its mask or its end without a new version', async () => {
      const before = await storedPrevious(mode);
      for (const [part, value] of [
        ['masked', `'${maskOf('third', mode)}'::text`],
        ['expires_at', `(expires_at ->> '${mode}_previous_webhook_secret')::bigint + 86400000`],
        ['expires_at', milliseconds('now()')],
      ] as const) {
        await expect(change(mode, part, value)).rejects.toMatchObject({ code: '42501' });
      }
      expect(await storedPrevious(mode)).toEqual(before);
    });

    it('refuses one that is there in part', async () => {
      for (const part of PARTS) {
        await expect(change(mode, part, 'NULL', ', version = version + 1')).rejects.toMatchObject({
          constraint: 'stripe_configs_whole_check',
        });
      }
    });
  });
});

describe('the health of an overlap', () => {
  it('shows the mask, its end, and when the old secret last verified an event', async () => {
    await put('first');
    expect(await previousHealth()).toBeNull();
    await put('second');
    const before = {
      masked: maskOf('first'),
      accepted_until: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      last_verified_at: null,
    };
    expect(await previousHealth()).toStrictEqual(before);
    expect(await verdict('first')).toBe(ACCEPTED);
    const after = await eventually('the old secret has verified', async () => {
      const health = await previousHealth();
      return health?.last_verified_at != null && health;
    });
    expect(after).toStrictEqual({ ...before, last_verified_at: before.accepted_until });
    const { json } = await service.request('GET', `${configPath(projectId)}/health`);
    expect(json).toMatchObject({ test: { webhook_secret: { status: 'waiting', last_verified_at: null } } });

    await endOverlap();
    expect(await previousHealth()).toBeNull();
  });

  it('ends with its time, erased or not', async () => {
    await put('first');
    await put('second');
    await queryWithoutTriggers(
      database,
      `UPDATE stripe_configs SET ${endsAt('test', "now() - interval '1 second'")} WHERE project_id = $1`,
      [projectId],
    );
    expect(await previousHealth()).toBeNull();
  });
});

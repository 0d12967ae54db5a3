import type { Mode } from '../src/payments/domain/credentials.js';
import { Canaries } from './support/canaries.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  projectPath,
  setTimeLimits,
  startTestService,
  type TestClient,
  type TestResponse,
  type TestService,
  testKeyRing,
  type TestServiceOptions,
} from './support/service.js';
import { LocalStripe, PERMISSION, type Fault, type Permission } from './support/stripe/local-stripe.js';
import { keyOfAccount, restrictedKey } from './support/stripe/special-keys.js';
import { deliver } from './support/webhooks.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const ACCOUNT = 'acct_1HealthSpecOneXY';
const OTHER_ACCOUNT = 'acct_1HealthSpecTwoXY';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;
const NOT_STORED = { status: 'not_stored', since: null, checked_at: null, account_id: null };
const UNKNOWN = { ...NOT_STORED, status: 'unknown' };
const UNREADABLE = { ...NOT_STORED, status: 'unreadable' };
const NO_WEBHOOKS = {
  status: 'not_stored',
  last_verified_at: null,
  failures: 0,
  last_failure_at: null,
  last_failure_reason: null,
  ignored_test_events: 0,
  previous: null,
};
const EMPTY = {
  secret_key: NOT_STORED,
  keys_of_same_account: null,
  webhook_secret: NO_WEBHOOKS,
  webhook_endpoint: null,
};

interface KeyHealth {
  status: string;
  since: string | null;
  checked_at: string | null;
  account_id: string | null;
}

interface WebhookHealth {
  status: string;
  last_verified_at: string | null;
  failures: number;
  last_failure_at: string | null;
  previous: { masked: string; accepted_until: string; last_verified_at: string | null } | null;
}

interface ModeHealth {
  secret_key: KeyHealth;
  keys_of_same_account: boolean | null;
  webhook_secret: WebhookHealth;
  webhook_endpoint: Record<string, unknown> | null;
}

type Health = Record<Mode, ModeHealth> & { project_id: string; is_active: boolean };

const canaries = new Canaries();
const keyRing = testKeyRing();

let stripe: LocalStripe;
let service: TestService;
let projectId: string;
let output = '';

/** Every line that a service writes. */
const LOGGED = {
  logLevel: 'trace',
  logDestination: { write: (line: string) => void (output += line) },
} as const;

beforeAll(async () => {
  stripe = await LocalStripe.start();
  service = await startTestService({ keyRing, stripeApiBase: stripe.url, ...LOGGED });
});
afterAll(async () => {
  await service.stop();
  await stripe.stop();
});
beforeEach(async () => {
  projectId = await service.createProject();
});
afterEach(() => {
  const written = output;
  stripe.fault = undefined;
  stripe.afterHandling = undefined;
  stripe.requests.length = 0;
  output = '';
  expect(canaries.find(written)).toEqual([]);
});

async function get(
  client: TestClient = service,
  subject: string | null = 'alice',
  id = projectId,
): Promise<TestResponse> {
  const answer = await client.request('GET', projectPath(id, 'config/health'), { subject });
  output += `${JSON.stringify([...answer.headers])}\n${answer.text}\n`;
  return answer;
}

async function health(client: TestClient = service): Promise<Health> {
  const { status, json } = await get(client);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as Health;
}

async function keyHealth(mode: Mode = 'test', client?: TestClient): Promise<KeyHealth> {
  return (await health(client))[mode].secret_key;
}

async function configure(body: object, client: TestClient = service): Promise<void> {
  const { status, json } = await client.request('PUT', configPath(projectId), { body });
  expect({ status, json }).toMatchObject({ status: 200 });
}

const erase = () => service.request('DELETE', configPath(projectId));

/** A key that Stripe knows, and that must not be found anywhere. */
function genuineKey(mode: Mode = 'test', accountId = ACCOUNT): string {
  const key = canaries.make(`${mode}_secret_key`);
  stripe.addAccount({ accountId, key });
  return key;
}

function genuineRestrictedKey(...permissions: Permission[]): string {
  const key = restrictedKey(canaries.make());
  stripe.addAccount({ accountId: ACCOUNT, key, permissions });
  return key;
}

/** What Stripe was asked, in order. */
const asked = () => stripe.requests.map(({ path }) => path);

/** Moves what is known of the keys back by an hour, so that it is not recent and the two times differ. */
async function makeStale(): Promise<void> {
  await service.database.query(
    `UPDATE stripe_config_states SET
       (key_checked_at, key_status_since) = (key_checked_at - interval '1 hour', key_status_since - interval '1 hour')
     WHERE project_id = $1`,
    [projectId],
  );
}

/** Gives a project its five questions a minute back. */
async function forgetCalls(): Promise<void> {
  await service.database.query('DELETE FROM stripe_call_limits WHERE project_id = $1', [projectId]);
}

function anHourBefore(time: string | null): string {
  return new Date(Date.parse(time ?? '') - 3_600_000).toISOString();
}

function isLater(time: string | null, other: string | null): boolean {
  return Date.parse(time ?? '') > Date.parse(other ?? '');
}

/** Another service on the same database. */
function startService(options: TestServiceOptions): Promise<TestService> {
  return startTestService({
    database: service.database,
    keyRing,
    stripeApiBase: stripe.url,
    ...LOGGED,
    ...options,
  });
}

describe('the answer', () => {
  it('is 404 when there never was a configuration', async () => {
    expectError(await get(), 404, 'config_not_found');
    expect(asked()).toEqual([]);
  });

  it('has every member when nothing is stored', async () => {
    await configure({});
    const { status, json, headers } = await get();
    expect({ status, json }).toStrictEqual({
      status: 200,
      json: { project_id: projectId, caller_role: 'owner', is_active: true, test: EMPTY, live: EMPTY },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(asked()).toEqual([]);
  });

  it('distinguishes both modes', async () => {
    await configure({
      test_secret_key: genuineKey('test', ACCOUNT),
      live_secret_key: genuineKey('live', OTHER_ACCOUNT),
      live_publishable_key: canaries.make('live_publishable_key'),
      test_webhook_secret: canaries.make('test_webhook_secret'),
    });
    const works = { status: 'works', since: TIME, checked_at: TIME };
    expect((await get()).json).toStrictEqual({
      project_id: projectId,
      caller_role: 'owner',
      is_active: true,
      test: {
        ...EMPTY,
        secret_key: { ...works, account_id: ACCOUNT },
        webhook_secret: { ...NO_WEBHOOKS, status: 'waiting' },
      },
      live: { ...EMPTY, secret_key: { ...works, account_id: OTHER_ACCOUNT } },
    });
  });

  it('is that nothing is stored once the configuration is deleted, without a question', async () => {
    await configure({ test_secret_key: genuineKey() });
    await health();
    await makeStale();
    stripe.requests.length = 0;
    await erase();
    expect((await get()).json).toStrictEqual({
      project_id: projectId,
      caller_role: 'owner',
      is_active: false,
      test: EMPTY,
      live: EMPTY,
    });
    expect(asked()).toEqual([]);
  });

  it('leaves the configuration as documented: fifteen members', async () => {
    await configure({ test_secret_key: genuineKey() });
    await health();
    const { json } = await service.request('GET', configPath(projectId));
    expect(Object.keys(json as object).sort()).toEqual(
      [
        'id',
        'project_id',
        'is_active',
        'has_test_credentials',
        'has_live_credentials',
        'test_secret_key_masked',
        'test_publishable_key_masked',
        'test_webhook_secret_masked',
        'live_secret_key_masked',
        'live_publishable_key_masked',
        'live_webhook_secret_masked',
        'test_configured_at',
        'live_configured_at',
        'created_at',
        'updated_at',
      ].sort(),
    );
  });

  it('is for the owner, checked by token, project id, project and owner in this order', async () => {
    await configure({ test_secret_key: genuineKey() });
    for (const id of ['x', UNKNOWN_ID, projectId]) {
      expectError(await get(service, null, id), 401, 'not_authenticated');
    }
    expectInvalid(await get(service, 'mallory', 'x'), [
      { loc: ['path', 'project_id'], type: 'invalid_uuid' },
    ]);
    expectError(await get(service, 'mallory', UNKNOWN_ID), 404, 'project_not_found');
    expectError(await get(service, 'mallory'), 403, 'not_project_owner');
    expect(asked()).toEqual([]);
  });
});

describe('a secret key', () => {
  it('that Stripe accepts works, and shows its account', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    expect(await keyHealth()).toEqual({
      status: 'works',
      since: TIME,
      checked_at: TIME,
      account_id: ACCOUNT,
    });
    expect(stripe.requests.map(({ method, path, key }) => [method, path, key])).toEqual([
      ['GET', '/v1/balance', key],
      ['GET', '/v1/account', key],
    ]);
  });

  it.each<[status: string, permissions: Permission[], accountId: string | null]>([
    ['works', [PERMISSION.balanceRead, PERMISSION.accountRead], ACCOUNT],
    ['works', [PERMISSION.balanceRead], null],
    ['restricted', [PERMISSION.accountRead], ACCOUNT],
    ['restricted', [], null],
  ])('that is restricted: %s with %j', async (status, permissions, accountId) => {
    await configure({ test_secret_key: genuineRestrictedKey(...permissions) });
    expect(await keyHealth()).toEqual({ status, since: TIME, checked_at: TIME, account_id: accountId });
  });

  it('that Stripe does not know is rejected', async () => {
    await configure({ test_secret_key: canaries.make() });
    expect(await keyHealth()).toEqual({
      status: 'rejected',
      since: TIME,
      checked_at: TIME,
      account_id: null,
    });
  });

  it.each<[mode: Mode, livemode: boolean]>([
    ['test', true],
    ['live', false],
  ])('of the %s mode that Stripe takes for one of the other mode', async (mode, livemode) => {
    const key = genuineKey(mode);
    stripe.addAccount({ accountId: ACCOUNT, key, livemode });
    await configure({ [`${mode}_secret_key`]: key });
    expect(await keyHealth(mode)).toMatchObject({ status: 'other_mode', account_id: null });
  });

  it.each([
    ['another prefix', 'cus_1HealthSpecOne'],
    ['markup', 'acct_<script>1</script>'],
    ['a line break', 'acct_1HealthSpec\nOne'],
    ['no text', { id: ACCOUNT }],
    ['nothing', null],
    ['a length beyond all', `acct_${'1'.repeat(300)}`],
  ])('whose account has an id with %s has none that is stored', async (_, id) => {
    await configure({ test_secret_key: genuineKey() });
    stripe.fault = ({ path }) =>
      path === '/v1/account' ? { kind: 'json', status: 200, body: { object: 'account', id } } : undefined;
    expect(await keyHealth()).toHaveProperty('account_id', null);
    const stored = await service.database.query(
      'SELECT account_id FROM stripe_config_states WHERE project_id = $1 AND account_id IS NOT NULL',
      [projectId],
    );
    expect(stored).toEqual([]);
  });

  it('that this service cannot open is unreadable, and nothing else goes wrong', async () => {
    await configure({
      test_secret_key: keyOfAccount('test_secret_key', ACCOUNT),
      test_publishable_key: keyOfAccount('test_publishable_key', ACCOUNT),
    });
    const stranger = await startService({ keyRing: testKeyRing() });
    try {
      expect((await health(stranger)).test).toEqual({ ...EMPTY, secret_key: UNREADABLE });
      expect(asked()).toEqual([]);
    } finally {
      await stranger.stop();
    }
  });
});

describe('what is known of a key', () => {
  it('is asked at most once a minute', async () => {
    await configure({ test_secret_key: genuineKey() });
    const first = await health();
    expect(await health()).toEqual(first);
    expect(asked().filter((path) => path === '/v1/balance')).toHaveLength(1);
  });

  it('is known to every service on the database', async () => {
    await configure({ test_secret_key: genuineKey() });
    const first = await health();
    const second = await startService({});
    try {
      expect(await health(second)).toEqual(first);
      expect(asked().filter((path) => path === '/v1/balance')).toHaveLength(1);
    } finally {
      await second.stop();
    }
  });

  it('is asked again after a minute: the status stays since then, and the check is new', async () => {
    await configure({ test_secret_key: genuineKey() });
    const before = await keyHealth();
    await makeStale();
    const after = await keyHealth();
    expect(after).toEqual({ ...before, since: anHourBefore(before.since), checked_at: TIME });
    expect(isLater(after.checked_at, anHourBefore(before.checked_at))).toBe(true);
    expect(asked().filter((path) => path === '/v1/balance')).toHaveLength(2);
  });

  it('changes when the key is revoked, and so does since when', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    const before = await keyHealth();
    stripe.expire(key);
    expect(await keyHealth()).toEqual(before);

    await makeStale();
    const after = await keyHealth();
    expect(after).toEqual({ status: 'rejected', since: TIME, checked_at: TIME, account_id: null });
    expect(isLater(after.since, anHourBefore(before.since))).toBe(true);
    expect(after.since).toBe(after.checked_at);

    await makeStale();
    expect(await keyHealth()).toMatchObject({ status: 'rejected', since: anHourBefore(after.since) });
  });

  it('stays while another credential changes', async () => {
    await configure({ test_secret_key: genuineKey() });
    const before = await keyHealth();
    await configure({ test_publishable_key: canaries.make('test_publishable_key'), live_secret_key: null });
    expect(await keyHealth()).toEqual(before);
    expect(asked().filter((path) => path === '/v1/balance')).toHaveLength(1);
  });

  it('is so since the same time when another credential changed before the next check', async () => {
    await configure({ test_secret_key: genuineKey() });
    const before = await keyHealth();
    await configure({ test_publishable_key: canaries.make('test_publishable_key') });
    await makeStale();
    expect(await keyHealth()).toEqual({
      ...before,
      since: anHourBefore(before.since),
      checked_at: TIME,
    });
  });

  it('is asked at once of another key, and since that is another', async () => {
    await configure({ test_secret_key: genuineKey() });
    const before = await keyHealth();
    const key = genuineKey('test', OTHER_ACCOUNT);
    await configure({ test_secret_key: key });
    const after = await keyHealth();
    expect(after).toEqual({ status: 'works', since: TIME, checked_at: TIME, account_id: OTHER_ACCOUNT });
    expect(isLater(after.since, before.since)).toBe(true);
    expect(stripe.requests.at(-1)?.key).toBe(key);
  });

  it('of an old key is not reported for a new one, even when Stripe is down', async () => {
    await configure({ test_secret_key: canaries.make() });
    expect(await keyHealth()).toMatchObject({ status: 'rejected' });
    stripe.fault = { kind: 'status', status: 503 };
    await configure({ test_secret_key: genuineKey() });
    expect(await keyHealth()).toEqual(UNKNOWN);
  });

  it('is not reported for a key that was stored while Stripe was asked about the old one', async () => {
    const fresh = canaries.make();
    await configure({ test_secret_key: genuineKey() });
    stripe.afterHandling = async ({ path }) => {
      if (path !== '/v1/account') return;
      stripe.afterHandling = undefined;
      await configure({ test_secret_key: fresh });
    };
    expect(await keyHealth()).toEqual(UNKNOWN);
    expect(await keyHealth()).toMatchObject({ status: 'rejected' });
  });

  it('is not overwritten by an older answer that comes later', async () => {
    await configure({ test_secret_key: genuineKey() });
    let newest: KeyHealth | undefined;
    stripe.afterHandling = async ({ path }) => {
      if (path !== '/v1/account') return;
      stripe.afterHandling = undefined;
      await configure({ test_secret_key: canaries.make() });
      newest = await keyHealth();
    };
    const late = await keyHealth();
    expect(newest).toMatchObject({ status: 'rejected' });
    expect(late).toEqual(newest);
    expect(await keyHealth()).toEqual(newest);
  });

  it('is asked again when a deleted key is stored again', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    await keyHealth();
    await erase();
    stripe.expire(key);
    await configure({ test_secret_key: key });
    expect(await keyHealth()).toMatchObject({ status: 'rejected' });
  });
});

const TROUBLES: [what: string, fault: Fault][] = [
  ['hangs up', { kind: 'reset' }],
  ['is in trouble', { kind: 'status', status: 500 }],
  ['limits', { kind: 'status', status: 429 }],
  ['answers with a page', { kind: 'html' }],
  ['says 401 without an error', { kind: 'json', status: 401, body: {} }],
  ['says nothing of the mode', { kind: 'json', status: 200, body: { object: 'balance' } }],
];

describe('while Stripe', () => {
  it.each([...TROUBLES, ['hangs', { kind: 'hang' }] as [string, Fault]])(
    '%s, what was known stands with its times',
    async (_, fault) => {
      await configure({ test_secret_key: genuineKey() });
      const before = await keyHealth();
      await makeStale();
      stripe.fault = fault;
      stripe.requests.length = 0;
      expect(await keyHealth()).toEqual({
        ...before,
        since: anHourBefore(before.since),
        checked_at: anHourBefore(before.checked_at),
      });
      expect(asked()).toEqual(['/v1/balance']);
    },
  );

  it('takes its time, the answer does not wait for it, and what it says later is known', async () => {
    await configure({ test_secret_key: genuineKey() });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    stripe.afterHandling = () => released;
    expect(await keyHealth()).toEqual(UNKNOWN);
    // Had the answer waited for the deadline of the question, nobody would receive what Stripe says now.
    release();
    const known = await eventually('it is known', async () => {
      const key = await keyHealth();
      return key.status !== 'unknown' && key;
    });
    expect(known).toEqual({ status: 'works', since: TIME, checked_at: TIME, account_id: ACCOUNT });
    expect(asked()).toEqual(['/v1/balance', '/v1/account']);
  });

  it.each(TROUBLES)('%s about the account only, what was known stands', async (_, fault) => {
    await configure({ test_secret_key: genuineKey() });
    const before = await keyHealth();
    await makeStale();
    stripe.fault = ({ path }) => (path === '/v1/account' ? fault : undefined);
    expect(await keyHealth()).toEqual({
      ...before,
      since: anHourBefore(before.since),
      checked_at: anHourBefore(before.checked_at),
    });
  });

  it.each(TROUBLES)('%s, a key that was never tried is unknown', async (_, fault) => {
    await configure({ test_secret_key: genuineKey() });
    stripe.fault = fault;
    expect(await keyHealth()).toEqual(UNKNOWN);
    stripe.fault = undefined;
    expect(await keyHealth()).toMatchObject({ status: 'works' });
  });

  it('cannot be reached, a key that was never tried is unknown', async () => {
    await configure({ test_secret_key: genuineKey() });
    const lonely = await startService({ stripeApiBase: 'http://127.0.0.1:9' });
    try {
      expect(await keyHealth('test', lonely)).toEqual(UNKNOWN);
    } finally {
      await lonely.stop();
    }
  });
});

describe('the limit of five questions a minute', () => {
  const validate = (secret_key: string) =>
    service.request('POST', projectPath(projectId, 'validate-credentials'), { body: { secret_key } });

  it('counts a check of either mode', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key, live_secret_key: genuineKey('live') });
    await health();
    for (let count = 0; count < 3; count++) expect((await validate(key)).status).toBe(200);
    expectError(await validate(key), 429, 'rate_limited');
  });

  it('does not count what is known already', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    for (let count = 0; count < 7; count++) await health();
    expect((await validate(key)).status).toBe(200);
  });

  it('is never answered by a 429: what is not known is unknown', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    for (let count = 0; count < 5; count++) await validate(key);
    stripe.requests.length = 0;
    expect(await keyHealth()).toEqual(UNKNOWN);
    expect(asked()).toEqual([]);
    await forgetCalls();
    expect(await keyHealth()).toMatchObject({ status: 'works' });
  });

  it('is never answered by a 429: what was known stands with its times', async () => {
    const key = genuineKey();
    await configure({ test_secret_key: key });
    const before = await keyHealth();
    for (let count = 0; count < 5; count++) await validate(key);
    await makeStale();
    expect(await keyHealth()).toEqual({
      ...before,
      since: anHourBefore(before.since),
      checked_at: anHourBefore(before.checked_at),
    });
  });

  it('of a process is none for the answer either', async () => {
    const projects = await Promise.all(Array.from({ length: 10 }, () => service.createProject()));
    for (const id of projects) {
      await service.request('PUT', configPath(id), { body: { test_secret_key: genuineKey() } });
    }
    stripe.fault = { kind: 'hang' };
    setTimeLimits(service, { stripe: 3_000 });
    const answers = await Promise.all(projects.map((id) => get(service, 'alice', id)));
    for (const { status, json } of answers) {
      expect({ status, json }).toMatchObject({ status: 200, json: { test: { secret_key: UNKNOWN } } });
    }
    // There is room for eight, less what an earlier question still holds; all go on behind the answers until their deadline.
    await eventually('questions reach Stripe', () => stripe.requests.length > 0);
    expect(stripe.requests.length).toBeLessThanOrEqual(8);
    stripe.fault = undefined;
    setTimeLimits(service);
    await configure({ test_secret_key: genuineKey() });
    await eventually('there is room again', async () => (await keyHealth()).status === 'works');
  });
});

describe('the keys of a mode', () => {
  const oldSecret = fakeCredential('test_secret_key');
  const oldPublishable = fakeCredential('test_publishable_key');
  const OLD_ACCOUNT = 'acct_032HealthSpecOne';

  it.each<[what: string, secretKey: string, publishableKey: string, same: boolean | null]>([
    [
      'one account',
      keyOfAccount('test_secret_key', ACCOUNT),
      keyOfAccount('test_publishable_key', ACCOUNT),
      true,
    ],
    [
      'one account, with a restricted key',
      restrictedKey(keyOfAccount('test_secret_key', ACCOUNT)),
      keyOfAccount('test_publishable_key', ACCOUNT),
      true,
    ],
    [
      'two accounts',
      keyOfAccount('test_secret_key', ACCOUNT),
      keyOfAccount('test_publishable_key', OTHER_ACCOUNT),
      false,
    ],
    ['the old form', oldSecret, oldPublishable, null],
    ['which one has the old form', keyOfAccount('test_secret_key', ACCOUNT), oldPublishable, null],
    ['which the other has the old form', oldSecret, keyOfAccount('test_publishable_key', ACCOUNT), null],
  ])(
    'are compared by their texts while their account is unknown: %s',
    async (_, secretKey, publishableKey, same) => {
      stripe.fault = { kind: 'status', status: 500 };
      await configure({ test_secret_key: secretKey, test_publishable_key: publishableKey });
      const { test, live } = await health();
      expect([test.keys_of_same_account, live.keys_of_same_account]).toEqual([same, null]);
    },
  );

  it.each<[what: string, secretKey: string, accountId: string, publishableKey: string, same: boolean | null]>(
    [
      ['its account', oldSecret, ACCOUNT, keyOfAccount('test_publishable_key', ACCOUNT), true],
      ['another account', oldSecret, OTHER_ACCOUNT, keyOfAccount('test_publishable_key', ACCOUNT), false],
      [
        'another account than the text says',
        keyOfAccount('test_secret_key', ACCOUNT, 'moved'),
        OTHER_ACCOUNT,
        keyOfAccount('test_publishable_key', ACCOUNT),
        false,
      ],
      [
        'an account of the old form',
        oldSecret,
        OLD_ACCOUNT,
        keyOfAccount('test_publishable_key', ACCOUNT),
        null,
      ],
      ['no account in the publishable key', oldSecret, ACCOUNT, oldPublishable, null],
    ],
  )(
    'are compared by the account where Stripe returns it: %s',
    async (_, key, accountId, publishableKey, same) => {
      stripe.addAccount({ accountId, key });
      await configure({ test_secret_key: key, test_publishable_key: publishableKey });
      const { test } = await health();
      expect(test.secret_key.account_id).toBe(accountId);
      expect(test.keys_of_same_account).toBe(same);
    },
  );

  it('are not compared by the account of a key that was there before', async () => {
    const key = fakeCredential('test_secret_key', 'before');
    stripe.addAccount({ accountId: ACCOUNT, key });
    await configure({
      test_secret_key: key,
      test_publishable_key: keyOfAccount('test_publishable_key', ACCOUNT),
    });
    expect((await health()).test.keys_of_same_account).toBe(true);
    stripe.fault = { kind: 'status', status: 500 };
    await configure({ test_secret_key: keyOfAccount('test_secret_key', OTHER_ACCOUNT) });
    expect((await health()).test.keys_of_same_account).toBe(false);
  });

  it.each([
    ['secret', { test_secret_key: keyOfAccount('test_secret_key', ACCOUNT) }],
    ['publishable', { test_publishable_key: keyOfAccount('test_publishable_key', ACCOUNT) }],
  ])('cannot be compared when there is a %s key only', async (_, body) => {
    await configure(body);
    expect((await health()).test.keys_of_same_account).toBeNull();
  });
});

describe('a webhook secret', () => {
  it('waits until it has verified an event, and failures are counted from there', async () => {
    const secret = canaries.make('test_webhook_secret');
    await configure({ test_webhook_secret: secret });
    for (let count = 0; count < 2; count++) {
      await deliver(service, projectId, 'test', canaries.make('test_webhook_secret'));
    }
    const failed = await eventually('two failures', async () => {
      const { test } = await health();
      return test.webhook_secret.failures === 2 && test.webhook_secret;
    });
    expect(failed).toEqual({
      status: 'waiting',
      last_verified_at: null,
      failures: 2,
      last_failure_at: TIME,
      last_failure_reason: 'wrong_signature',
      ignored_test_events: 0,
      previous: null,
    });

    expect((await deliver(service, projectId, 'test', secret)).status).toBe(200);
    const verified = await eventually('it is verified', async () => {
      const { test, live } = await health();
      expect(live.webhook_secret).toEqual(NO_WEBHOOKS);
      return test.webhook_secret.status === 'verified' && test.webhook_secret;
    });
    expect(verified).toEqual({
      status: 'verified',
      last_verified_at: TIME,
      failures: 0,
      last_failure_at: failed.last_failure_at,
      last_failure_reason: 'wrong_signature',
      ignored_test_events: 0,
      previous: null,
    });
  });

  it('that was replaced is shown by its mask, and the new one waits', async () => {
    const [before, after] = [canaries.make('test_webhook_secret'), canaries.make('test_webhook_secret')];
    await configure({ test_webhook_secret: before });
    await deliver(service, projectId, 'test', before);
    await eventually(
      'it is verified',
      async () => (await health()).test.webhook_secret.status === 'verified',
    );

    await configure({ test_webhook_secret: after });
    const { webhook_secret } = (await health()).test;
    expect(webhook_secret).toMatchObject({ status: 'waiting', last_verified_at: null });
    expect(webhook_secret.previous).toEqual({
      masked: expectedMask('test_webhook_secret', before),
      accepted_until: TIME,
      last_verified_at: null,
    });

    await deliver(service, projectId, 'test', before);
    await eventually('the old one verified', async () => {
      const { status, previous } = (await health()).test.webhook_secret;
      expect(status).toBe('waiting');
      return previous?.last_verified_at !== null;
    });
  });
});

describe('a webhook endpoint', () => {
  const endpointPath = () => `${configPath(projectId)}/test/webhook-endpoint`;

  it('that the service made is shown, and so is its removal', async () => {
    await configure({ test_secret_key: genuineKey() });
    expect((await service.request('POST', endpointPath(), { body: {} })).status).toBeLessThan(300);
    const [endpoint] = stripe.endpoints(ACCOUNT, false);
    const made = (await health()).test;
    expect(made.webhook_endpoint).toEqual({
      id: endpoint?.id,
      made_by: 'service',
      status: 'in_use',
      since: null,
    });
    expect((await health()).live.webhook_endpoint).toBeNull();

    expect((await service.request('DELETE', endpointPath())).status).toBeLessThan(300);
    expect((await health()).test.webhook_endpoint).toEqual({
      id: endpoint?.id,
      made_by: 'service',
      status: 'removed',
      since: TIME,
    });
  });
});

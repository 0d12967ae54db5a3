import { join } from 'node:path';
import { jest } from '@jest/globals';
import Stripe from 'stripe';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { Canaries } from './support/canaries.js';
import { expectedMask } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  waitForOutput,
} from './support/process.js';
import {
  projectPath,
  setTimeLimits,
  startTestService,
  type RequestOptions,
  type TestClient,
  type TestResponse,
  type TestService,
  type TestServiceOptions,
} from './support/service.js';
import { HUGE_BYTES, LocalStripe, PAGE_SAYS, PERMISSION, type Fault } from './support/stripe/local-stripe.js';
import { restrictedKey } from './support/stripe/special-keys.js';

const ACCOUNT = 'acct_1ValidateSpec';
const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const SENTENCE = expect.stringMatching(/^[A-Z].*\.$/) as unknown;

/** What only Stripe says, in its messages or in ours that distinguish it. */
const STRIPE_SAYS = [
  ACCOUNT,
  PAGE_SAYS,
  'API key provided',
  'does not have the required permissions',
  'allow this request to continue',
  'something went wrong with a request',
  'rate limit exceeded',
  'rak_',
  'words-of-stripe',
];

const canaries = new Canaries();

/** Every line that a service writes. */
const LOGGED = {
  logLevel: 'trace',
  logDestination: { write: (line: string) => void (log += line) },
} as const;

let stripe: LocalStripe;
let service: TestService;
let projectId: string;
let emitWarning: jest.SpiedFunction<typeof process.emitWarning>;
let answers = '';
let log = '';
let requestIds: string[] = [];

beforeAll(async () => {
  stripe = await LocalStripe.start();
  service = await startTestService({ stripeApiBase: stripe.url, ...LOGGED });
});
afterAll(async () => {
  await service.stop();
  await stripe.stop();
});
beforeEach(async () => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  projectId = await service.createProject();
});
afterEach(async () => {
  setTimeLimits(service);
  const [sent, received, warned] = [requestIds, answers, JSON.stringify(emitWarning.mock.calls)];
  emitWarning.mockRestore();
  stripe.fault = undefined;
  stripe.requests.length = 0;
  requestIds = [];
  answers = '';
  for (const id of sent) await eventually(`request ${id} is in the log`, () => log.includes(id));
  const logged = log;
  log = '';
  for (const [name, text] of Object.entries({ received, logged, warned })) {
    expect([name, ...canaries.find(text), ...stripesWordsIn(text)]).toEqual([name]);
  }
});

function stripesWordsIn(text: string): string[] {
  return STRIPE_SAYS.filter((words) => text.toLowerCase().includes(words.toLowerCase()));
}

/** Tries a key, and keeps what came back for the search of pieces of it. */
async function validate(
  body: unknown,
  options: RequestOptions = {},
  id = projectId,
  client: TestClient = service,
): Promise<TestResponse> {
  const answer = await client.request('POST', projectPath(id, 'validate-credentials'), { body, ...options });
  answers += `${JSON.stringify([...answer.headers])}\n${answer.text}\n`;
  if ('app' in client) requestIds.push(answer.headers.get('x-request-id') ?? 'none');
  return answer;
}

/** Another service on the same database. */
function startService(options: TestServiceOptions): Promise<TestService> {
  return startTestService({ database: service.database, ...LOGGED, ...options });
}

/** A key that Stripe knows, and that must not be found anywhere. */
function genuineKey(mode: 'test' | 'live' = 'test'): string {
  const key = canaries.make(`${mode}_secret_key`);
  stripe.addAccount({ accountId: ACCOUNT, key });
  return key;
}

function expectVerdict({ status, json }: TestResponse, valid: boolean): string {
  expect({ status, json }).toStrictEqual({ status: 200, json: { valid, message: SENTENCE } });
  return (json as { message: string }).message;
}

/** Nothing that Stripe said or left unsaid is taken for a verdict. */
function expectUnknown(answer: TestResponse): void {
  expect([502, 503, 504]).toContain(answer.status);
  const { code } = answer.json as { code: string };
  expect(['stripe_unavailable', 'stripe_timeout']).toContain(code);
  expectError(answer, answer.status, code);
  expect(answer.text).not.toContain('"valid"');
}

/** How many questions are counted for a project. */
async function counted(id = projectId): Promise<number> {
  const [row] = await service.database.query<{ count: number }>(
    'SELECT coalesce(cardinality(calls), 0) AS count FROM stripe_call_limits WHERE project_id = $1',
    [id],
  );
  return row?.count ?? 0;
}

/** Lets the minute pass for a project. */
async function letWindowPass(id = projectId): Promise<void> {
  await service.database.query(
    `UPDATE stripe_call_limits SET calls = ARRAY(SELECT call - interval '61 seconds' FROM unnest(calls) AS call)
     WHERE project_id = $1`,
    [id],
  );
}

describe('what is not a secret key of that mode', () => {
  const prefix = (...parts: string[]) => [...parts, ''].join('_');
  const testKey = canaries.make('test_secret_key');
  const liveKey = canaries.make('live_secret_key');

  const WRONG: [what: string, secretKey: string, isTestMode?: boolean][] = [
    ['a publishable key', canaries.make('test_publishable_key')],
    ['a live publishable key', canaries.make('live_publishable_key'), false],
    ['a webhook secret', canaries.make('test_webhook_secret')],
    ['an organization key', `${prefix('sk', 'org')}${testKey.slice(8)}`],
    ['the id of a webhook endpoint', `${prefix('we')}1${'a'.repeat(23)}`],
    ['an account id', 'acct_1ValidateSpecOther'],
    ['an address', 'https://dashboard.stripe.com/apikeys'],
    ['a key in quotes', `"${testKey}"`],
    ['a key behind Bearer', `Bearer ${testKey}`],
    ['a mask', expectedMask('test_secret_key', `${testKey}abcd`)],
    ['a mask of a restricted key', restrictedKey(expectedMask('test_secret_key', testKey))],
    ['a mask of stars', `${testKey.slice(0, 12)}******`],
    ['a key that is cut short', testKey.slice(0, 15)],
    ['a prefix', prefix('sk', 'test')],
    ['a key with white space inside', `${testKey.slice(0, 20)} ${testKey.slice(20)}`],
    ['a key with a line break inside', `${testKey.slice(0, 20)}\n${testKey.slice(20)}`],
    ['a key with an invisible character', `${testKey.slice(0, 20)}\u200b${testKey.slice(20)}`],
    ['a setting', `STRIPE_KEY=${testKey}`],
    ['a key that is far too long', testKey + 'x'.repeat(600)],
    ['nothing known', 'hello-hello-hello'],
    ['a live key by default', liveKey],
    ['a live key as a test key', liveKey, true],
    ['a restricted live key as a test key', restrictedKey(liveKey), true],
    ['a test key as a live key', testKey, false],
    ['a restricted test key as a live key', restrictedKey(testKey), false],
  ];
  // Jest takes a parameter that is left out for a callback.
  it.each(WRONG.map(([what, secretKey, isTestMode]) => ({ what, secretKey, isTestMode })))(
    'is not valid, unasked and uncounted: $what',
    async ({ secretKey, isTestMode }) => {
      const message = expectVerdict(
        await validate({ secret_key: secretKey, is_test_mode: isTestMode }),
        false,
      );
      expect(message).not.toContain(secretKey);
      expect(stripe.requests).toEqual([]);
      expect(await counted()).toBe(0);
    },
  );

  it('is refused with a message of its own: kind, mode, mask', async () => {
    const messageFor = async (secret_key: string, is_test_mode?: boolean) =>
      expectVerdict(await validate({ secret_key, is_test_mode }), false);
    expect(await messageFor(canaries.make('test_publishable_key'))).toMatch(/publishable key/);
    expect(await messageFor(liveKey)).toMatch(/live key.*is_test_mode/);
    expect(await messageFor(testKey, false)).toMatch(/test key.*is_test_mode/);
    expect(await messageFor(expectedMask('test_secret_key', testKey))).toMatch(/mask/);
  });
});

describe('a key', () => {
  it.each(['test', 'live'] as const)('that Stripe accepts is valid: %s', async (mode) => {
    const key = genuineKey(mode);
    expectVerdict(await validate({ secret_key: key, is_test_mode: mode === 'test' }), true);
    expect(stripe.requests.map(({ method, path, key }) => [method, path, key])).toEqual([
      ['GET', '/v1/balance', key],
    ]);
    expect(await counted()).toBe(1);
  });

  it('is one of the test mode by default', async () => {
    expectVerdict(await validate({ secret_key: genuineKey('test') }), true);
  });

  it('is taken without the white space around it', async () => {
    const key = genuineKey();
    expectVerdict(await validate({ secret_key: ` \t${key}\r\n` }), true);
    expect(stripe.requests.map(({ key }) => key)).toEqual([key]);
  });

  it('that Stripe does not know is not valid', async () => {
    expectVerdict(await validate({ secret_key: canaries.make() }), false);
    expect(stripe.requests).toHaveLength(1);
  });

  it('that expired is not valid', async () => {
    const key = genuineKey();
    stripe.expire(key);
    expectVerdict(await validate({ secret_key: key }), false);
  });

  it.each([
    ['test', true],
    ['live', false],
  ] as const)('of the %s mode is not valid when Stripe reports the other mode', async (mode, isTestMode) => {
    const key = genuineKey(mode);
    stripe.addAccount({ accountId: ACCOUNT, key, livemode: isTestMode });
    const message = expectVerdict(await validate({ secret_key: key, is_test_mode: isTestMode }), false);
    expect(message).toContain(`${mode} mode`);
  });

  it('is tried once, whatever comes', async () => {
    stripe.fault = { kind: 'status', status: 500 };
    await validate({ secret_key: genuineKey() });
    expect(stripe.requests).toHaveLength(1);
  });

  it('is not stored, nor what was found of it', async () => {
    expectVerdict(await validate({ secret_key: genuineKey() }), true);
    expectVerdict(await validate({ secret_key: canaries.make() }), false);
    const rows = await service.database.query(
      `SELECT project_id FROM stripe_configs WHERE project_id = $1
       UNION ALL SELECT project_id FROM stripe_config_audit WHERE project_id = $1
       UNION ALL SELECT project_id FROM stripe_config_states WHERE project_id = $1`,
      [projectId],
    );
    expect(rows).toEqual([]);
  });
});

describe('a restricted key', () => {
  it('that may see its balance is valid', async () => {
    const key = restrictedKey(canaries.make());
    stripe.addAccount({ accountId: ACCOUNT, key, permissions: [PERMISSION.balanceRead] });
    expect(expectVerdict(await validate({ secret_key: key }), true)).not.toContain('Balance');
  });

  it.each([
    ['nothing', []],
    ['something else', [PERMISSION.webhookWrite]],
    ['its account', [PERMISSION.accountRead]],
  ])('that may see %s is valid, and the answer names what it lacks', async (_, permissions) => {
    const key = restrictedKey(canaries.make());
    stripe.addAccount({ accountId: ACCOUNT, key, permissions });
    const message = expectVerdict(await validate({ secret_key: key }), true);
    expect(message).toContain('Balance (read)');
    expect(message).toContain('restricted');
  });

  it('that lacks something unheard of is valid, and Stripe’s name for it is not repeated', async () => {
    const key = restrictedKey(canaries.make());
    stripe.fault = {
      kind: 'json',
      status: 403,
      body: {
        error: {
          type: 'invalid_request_error',
          message: `words-of-stripe: '${key}' lacks 'rak_words-of-stripe'`,
        },
      },
    };
    const message = expectVerdict(await validate({ secret_key: key }), true);
    expect(message).toContain('restricted');
    expect(message).not.toMatch(/undefined|\(read\)/);
  });

  it('that Stripe no longer knows at the second question is not valid', async () => {
    const key = restrictedKey(canaries.make());
    stripe.addAccount({ accountId: ACCOUNT, key });
    stripe.fault = ({ path }) => (path === '/v1/balance' ? undefined : { kind: 'status', status: 401 });
    expectVerdict(await validate({ secret_key: key }), false);
  });
});

/** Everything that is no verdict. */
const NO_VERDICT: [what: string, fault: Fault][] = [
  ['429', { kind: 'status', status: 429 }],
  ['429 with a time', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } }],
  ['500', { kind: 'status', status: 500 }],
  ['502', { kind: 'status', status: 502 }],
  ['503', { kind: 'status', status: 503 }],
  ['400', { kind: 'status', status: 400 }],
  ['402', { kind: 'status', status: 402 }],
  ['404', { kind: 'status', status: 404 }],
  ['409', { kind: 'status', status: 409 }],
  ['418', { kind: 'status', status: 418 }],
  ['an error with 200', { kind: 'status', status: 200 }],
  ['a page', { kind: 'html' }],
  ['a page with 401', { kind: 'html', status: 401 }],
  ['a page with 403', { kind: 'html', status: 403 }],
  ['a page with 500', { kind: 'html', status: 500 }],
  ['401 without an error', { kind: 'json', status: 401, body: {} }],
  ['403 without an error', { kind: 'json', status: 403, body: { message: 'words-of-stripe' } }],
  ['500 without an error', { kind: 'json', status: 500, body: { object: 'balance', livemode: false } }],
  ['401 with a balance', { kind: 'json', status: 401, body: { object: 'balance', livemode: false } }],
  ['401 with a text for an error', { kind: 'json', status: 401, body: { error: 'words-of-stripe' } }],
  ['401 with null for an error', { kind: 'json', status: 401, body: { error: null } }],
  ['401 with null', { kind: 'json', status: 401, body: null }],
  ['an empty object', { kind: 'json', status: 200, body: {} }],
  ['null', { kind: 'json', status: 200, body: null }],
  ['true', { kind: 'json', status: 200, body: true }],
  ['a list', { kind: 'json', status: 200, body: [] }],
  ['a text', { kind: 'json', status: 200, body: 'words-of-stripe' }],
  ['a mode in words', { kind: 'json', status: 200, body: { object: 'balance', livemode: 'false' } }],
  ['no mode', { kind: 'json', status: 200, body: { object: 'balance', livemode: null } }],
  ['a reset', { kind: 'reset' }],
  ['a lost answer', { kind: 'reset-after' }],
];

describe('no verdict is made of', () => {
  it.each(NO_VERDICT)('%s', async (_, fault) => {
    stripe.fault = fault;
    expectUnknown(await validate({ secret_key: genuineKey() }));
    expect(stripe.requests).not.toEqual([]);
  });

  it.each(NO_VERDICT)('%s about the account of a restricted key', async (_, fault) => {
    const key = restrictedKey(canaries.make());
    stripe.addAccount({ accountId: ACCOUNT, key, permissions: [PERMISSION.accountRead] });
    stripe.fault = ({ path }) => (path === '/v1/balance' ? undefined : fault);
    expectUnknown(await validate({ secret_key: key }));
  });

  it.each([301, 302, 303, 307, 308])('a redirect by %i, which is not followed', async (status) => {
    const target = await LocalStripe.start();
    try {
      const key = genuineKey();
      target.addAccount({ accountId: ACCOUNT, key });
      stripe.fault = { kind: 'redirect', to: `${target.url}/v1/balance`, status };
      expectUnknown(await validate({ secret_key: key }));
      expect(target.requests).toEqual([]);
    } finally {
      await target.stop();
    }
  });

  it.each([204, 205, 304])('an empty answer with %i', async (status) => {
    stripe.fault = { kind: 'json', status, body: {} };
    expectUnknown(await validate({ secret_key: genuineKey() }));
  });

  it('200 MB, which are not read', async () => {
    stripe.fault = { kind: 'huge' };
    const before = stripe.bytesSent;
    expectUnknown(await validate({ secret_key: genuineKey() }));
    expect(stripe.bytesSent - before).toBeLessThan(HUGE_BYTES / 4);
  });

  it.each<Fault>([{ kind: 'hang' }, { kind: 'drip' }])(
    'an answer without an end, which is not waited for: $kind',
    async (fault) => {
      stripe.fault = fault;
      setTimeLimits(service, { stripe: 1_500 });
      expectError(await validate({ secret_key: genuineKey() }), 504, 'stripe_timeout');
    },
  );

  it('two slow answers, which have one deadline together', async () => {
    const key = restrictedKey(canaries.make());
    stripe.addAccount({ accountId: ACCOUNT, key, permissions: [PERMISSION.accountRead] });
    stripe.fault = { kind: 'delay', ms: 1_500 };
    setTimeLimits(service, { stripe: 2_500 });
    expectError(await validate({ secret_key: key }), 504, 'stripe_timeout');
    expect(stripe.requests.map(({ path }) => path)).toEqual(['/v1/balance', '/v1/account']);
  });

  it('a refused connection', async () => {
    // By default nothing answers where Stripe is looked for.
    const other = await startService({});
    try {
      const answer = await validate({ secret_key: genuineKey() }, {}, projectId, other);
      expectError(answer, 502, 'stripe_unavailable');
    } finally {
      await other.stop();
    }
  });
});

describe('nothing of the key nor of Stripe’s words gets out', () => {
  const notice = (key: string) => ({
    'Stripe-Notice': `words-of-stripe about ${key}`,
    'Stripe-Should-Retry': 'true',
    Warning: `299 - "words-of-stripe about ${key}"`,
    'Request-Id': `req_${key}`,
  });

  /** What a client without our precautions would have warned of. */
  async function askWithPlainSdk(key: string): Promise<void> {
    const sdk = new Stripe(key, { ...stripe.address, maxNetworkRetries: 0, telemetry: false });
    await sdk.balance.retrieve().catch(() => undefined);
  }

  it.each([200, 401, 403, 429, 500])('through the headers of an answer with %i', async (status) => {
    const key = genuineKey();
    const body = { object: 'balance', livemode: false };
    stripe.fault =
      status === 200
        ? { kind: 'json', status, body, headers: notice(key) }
        : { kind: 'status', status, headers: notice(key) };
    await askWithPlainSdk(key);
    expect(JSON.stringify(emitWarning.mock.calls)).toContain(key);
    emitWarning.mockClear();

    await validate({ secret_key: key });
    expect(stripe.requests).toHaveLength(status === 403 ? 3 : 2);
    expect(emitWarning).not.toHaveBeenCalled();
  });

  it('through the output of the program', async () => {
    const key = genuineKey();
    stripe.fault = { kind: 'json', status: 500, body: { error: { message: key } }, headers: notice(key) };
    const keyRingFile = join(await temporaryFolder(), 'ring.json');
    await createKeyRingFile(keyRingFile);
    try {
      const program = await startServiceProcess(
        serviceSettings(service.database.url, keyRingFile, {
          LOG_LEVEL: 'trace',
          STRIPE_API_BASE: stripe.url,
        }),
      );
      const answer = await validate({ secret_key: key }, {}, projectId, program);
      expectError(answer, 502, 'stripe_unavailable');
      expect(stripe.requests.map(({ key }) => key)).toEqual([key]);
      await waitForOutput(program, new RegExp(`(${answer.headers.get('x-request-id') ?? 'no id'})`));
      await program.stop();
      expect(canaries.find(program.stdout + program.stderr)).toEqual([]);
      expect(stripesWordsIn(program.stdout + program.stderr)).toEqual([]);
      expect(program.stderr).toBe('');
    } finally {
      await cleanUp();
    }
  });
});

describe('a request that is refused', () => {
  const secretKey = canaries.make();

  afterEach(async () => {
    expect(stripe.requests).toEqual([]);
    expect(await counted()).toBe(0);
  });

  it.each<[what: string, body: unknown, at: (string | number)[], type: string]>([
    ['no key', {}, ['body', 'secret_key'], 'missing'],
    ['an empty key', { secret_key: '' }, ['body', 'secret_key'], 'empty'],
    ['white space', { secret_key: ' \t\n' }, ['body', 'secret_key'], 'empty'],
    ['null as the key', { secret_key: null }, ['body', 'secret_key'], 'not_a_string'],
    ['a number as the key', { secret_key: 1 }, ['body', 'secret_key'], 'not_a_string'],
    ['a list as the key', { secret_key: [secretKey] }, ['body', 'secret_key'], 'not_a_string'],
    ['an object as the key', { secret_key: { secretKey } }, ['body', 'secret_key'], 'not_a_string'],
    ...[null, 'true', 'false', 1, 0, '', [true], {}].map((mode): [string, unknown, string[], string] => [
      `${JSON.stringify(mode)} as the mode`,
      { secret_key: secretKey, is_test_mode: mode },
      ['body', 'is_test_mode'],
      'not_a_boolean',
    ]),
    ['an unknown field', { secret_key: secretKey, [secretKey]: 1 }, ['body'], 'extra_forbidden'],
    [
      'a field of the configuration',
      { secret_key: secretKey, test_secret_key: secretKey },
      ['body', 'test_secret_key'],
      'extra_forbidden',
    ],
    [
      'another spelling',
      { secret_key: secretKey, isTestMode: false },
      ['body', 'isTestMode'],
      'extra_forbidden',
    ],
  ])('for %s is 422', async (_, body, loc, type) => {
    expectInvalid(await validate(body), [{ loc, type }]);
  });

  it('for several reasons lists all of them', async () => {
    expectInvalid(await validate({ is_test_mode: null, more: 1 }), [
      { loc: ['body', 'more'], type: 'extra_forbidden' },
      { loc: ['body', 'secret_key'], type: 'missing' },
      { loc: ['body', 'is_test_mode'], type: 'not_a_boolean' },
    ]);
  });

  it.each<[what: string, status: number, code: string, type: string, body: string]>([
    [
      'another media type',
      415,
      'unsupported_media_type',
      'text/plain',
      JSON.stringify({ secret_key: secretKey }),
    ],
    ['another media type and size', 415, 'unsupported_media_type', 'text/plain', ' '.repeat(100_000)],
    ['its size', 413, 'body_too_large', 'application/json', '{'.repeat(100_000)],
    ['half a JSON', 400, 'malformed_body', 'application/json', `{"secret_key": "${secretKey}`],
    ['a list', 400, 'malformed_body', 'application/json', `["${secretKey}"]`],
    ['null', 400, 'malformed_body', 'application/json', 'null'],
    ['nothing in it', 400, 'malformed_body', 'application/json', ''],
  ])('for %s is %i', async (_, status, code, type, body) => {
    expectError(await validate(body, { headers: { 'content-type': type } }), status, code);
  });

  it.each<[what: string, body: unknown]>([
    ['a genuine key', { secret_key: secretKey }],
    ['a wrong body', { nonsense: 1 }],
    ['no JSON', '{'],
    ['too much', ' '.repeat(100_000)],
  ])(
    'for the caller is checked by token, project id, project and owner in this order: %s',
    async (_, body) => {
      stripe.addAccount({ accountId: ACCOUNT, key: secretKey });
      const inactive = await service.createProject();
      await service.request('DELETE', `/api/v1/projects/${inactive}`);
      const asStranger = { subject: 'mallory' };

      for (const id of ['x', UNKNOWN_ID, inactive, projectId]) {
        expectError(await validate(body, { subject: null }, id), 401, 'not_authenticated');
        const headers = { authorization: 'Bearer x.y.z' };
        expectError(await validate(body, { headers }, id), 401, 'invalid_token');
      }
      expectInvalid(await validate(body, asStranger, 'x'), [
        { loc: ['path', 'project_id'], type: 'invalid_uuid' },
      ]);
      expectError(await validate(body, asStranger, UNKNOWN_ID), 404, 'project_not_found');
      expectError(await validate(body, {}, inactive), 404, 'project_not_found');
      expectError(await validate(body, asStranger), 403, 'not_project_owner');
      expectError(await validate(body, asStranger, projectId.toUpperCase()), 403, 'not_project_owner');
    },
  );
});

describe('the limit of a project', () => {
  function expectLimited(answer: TestResponse): void {
    expectError(answer, 429, 'rate_limited');
    const seconds = answer.headers.get('retry-after') ?? '';
    expect(seconds).toMatch(/^[1-9]\d?$/);
    expect(Number(seconds)).toBeLessThanOrEqual(60);
  }

  it('is five questions a minute, whatever their outcome', async () => {
    const key = genuineKey();
    expectVerdict(await validate({ secret_key: key }), true);
    expectVerdict(await validate({ secret_key: canaries.make() }), false);
    stripe.fault = { kind: 'status', status: 500 };
    expectUnknown(await validate({ secret_key: key }));
    stripe.fault = undefined;
    expectVerdict(await validate({ secret_key: key }), true);
    expectVerdict(await validate({ secret_key: key }), true);
    expectLimited(await validate({ secret_key: key }));
    expectLimited(await validate({ secret_key: canaries.make() }));
    expect(stripe.requests).toHaveLength(5);
  });

  it('says when the oldest question is a minute old, and lets the next pass then', async () => {
    const key = genuineKey();
    for (let count = 0; count < 5; count++) await validate({ secret_key: key });
    await service.database.query(
      `UPDATE stripe_call_limits SET calls = calls[:4] || ARRAY[now() - interval '31 seconds'] WHERE project_id = $1`,
      [projectId],
    );
    const answer = await validate({ secret_key: key });
    expectLimited(answer);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThan(30);
    await service.database.query(
      `UPDATE stripe_call_limits SET calls = calls[:4] || ARRAY[now() - interval '61 seconds'] WHERE project_id = $1`,
      [projectId],
    );
    expectVerdict(await validate({ secret_key: key }), true);
    expectLimited(await validate({ secret_key: key }));
  });

  it('is over after a minute', async () => {
    const key = genuineKey();
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count < 5; count++) expectVerdict(await validate({ secret_key: key }), true);
      expectLimited(await validate({ secret_key: key }));
      await letWindowPass();
    }
    expect(stripe.requests).toHaveLength(10);
  });

  it('is not moved by what it refuses', async () => {
    const key = genuineKey();
    for (let count = 0; count < 8; count++) await validate({ secret_key: key });
    expect(await counted()).toBe(5);
  });

  it('is not asked about what needs no question', async () => {
    const key = genuineKey();
    for (let count = 0; count < 5; count++) await validate({ secret_key: key });
    expectVerdict(await validate({ secret_key: key, is_test_mode: false }), false);
    expectInvalid(await validate({}), [{ loc: ['body', 'secret_key'], type: 'missing' }]);
  });

  it('is not shared with another project', async () => {
    const key = genuineKey();
    for (let count = 0; count < 5; count++) await validate({ secret_key: key });
    expectLimited(await validate({ secret_key: key }));
    const other = await service.createProject();
    expectVerdict(await validate({ secret_key: key }, {}, other), true);
  });

  it('is one for all services on a database', async () => {
    const key = genuineKey();
    const second = await startService({ stripeApiBase: stripe.url });
    try {
      for (const client of [service, second, service, second, second]) {
        expectVerdict(await validate({ secret_key: key }, {}, projectId, client), true);
      }
      expectLimited(await validate({ secret_key: key }, {}, projectId, service));
      expectLimited(await validate({ secret_key: key }, {}, projectId, second));
    } finally {
      await second.stop();
    }
  });

  it.each(['for the first time', 'after a minute'])('holds for twelve at once: %s', async (when) => {
    const key = genuineKey();
    if (when === 'after a minute') {
      for (let count = 0; count < 5; count++) await validate({ secret_key: key });
      await letWindowPass();
      stripe.requests.length = 0;
    }
    // Each has four places for one caller.
    const second = await startService({ stripeApiBase: stripe.url });
    try {
      const clients = Array.from({ length: 6 }, () => [service, second]).flat();
      const twelve = await Promise.all(
        clients.map((client) => validate({ secret_key: key }, {}, projectId, client)),
      );
      const refused = twelve.filter(({ status }) => status !== 200);
      expect(refused).toHaveLength(7);
      refused.forEach(expectLimited);
      expect(stripe.requests).toHaveLength(5);
    } finally {
      await second.stop();
    }
  });

  /** Projects of owners whose questions Stripe does not answer: all their keys. */
  async function hangFor(owners: readonly string[]): Promise<() => Promise<TestResponse[]>> {
    const projects = await Promise.all(owners.map((owner) => service.createProject(owner)));
    const keys = owners.map(() => genuineKey());
    stripe.fault = ({ key }) => (keys.includes(key ?? '') ? { kind: 'hang' } : undefined);
    setTimeLimits(service, { stripe: 2_500 });
    return () =>
      Promise.all(
        keys.map((secret_key, index) =>
          validate({ secret_key }, { subject: owners[index] ?? null }, projects[index]),
        ),
      );
  }

  /** So many of each that all eight places are taken: half of what is free for each. */
  const ALL_PLACES = ['alice', 'alice', 'alice', 'alice', 'bob', 'bob', 'carol', 'dave'];

  it('of a process is eight questions at once, and for each caller half of what is free', async () => {
    const more = ['alice', 'bob', 'carol', 'dave', 'erin'];
    const ask = await hangFor([...ALL_PLACES, ...more]);
    const answers = await ask();
    expect(answers.filter(({ status }) => status === 504)).toHaveLength(ALL_PLACES.length);
    const refused = answers.filter(({ status }) => status !== 504);
    expect(refused).toHaveLength(more.length);
    refused.forEach(expectLimited);
    expect(stripe.requests).toHaveLength(8);

    stripe.fault = undefined;
    expect((await ask()).filter(({ status }) => status === 200).length).toBeGreaterThan(0);
  });

  it('of a process lets no caller take what others need, however many projects they have', async () => {
    const ask = await hangFor(Array<string>(12).fill('mallory'));
    let isOver = false;
    const hanging = ask().finally(() => (isOver = true));
    await eventually('the questions of one caller hang', () => stripe.requests.length === 4);

    expectVerdict(await validate({ secret_key: genuineKey() }), true);
    expect(isOver).toBe(false);
    expect((await hanging).map(({ status }) => status).sort()).toEqual([
      ...Array<number>(8).fill(429),
      ...Array<number>(4).fill(504),
    ]);
  });

  it('is not used up by what the load of others refuses', async () => {
    const ask = await hangFor(ALL_PLACES.map((owner) => `${owner} of others`));
    const hanging = ask();
    await eventually('all eight places are taken', () => stripe.requests.length === ALL_PLACES.length);

    const key = genuineKey();
    for (let count = 0; count < 6; count++) expectLimited(await validate({ secret_key: key }));
    expect(await counted()).toBe(0);

    await hanging;
    for (let count = 0; count < 5; count++) expectVerdict(await validate({ secret_key: key }), true);
    expectLimited(await validate({ secret_key: key }));
  });
});

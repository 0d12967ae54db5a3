import { randomUUID } from 'node:crypto';
import pg from 'pg';
import Stripe from 'stripe';
import type { KeyRing } from '../src/payments/crypto/key-ring.js';
import type { StripeConfigHistoryResponse } from '../src/payments/audit/history.dto.js';
import type {
  StripeConfigHealthResponse,
  WebhookEndpointHealth,
} from '../src/payments/config-health/config-health.dto.js';
import { MODES, type Mode } from '../src/payments/domain/credentials.js';
import type { WebhookEndpointResponse } from '../src/payments/webhook-endpoint/webhook-endpoint.dto.js';
import { Canaries } from './support/canaries.js';
import { expectedMask } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  TEST_PUBLIC_URL,
  configPath,
  setTimeLimits,
  startTestService,
  testKeyRing,
  webhookPath,
  type RequestOptions,
  type TestClient,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { isCreation, isList, onceHandled } from './support/stripe/endpoint-fixtures.js';
import {
  ENDPOINT_LIMIT,
  LocalStripe,
  PAGE_SAYS,
  PERMISSION,
  type EndpointDetails,
  type Fault,
  type LocalEndpoint,
  type Permission,
  type StripeRequest,
} from './support/stripe/local-stripe.js';
import { restrictedKey } from './support/stripe/special-keys.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import { deliver } from './support/webhooks.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const DEFAULT_TYPES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'charge.refunded',
];
/** Pieces of what Stripe says, none of which may be passed on. */
const STRIPES_WORDS = [
  'Invalid API Key',
  'Expired API Key',
  'Something went wrong with a request of',
  'Request rate limit exceeded',
  'required permissions',
  'You have reached the maximum',
  'No such webhook endpoint',
  'Not a valid URL',
  'must begin with',
  'must be one of',
  'another in-progress request',
  PAGE_SAYS,
];
/** Connections that a service has to its database. */
const POOL_SIZE = 10;
const MORE_THAN_THE_POOL = 3 * POOL_SIZE;
/** Part of the statement that takes the lock, and of no other: events are handled under locks of their own. */
const TAKE_LOCK = 'AS is_taken';
/** What a Stripe that hangs is given to answer in, in milliseconds. */
const HANGING_MS = 1_500;
/** Less than the database lets a forgotten transaction live, which would end its lock too. */
const UNTIL_IT_STAYS_MS = 20_000;

const canaries = new Canaries();

let stripe: LocalStripe;
let keyRing: KeyRing;
let database: TestDatabase;
let proxy: TcpProxy;
let service: TestService;
/** On the same database as {@link service}, without the proxy. */
let sibling: TestService;
let log = '';
let answers = '';
let requestIds: string[] = [];

let accountId: string;
let keys: Record<Mode, string>;
let projectId: string;

beforeAll(async () => {
  stripe = await LocalStripe.start();
  const add = stripe.addEndpoint.bind(stripe);
  stripe.addEndpoint = (...details) => {
    const endpoint = add(...details);
    canaries.watch(`the secret of ${endpoint.id}`, secretOf(endpoint.id));
    return endpoint;
  };
  keyRing = testKeyRing();
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  const options = {
    database,
    keyRing,
    stripeApiBase: stripe.url,
    logLevel: 'trace',
    logDestination: { write: (line: string) => void (log += line) },
  } as const;
  sibling = await startTestService(options);
  service = await startTestService({ ...options, databaseUrl: proxy.url });
});
afterAll(async () => {
  await stripe.stop();
  await Promise.all([service.stop(), sibling.stop()]);
  await proxy.close();
  await database.drop();
});
beforeEach(async () => {
  accountId = newAccountId();
  keys = addKeys();
  projectId = await newProject(keys);
});
afterEach(async () => {
  stripe.fault = undefined;
  stripe.afterHandling = undefined;
  for (const each of [service, sibling]) setTimeLimits(each);
  await proxy.pass();
  await eventually('the service is ready', async () => {
    return (await service.request('GET', '/health/ready')).status === 200;
  });
  for (const id of requestIds)
    await eventually(`request ${id} is in the log`, () => log.includes(id) || undefined);
  for (const [where, text] of Object.entries({ answers, log })) {
    expect([where, ...canaries.find(text)]).toEqual([where]);
    expect([where, ...STRIPES_WORDS.filter((words) => text.includes(words))]).toEqual([where]);
  }
  log = answers = '';
  requestIds = [];
});

const newAccountId = () => `acct_1${randomUUID().replaceAll('-', '').slice(0, 16)}`;

/** Keys of the account, known to Stripe. */
function addKeys(account = accountId): Record<Mode, string> {
  const made = { test: canaries.make('test_secret_key'), live: canaries.make('live_secret_key') };
  stripe.addAccount({ accountId: account, key: [made.test, made.live] });
  return made;
}

async function newProject({ test, live }: Record<Mode, string>): Promise<string> {
  const id = await sibling.createProject();
  const body = { test_secret_key: test, live_secret_key: live };
  expect((await sibling.request('PUT', configPath(id), { body })).status).toBe(200);
  return id;
}

/** A restricted key of the account, stored for the test mode. */
async function useRestrictedKey(...permissions: Permission[]): Promise<void> {
  const key = restrictedKey(canaries.make('test_secret_key'));
  stripe.addAccount({ accountId, key, permissions });
  await putConfig({ test_secret_key: key });
}

const endpointPath = (id = projectId, mode = 'test') => `${configPath(id)}/${mode}/webhook-endpoint`;
const urlOf = (id = projectId, mode: Mode = 'test') => TEST_PUBLIC_URL + webhookPath(id, mode);
const secretOf = (id: string) => stripe.secretOf(id) ?? '';
const ours = (mode: Mode = 'test', id = projectId) =>
  stripe.endpoints(accountId, mode === 'live').filter(({ url }) => url === urlOf(id, mode));
const creations = () =>
  stripe.requests.filter((each) => isCreation(each) && Object.values(keys).includes(each.key ?? ''));

async function ask(
  method: string,
  path: string,
  options?: RequestOptions,
  client: TestClient = service,
): Promise<TestResponse> {
  const answer = await client.request(method, path, options);
  answers += `${answer.text}\n${JSON.stringify([...answer.headers])}\n`;
  requestIds.push(answer.headers.get('x-request-id') ?? '');
  return answer;
}

const post = (body?: unknown, mode: Mode = 'test', client: TestClient = service) =>
  ask('POST', endpointPath(projectId, mode), { body }, client);
const get = (mode: Mode = 'test') => ask('GET', endpointPath(projectId, mode));
const del = (mode: Mode = 'test') => ask('DELETE', endpointPath(projectId, mode));
const delConfig = () => ask('DELETE', configPath(projectId));
const config = async () => (await ask('GET', configPath(projectId))).json as Record<string, unknown>;

async function putConfig(body: unknown): Promise<void> {
  expect((await sibling.request('PUT', configPath(projectId), { body })).status).toBe(200);
}

async function history(): Promise<StripeConfigHistoryResponse['changes']> {
  const { json } = await ask('GET', `${configPath(projectId)}/history`);
  return (json as StripeConfigHistoryResponse).changes;
}

/** What a request gave; it must have succeeded. */
async function view(asked: Promise<TestResponse>): Promise<WebhookEndpointResponse> {
  const { status, json } = await asked;
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as WebhookEndpointResponse;
}

async function health(mode: Mode = 'test'): Promise<StripeConfigHealthResponse['test']> {
  const { status, json } = await ask('GET', `${configPath(projectId)}/health`);
  expect({ status, json }).toMatchObject({ status: 200 });
  return (json as StripeConfigHealthResponse)[mode];
}
const endpointHealth = async (mode: Mode = 'test'): Promise<WebhookEndpointHealth | null> =>
  (await health(mode)).webhook_endpoint;

/** Expects that there is one endpoint of this project and mode and that its secret is the stored one. */
async function expectOne(mode: Mode = 'test'): Promise<LocalEndpoint> {
  const [endpoint, ...others] = ours(mode);
  if (endpoint === undefined) throw new Error('there is no endpoint');
  expect(others).toEqual([]);
  expect(endpoint.status).toBe('enabled');
  await expectStored(endpoint, mode);
  return endpoint;
}

/** Expects that a webhook signed with an endpoint's secret is accepted, and that the secret's mask is shown. */
async function expectStored({ id }: Pick<LocalEndpoint, 'id'>, mode: Mode = 'test'): Promise<void> {
  const { status, json } = await deliver(service, projectId, mode, secretOf(id));
  expect({ status, json }).toEqual({ status: 200, json: { received: true } });
  expect(await config()).toHaveProperty(
    `${mode}_webhook_secret_masked`,
    expectedMask(`${mode}_webhook_secret`, secretOf(id)),
  );
}

/** An endpoint of the project's URL, made in the Dashboard. */
function byHand(details: Partial<EndpointDetails> = {}): LocalEndpoint {
  return stripe.addEndpoint(accountId, false, {
    url: urlOf(),
    enabled_events: ['payout.paid'],
    ...details,
  });
}

/** Stores the secret of an endpoint, and lets an event verify with it. */
async function verify({ id }: LocalEndpoint): Promise<void> {
  await putConfig({ test_webhook_secret: secretOf(id) });
  await verified(id);
}

/** Lets an event verify with the secret of an endpoint, which is stored. */
async function verified(id: string): Promise<void> {
  expect((await deliver(service, projectId, 'test', secretOf(id))).status).toBe(200);
  await eventually('the secret is verified', async () => {
    return (await health()).webhook_secret.status === 'verified';
  });
}

/** Changes the account as its owner does. */
const dashboard = () => new Stripe(keys.test, { ...stripe.address, telemetry: false });

/** Removes an endpoint in the Dashboard. */
async function removeByHand(id: string): Promise<void> {
  await dashboard().webhookEndpoints.del(id);
}

function addForeign(count: number): void {
  for (let index = 0; index < count; index++) byHand({ url: `https://other.example.test/${index}` });
}

describe('creating an endpoint', () => {
  it.each(MODES)('makes it in Stripe and stores its secret, in %s mode', async (mode) => {
    const before = stripe.requests.length;
    const answer = await post(undefined, mode);
    const endpoint = await expectOne(mode);

    expect(endpoint).toMatchObject({
      url: urlOf(projectId, mode),
      enabled_events: DEFAULT_TYPES,
      api_version: Stripe.API_VERSION,
      livemode: mode === 'live',
      metadata: { project_id: projectId, mode },
    });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.json).toStrictEqual({
      state: 'enabled',
      id: endpoint.id,
      url: urlOf(projectId, mode),
      made_by: 'service',
      api_version: Stripe.API_VERSION,
      event_types: DEFAULT_TYPES,
      missing_event_types: [],
      other_endpoint_ids: [],
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.text).not.toContain(secretOf(endpoint.id));
    expect(new Set(stripe.requests.slice(before).map(({ key }) => key))).toEqual(new Set([keys[mode]]));
    expect(ours(mode === 'test' ? 'live' : 'test')).toEqual([]);
    expect((await history())[0]).toMatchObject({
      version: 2,
      action: 'updated',
      actor: 'alice',
      request_id: answer.headers.get('x-request-id'),
      fields: [
        {
          field: `${mode}_webhook_secret`,
          before: null,
          after: expectedMask(`${mode}_webhook_secret`, secretOf(endpoint.id)),
        },
      ],
    });
    expect(await endpointHealth(mode)).toMatchObject({
      id: endpoint.id,
      made_by: 'service',
      status: 'in_use',
    });
  });

  it('takes the default types for an empty object as well', async () => {
    expect((await view(post({}))).event_types).toEqual(DEFAULT_TYPES);
    expect((await expectOne()).enabled_events).toEqual(DEFAULT_TYPES);
  });

  it.each([[['*']], [['payout.paid', 'charge.refunded']], [Array<string>(200).fill('invoice.paid')]])(
    'takes given types',
    async (types) => {
      expect((await view(post({ event_types: types }))).event_types).toEqual(types);
      expect((await expectOne()).enabled_events).toEqual(types);
    },
  );

  it('makes one for each mode', async () => {
    await view(post(undefined, 'test'));
    await view(post(undefined, 'live'));
    expect((await expectOne('test')).id).not.toBe((await expectOne('live')).id);
  });

  it.each<[string, unknown]>([
    ['an empty list', []],
    ['no list', 'invoice.paid'],
    ['an object', { 0: 'invoice.paid' }],
    ['null', null],
    ['numbers', [1, 2]],
    ['a list in a list', [['invoice.paid']]],
    ['a name with a space', ['invoice.paid', 'invoice paid']],
    ['a name with a star', ['invoice.*']],
    ['capitals', ['Invoice.Paid']],
    ['half a name', ['invoice']],
    ['an empty name', ['']],
    ['a name with a line break', ['invoice.paid\n']],
    ['201 of them', Array<string>(201).fill('invoice.paid')],
  ])('refuses event types that are %s', async (_, types) => {
    const before = stripe.requests.length;
    expectInvalid(await post({ event_types: types }), [{ loc: ['body', 'event_types'], type: 'not_a_list' }]);
    expect(stripe.requests).toHaveLength(before);
  });

  it('refuses an unknown field', async () => {
    expectInvalid(await post({ url: 'https://elsewhere.example.test' }), [
      { loc: ['body', 'url'], type: 'extra_forbidden' },
    ]);
    expect(ours()).toEqual([]);
  });

  it('refuses a body that is no JSON object', async () => {
    expectError(await post('{'), 400, 'malformed_body');
    expectError(await post(['invoice.paid']), 400, 'malformed_body');
    const path = endpointPath();
    const asText = { body: '{}', headers: { 'content-type': 'text/plain' } };
    expectError(await ask('POST', path, asText), 415, 'unsupported_media_type');
    expectError(await post(' '.repeat(17 * 1024)), 413, 'body_too_large');
  });
});

describe('repeating', () => {
  it('changes nothing', async () => {
    const first = await view(post());
    const changes = await history();
    const [endpoint] = ours();

    expect(await view(post())).toEqual(first);

    expect(ours()).toEqual([endpoint]);
    expect(creations()).toHaveLength(1);
    expect(await history()).toEqual(changes);
    await expectOne();
  });

  it('enables it again', async () => {
    const { id } = await view(post());
    stripe.disable(id ?? '');
    expect(await view(get())).toMatchObject({ id, state: 'disabled' });
    expect(await view(post())).toMatchObject({ id, state: 'enabled' });
    await expectOne();
  });

  it('is needed when a type is unknown to Stripe, and leaves no trace of it', async () => {
    expectError(await post({ event_types: ['no_such.type'] }), 409, 'stripe_refused');
    expect(ours()).toEqual([]);
    expect((await view(post())).missing_event_types).toEqual([]);
    await expectOne();
  });
});

/** Expects that each is done or limited, and one at least is done. */
function expectDoneOrLimited(all: readonly TestResponse[]): void {
  for (const answer of all.filter(({ status }) => status !== 200)) {
    expectError(answer, 429, 'rate_limited');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  }
  expect(all.map(({ status }) => status)).toContain(200);
}

describe('at once', () => {
  it.each([2, 5])('%i requests make one endpoint', async (count) => {
    const all = await Promise.all(Array.from({ length: count }, () => post()));
    expectDoneOrLimited(all);
    const { id } = await expectOne();
    for (const { status, json } of all) if (status === 200) expect(json).toMatchObject({ id });
    expect(creations()).toHaveLength(1);
  });

  it.each([1, 3])('%i requests to each of two services make one endpoint', async (count) => {
    const all = await Promise.all(
      Array.from({ length: count }, () => [post(), post(undefined, 'test', sibling)]).flat(),
    );
    expectDoneOrLimited(all);
    await expectOne();
    expect(creations()).toHaveLength(1);
  });

  it('so many that they would take all connections are refused in part', async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    stripe.afterHandling = () => held;
    const running: Promise<TestResponse>[] = [];
    const first = await new Promise<TestResponse>((resolve) => {
      for (let index = 0; index <= POOL_SIZE; index++) {
        const answer = post();
        void answer.then(resolve);
        running.push(answer);
      }
    });
    // The others wait, and hold nothing that these need.
    const meanwhile = await Promise.all(
      Array.from({ length: POOL_SIZE }, () => service.request('GET', configPath(projectId))),
    );
    release?.();

    expectError(first, 429, 'rate_limited');
    expect(meanwhile.map(({ status }) => status)).toEqual(meanwhile.map(() => 200));
    expectDoneOrLimited(await Promise.all(running));
    await expectOne();
  });

  it('requests of one caller whose Stripe hangs leave a place for others', async () => {
    const greedy = await Promise.all(Array.from({ length: 3 }, () => newProject(keys)));
    const other = await service.createProject('bob');
    const key = canaries.make('test_secret_key');
    stripe.addAccount({ accountId: newAccountId(), key });
    const stored = await service.request('PUT', configPath(other), {
      subject: 'bob',
      body: { test_secret_key: key },
    });
    expect(stored.status).toBe(200);
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    stripe.afterHandling = (request) => (request.key === keys.test ? held : Promise.resolve());
    const hanging = greedy.map((id) => ask('POST', endpointPath(id)));
    await eventually('two of them ask Stripe', () => {
      return stripe.requests.filter((request) => request.key === keys.test).length >= 2;
    });
    const answer = await ask('POST', endpointPath(other), { subject: 'bob' });
    release?.();
    expect(answer.status).toBe(200);
    expect((await Promise.all(hanging)).map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it('a request that waits too long for another is asked to retry later', async () => {
    setTimeLimits(sibling, { endpointWait: 500 });
    stripe.fault = ({ key }) => (key === keys.test ? { kind: 'delay', ms: 1_500 } : undefined);
    const slow = post();
    await eventually('Stripe is asked', () => stripe.requests.some(({ key }) => key === keys.test));
    const waiting = await post(undefined, 'test', sibling);
    expectDoneOrLimited([waiting, await slow]);
    expect(waiting.status).toBe(429);
    await expectOne();
  });

  it('with a removal leaves one or none, and a secret that fits', async () => {
    await view(post());
    const [made, removed] = await Promise.all([post(), del()]);
    expect([made.status, removed.status]).toEqual([200, 204]);
    if (ours().length > 0) await expectOne();
    await view(post());
    await expectOne();
  });
});

describe('broken off', () => {
  it('by a lost answer, is finished by the next request with the same endpoint', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    const [made] = ours();
    stripe.fault = undefined;

    expect(await view(post())).toMatchObject({ id: made?.id, made_by: 'service' });

    expect((await expectOne()).id).toBe(made?.id);
    const used = creations().map(({ headers }) => headers['idempotency-key']);
    expect(used).toEqual([used[0], used[0]]);
    expect(used[0]).toMatch(/./);
  });

  it('again and again, still ends with one endpoint', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    for (let round = 0; round < 3; round++) expectError(await post(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    await view(post());
    await expectOne();
  });

  it('before Stripe was reached, is done by the next request', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    expect(ours()).toEqual([]);
    stripe.fault = undefined;
    await view(post());
    await expectOne();
  });

  it('is finished with the types that the next request asks for', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post({ event_types: ['payout.paid'] }), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    const { event_types, missing_event_types } = await view(post({ event_types: ['charge.refunded'] }));
    expect({ event_types, missing_event_types }).toMatchObject({ missing_event_types: [] });
    expect(event_types).toContain('charge.refunded');
    await expectOne();
  });

  it('and removed by hand meanwhile, is made again', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    await removeByHand(ours()[0]?.id ?? '');
    expect((await view(post())).state).toBe('enabled');
    await expectOne();
  });

  it('by the end of the process, is finished by another one with the same endpoint', async () => {
    // Nothing that the first one does after Stripe made the endpoint gets through.
    const cut = onceHandled(stripe, isCreation, () => proxy.refuse());
    const answer = await post();
    await cut;
    expectError(answer, 503, 'dependency_unavailable');
    const [made] = ours();
    expect(made).toBeDefined();

    expect(await view(post(undefined, 'test', sibling))).toMatchObject({ id: made?.id });
    await proxy.pass();
    expect((await expectOne()).id).toBe(made?.id);
  });

  it('by a Stripe that hangs before it made the endpoint, is done by the next request', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'hang' } : undefined);
    setTimeLimits(service, { stripe: HANGING_MS });
    expectError(await post(), 504, 'stripe_timeout');
    expect(ours()).toEqual([]);
    stripe.fault = undefined;
    await view(post());
    await expectOne();
  });

  it('by a Stripe that hangs after it made the endpoint, is finished once it is ready', async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const handled = onceHandled(stripe, isCreation, () => held);
    setTimeLimits(service, { stripe: HANGING_MS });
    expectError(await post(), 504, 'stripe_timeout');
    const [made] = ours();
    // Stripe still works at the first request.
    expectError(await post(), 502, 'stripe_unavailable');
    expect(ours()).toEqual([made]);
    release?.();
    await handled;
    expect(await view(post())).toMatchObject({ id: made?.id });
    expect((await expectOne()).id).toBe(made?.id);
  });

  it.each([
    ['while the secret is stored', 'stripe_configs_upsert', 'write_outcome_unknown'],
    ['while the endpoint is noted', 'stripe_webhook_endpoints_save', 'write_outcome_unknown'],
    ['before the endpoint is made', 'stripe_webhook_endpoints_begin_making', 'write_outcome_unknown'],
    ['while the lock is taken', TAKE_LOCK, 'dependency_unavailable'],
  ])('by a database whose answer is lost %s, is finished by the next request', async (_, text, code) => {
    const lost = proxy.loseAnswerTo(text);
    const answer = await post();
    await lost;
    expectError(answer, 503, code);
    await view(post());
    await expectOne();
  });

  it('when the lock is lost with the work done, is done', async () => {
    const lost = proxy.loseAnswerTo('ROLLBACK');
    await view(post());
    await lost;
    await expectOne();
  });

  it('then given up by deleting the endpoint, leaves nothing in Stripe', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    expect((await del()).status).toBe(204);
    expect(ours()).toEqual([]);
  });

  it.each([
    ['endpoint', () => del()],
    ['configuration', () => delConfig()],
  ])('then given up by deleting the %s, leaves only what was made by hand', async (_, giveUp) => {
    const hand = byHand({ enabled_events: ['*'] });
    await verify(hand);
    await view(post());
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    expect(ours()).toHaveLength(2);

    expect((await giveUp()).status).toBe(204);

    expect(ours()).toEqual([hand]);
  });

  it('then given up by deleting the configuration, leaves nothing in Stripe', async () => {
    stripe.fault = (request) => (isCreation(request) ? { kind: 'reset-after' } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    expect((await delConfig()).status).toBe(204);
    expect(ours()).toEqual([]);
  });
});

describe('an endpoint made by hand', () => {
  it('whose stored secret verifies is taken over: completed, enabled, and never removed', async () => {
    const hand = byHand({ status: 'disabled', enabled_events: ['payout.paid', 'invoice.paid'] });
    await verify(hand);
    const changes = await history();

    expect(await view(post())).toMatchObject({
      id: hand.id,
      state: 'enabled',
      made_by: 'hand',
      missing_event_types: [],
      other_endpoint_ids: [],
    });
    const taken = await expectOne();
    expect(taken.enabled_events).toEqual(expect.arrayContaining(['payout.paid', ...DEFAULT_TYPES]));
    expect(taken).toMatchObject({ id: hand.id, metadata: {} });
    expect(creations()).toEqual([]);
    expect(await history()).toEqual(changes);
    expect(await endpointHealth()).toMatchObject({ id: hand.id, made_by: 'hand', status: 'in_use' });

    await view(post());
    expect(ours()).toEqual([taken]);
    expect((await del()).status).toBe(204);
    expect((await del()).status).toBe(204);
    expect(ours()).toEqual([taken]);
    await view(post());
    expect((await delConfig()).status).toBe(204);
    expect(ours()).toEqual([taken]);
  });

  it.each([
    [
      'was replaced since it verified',
      async (hand: LocalEndpoint) => {
        await verify(hand);
        await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });
      },
    ],
    [
      'was erased since it verified',
      async (hand: LocalEndpoint) => {
        await verify(hand);
        expect((await delConfig()).status).toBe(204);
        await putConfig({ test_secret_key: keys.test });
      },
    ],
  ])('whose secret %s is left as it is beside a new one', async (_, prepare) => {
    const hand = byHand();
    await prepare(hand);

    const made = await view(post());

    expect(made).toMatchObject({ made_by: 'service', other_endpoint_ids: [hand.id] });
    expect(made.id).not.toBe(hand.id);
    expect(ours().map(({ id }) => id)).toEqual([made.id, hand.id]);
    expect(ours()[1]).toEqual(hand);
    await expectStored({ id: made.id ?? '' });
    expect(await view(get())).toEqual(made);
    expect(await view(post())).toEqual(made);
    expect((await del()).status).toBe(204);
    expect(ours()).toEqual([hand]);
  });

  it('is not taken for the one that was made, though the owner stores the secret of that again', async () => {
    const made = await view(post());
    const hand = byHand();
    await verified(made.id ?? '');
    await putConfig({ test_webhook_secret: secretOf(made.id ?? '') });

    expect(await view(post())).toMatchObject({ id: made.id, made_by: 'service' });
    expect(ours()).toContainEqual(hand);
  });
});

describe('an endpoint of ours', () => {
  it('whose secret the owner replaced is replaced, and nothing else', async () => {
    const { id } = await view(post());
    const hand = byHand();
    addForeign(2);
    const others = stripe.endpoints(accountId, false).filter((each) => each.id !== id);
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });

    const made = await view(post());

    expect(made).toMatchObject({ made_by: 'service', other_endpoint_ids: [hand.id] });
    expect(made.id).not.toBe(id);
    expect(stripe.endpoints(accountId, false).filter((each) => each.id !== made.id)).toEqual(others);
    await expectStored({ id: made.id ?? '' });
  });

  it('that is replaced is removed after the new one is stored, so that nothing is lost when that fails', async () => {
    const { id } = await view(post());
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });
    stripe.fault = ({ method }) => (method === 'DELETE' ? { kind: 'status', status: 500 } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    expect(ours()).toHaveLength(2);
    await expectStored({ id: ours()[0]?.id ?? '' });
    stripe.fault = undefined;
    await view(post());
    await expectStored({ id: (await view(get())).id ?? '' });
    expect(ours().map((each) => each.id)).not.toContain(id);
  });

  it('never stands for those of other addresses, projects and modes', async () => {
    const other = await newProject(keys);
    for (const mode of MODES) expect((await ask('POST', endpointPath(other, mode))).status).toBe(200);
    await view(post(undefined, 'live'));
    const { metadata } = ours('live')[0] ?? {};
    addForeign(2);
    for (const url of [`${urlOf()}/`, `${urlOf()}?x=1`, `${urlOf()}x`, urlOf(projectId, 'live')]) {
      byHand({ url, metadata: { ...metadata, mode: 'test' } });
    }
    const others = () => [
      stripe.endpoints(accountId, false).filter(({ url }) => url !== urlOf()),
      stripe.endpoints(accountId, true),
    ];
    const before = others();

    await view(post());
    expect(others()).toEqual(before);
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });
    await view(post());
    expect(others()).toEqual(before);
    await view(get());
    expect((await del()).status).toBe(204);
    expect(others()).toEqual(before);
    await view(post());
    await expectOne();
    expect((await delConfig()).status).toBe(204);
    expect(ours()).toEqual([]);
    expect(others()).toEqual([before[0], before[1]?.filter(({ url }) => url !== urlOf(projectId, 'live'))]);
  });

  it('is the project’s, also in another account', async () => {
    await view(post());
    const [old] = ours();
    const before = accountId;
    accountId = newAccountId();
    keys = addKeys();
    await putConfig({ test_secret_key: keys.test });

    expect((await view(get())).state).toBe('missing');
    await view(post());

    await expectOne();
    expect(stripe.endpoints(before, false)).toEqual([old]);
  });
});

describe(`the limit of ${ENDPOINT_LIMIT}`, () => {
  it('is reported, and nothing is removed for it', async () => {
    addForeign(ENDPOINT_LIMIT - 1);
    byHand();
    const before = stripe.endpoints(accountId, false);
    expectError(await post(), 409, 'webhook_endpoint_limit');
    expect(stripe.endpoints(accountId, false)).toEqual(before);
    expect(await config()).toHaveProperty('test_webhook_secret_masked', null);

    await removeByHand(before[0]?.id ?? '');
    await view(post());
    await expectOne();
  });

  it('does not stop one of ours whose secret is lost from being replaced', async () => {
    const { id } = await view(post());
    addForeign(ENDPOINT_LIMIT - 1);
    const others = stripe.endpoints(accountId, false).filter((each) => each.id !== id);
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });

    await view(post());

    expect((await expectOne()).id).not.toBe(id);
    expect(stripe.endpoints(accountId, false).slice(1)).toEqual(others);
  });
});

/** All that may be asked about an endpoint. */
const REQUESTS: [method: string, send: () => Promise<TestResponse>][] = [
  ['GET', () => get()],
  ['POST', () => post()],
  ['DELETE', () => del()],
];

describe.each(REQUESTS)('%s', (method, send) => {
  /** DELETE has nothing to ask Stripe before there is an endpoint. */
  const prepare = async () => {
    if (method === 'DELETE') await view(post());
  };

  it('without a secret key is 409', async () => {
    await prepare();
    stripe.fault = { kind: 'status', status: 500 };
    expect((await delConfig()).status).toBe(204);
    stripe.fault = undefined;
    await putConfig({ test_publishable_key: canaries.make('test_publishable_key') });
    const before = stripe.requests.length;
    expectError(await send(), 409, 'credentials_missing');
    expect(stripe.requests).toHaveLength(before);
  });

  it('with a key that was revoked is 409', async () => {
    await prepare();
    stripe.expire(keys.test);
    expectError(await send(), 409, 'stripe_refused');
  });

  it('with a restricted key says which permission it lacks', async () => {
    await prepare();
    await useRestrictedKey(PERMISSION.balanceRead);
    const answer = await send();
    expectError(answer, 409, 'stripe_refused');
    const access = method === 'DELETE' ? 'write' : 'read';
    expect(answer.json).toHaveProperty(
      'detail',
      expect.stringContaining(`Webhook Endpoints (${access})`) as unknown,
    );
    expect(answer.text).not.toContain('rak_');
  });

  it.each<[string, Fault]>([
    ['429', { kind: 'status', status: 429 }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['a page', { kind: 'html' }],
    ['an error page', { kind: 'html', status: 502 }],
    ['a reset', { kind: 'reset' }],
    ['a redirect', { kind: 'redirect', to: 'http://127.0.0.1:9/' }],
    ['nonsense', { kind: 'json', status: 200, body: 'yes' }],
  ])('when Stripe answers with %s is 502 with Retry-After', async (_, fault) => {
    await prepare();
    const before = stripe.endpoints(accountId, false);
    stripe.fault = fault;
    const answer = await send();
    expectError(answer, 502, 'stripe_unavailable');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    stripe.fault = undefined;
    expect(stripe.endpoints(accountId, false)).toEqual(before);
    expect([200, 204]).toContain((await send()).status);
  });

  it('when Stripe hangs is 504', async () => {
    await prepare();
    stripe.fault = { kind: 'hang' };
    setTimeLimits(service, { stripe: HANGING_MS });
    expectError(await send(), 504, 'stripe_timeout');
    setTimeLimits(service);
    stripe.fault = undefined;
    expect([200, 204]).toContain((await send()).status);
  });

  it('is guarded like the configuration', async () => {
    const to = (id: string, subject: string | null, mode = 'test') =>
      ask(method, endpointPath(id, mode), { subject });
    const before = stripe.requests.length;
    expectError(await to(projectId, null), 401, 'not_authenticated');
    expectInvalid(await to('x', 'alice'), [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
    expectError(await to(UNKNOWN_ID, 'alice'), 404, 'project_not_found');
    expectError(await to(projectId, 'mallory'), 403, 'not_project_owner');
    for (const mode of ['TEST', 'prod', '%00', 'constructor']) {
      expectError(await to(projectId, 'alice', mode), 404, 'not_found');
    }
    expect(stripe.requests).toHaveLength(before);
  });
});

describe('what Stripe refuses', () => {
  it('for want of the permission to write is named', async () => {
    await useRestrictedKey(PERMISSION.webhookRead);
    const answer = await post({ event_types: ['payout.paid'] });
    expectError(answer, 409, 'stripe_refused');
    expect(answer.json).toHaveProperty(
      'detail',
      expect.stringContaining('Webhook Endpoints (write)') as unknown,
    );
    await useRestrictedKey(PERMISSION.webhookWrite);
    // What was refused is not made after all.
    expect((await view(post())).event_types).toEqual(DEFAULT_TYPES);
    await expectOne();
  });

  it('about the URL is reported in words of our own', async () => {
    const error = { type: 'invalid_request_error', message: 'URLs in livemode must begin with https' };
    stripe.fault = (request) =>
      isCreation(request) ? { kind: 'json', status: 400, body: { error } } : undefined;
    const answer = await post(undefined, 'live');
    expectError(answer, 409, 'stripe_refused');
    expect(answer.json).toHaveProperty('detail', expect.stringContaining('PUBLIC_BASE_URL') as unknown);
    stripe.fault = undefined;
    await view(post(undefined, 'live'));
    await expectOne('live');
  });
});

describe('an answer of Stripe that cannot be right', () => {
  const endpoint = (change: object) => ({
    id: 'we_1',
    object: 'webhook_endpoint',
    url: urlOf(),
    enabled_events: DEFAULT_TYPES,
    metadata: {},
    status: 'enabled',
    api_version: null,
    ...change,
  });

  it.each<[string, (request: StripeRequest) => boolean, () => unknown]>([
    ['a list that is none', isList, () => ({ object: 'list', data: 'x' })],
    [
      'a list with an id that is a path',
      isList,
      () => ({ object: 'list', data: [endpoint({ id: 'we_1/../x' })] }),
    ],
    ['a new endpoint without its secret', isCreation, () => endpoint({})],
    ['a secret that is none', isCreation, () => endpoint({ secret: 'none' })],
    ['a secret that is masked', isCreation, () => endpoint({ secret: `${['whsec', ''].join('_')}...abcd` })],
    [
      'an id that is none',
      isCreation,
      () => endpoint({ id: 'x', secret: canaries.make('test_webhook_secret') }),
    ],
  ])('is not believed: %s', async (_, fits, body) => {
    stripe.fault = (request) => (fits(request) ? { kind: 'json', status: 200, body: body() } : undefined);
    expectError(await post(), 502, 'stripe_unavailable');
    expect(await config()).toHaveProperty('test_webhook_secret_masked', null);
    stripe.fault = undefined;
    await view(post());
    await expectOne();
  });
});

it('a key that cannot be opened is reported, and Stripe is not asked', async () => {
  const shared = await createTestDatabase();
  const options = { database: shared, stripeApiBase: stripe.url };
  const right = await startTestService(options);
  try {
    await eventually('the first service is ready', async () => {
      return (await right.request('GET', '/health/ready')).status === 200;
    });
    const id = await right.createProject();
    const body = { test_secret_key: keys.test };
    expect((await right.request('PUT', configPath(id), { body })).status).toBe(200);
    const wrong = await startTestService(options);
    const before = stripe.requests.length;
    try {
      for (const method of ['GET', 'POST']) {
        const { status, json } = await ask(method, endpointPath(id), {}, wrong);
        requestIds.pop();
        expect([
          [409, 'secret_unreadable'],
          [503, 'dependency_unavailable'],
        ]).toContainEqual([status, (json as { code: string }).code]);
      }
      expect(stripe.requests).toHaveLength(before);
    } finally {
      await wrong.stop();
    }
  } finally {
    await right.stop();
    await shared.drop();
  }
});

describe('looking at an endpoint', () => {
  it('that was never made', async () => {
    const { status, headers, json } = await get();
    const missing = {
      state: 'missing',
      id: null,
      url: urlOf(),
      made_by: null,
      api_version: null,
      event_types: [],
      missing_event_types: DEFAULT_TYPES,
      other_endpoint_ids: [],
    };
    expect({ status, json }).toStrictEqual({ status: 200, json: missing });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await endpointHealth()).toBeNull();
  });

  it('shows it as it was made, and asks Stripe to change nothing', async () => {
    const made = await view(post());
    const before = stripe.requests.length;
    expect(await view(get())).toEqual(made);
    expect(new Set(stripe.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['GET']));
  });
});

describe('deleting an endpoint', () => {
  it('removes it from Stripe, once and for all', async () => {
    const { id } = await view(post());
    const answer = await del();
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(ours()).toEqual([]);
    const first = await endpointHealth();
    expect(first).toEqual({
      id,
      made_by: 'service',
      status: 'removed',
      since: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    });
    const before = stripe.requests.length;
    expect((await del()).status).toBe(204);
    expect(stripe.requests).toHaveLength(before);
    expect(await endpointHealth()).toEqual(first);
    expect((await view(get())).state).toBe('missing');
  });

  it('that was never made is 204', async () => {
    expect((await del()).status).toBe(204);
  });

  it('that is gone already is 204', async () => {
    const { id } = await view(post());
    await removeByHand(id ?? '');
    expect((await del()).status).toBe(204);
    expect(await endpointHealth()).toMatchObject({ status: 'removed' });
  });

  it('of one mode leaves the other', async () => {
    await view(post(undefined, 'test'));
    await view(post(undefined, 'live'));
    expect((await del('live')).status).toBe(204);
    expect(ours('live')).toEqual([]);
    await expectOne('test');
  });

  it('can be repeated after Stripe was down, and reports nothing untrue meanwhile', async () => {
    await view(post());
    stripe.fault = { kind: 'reset-after' };
    expectError(await del(), 502, 'stripe_unavailable');
    stripe.fault = undefined;
    expect(await endpointHealth()).toMatchObject({ status: 'in_use' });
    expect((await del()).status).toBe(204);
    expect(await endpointHealth()).toMatchObject({ status: 'removed' });
  });

  it('is followed by a new one when asked', async () => {
    const { id } = await view(post());
    expect((await del()).status).toBe(204);
    const made = await view(post());
    expect(made.id).not.toBe(id);
    await expectOne();
    expect(await endpointHealth()).toMatchObject({ id: made.id, made_by: 'service', status: 'in_use' });
    expect((await del()).status).toBe(204);
    expect(ours()).toEqual([]);
  });
});

describe('deleting the configuration', () => {
  /** Expects that no webhook is accepted and no secret stored. */
  async function expectGone(mode: Mode, ...secrets: string[]): Promise<void> {
    for (const secret of secrets)
      expectError(await deliver(service, projectId, mode, secret), 404, 'webhook_not_found');
    const { test_webhook_secret_masked, live_webhook_secret_masked, is_active } = await config();
    expect([is_active, test_webhook_secret_masked, live_webhook_secret_masked]).toEqual([false, null, null]);
  }

  it('stops webhooks and removes what was made, in both modes', async () => {
    for (const mode of MODES) await view(post(undefined, mode));
    const secrets = MODES.map((mode) => secretOf(ours(mode)[0]?.id ?? ''));

    expect((await delConfig()).status).toBe(204);

    for (const [index, mode] of MODES.entries()) {
      expect(ours(mode)).toEqual([]);
      await expectGone(mode, secrets[index] ?? '');
      expect(await endpointHealth(mode)).toMatchObject({ made_by: 'service', status: 'removed' });
    }
  });

  it('of many projects at once leaves none in Stripe, though one owner has few places', async () => {
    const projects = await Promise.all(Array.from({ length: 6 }, () => newProject(keys)));
    for (const id of projects) expect((await ask('POST', endpointPath(id))).status).toBe(200);

    const removed = await Promise.all(projects.map((id) => ask('DELETE', configPath(id))));

    expect(removed.map(({ status }) => status)).toEqual(projects.map(() => 204));
    expect(projects.flatMap((id) => ours('test', id))).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['is down', () => (stripe.fault = { kind: 'reset' })],
    ['is in trouble', () => (stripe.fault = { kind: 'status', status: 500 })],
    [
      'hangs',
      () => {
        stripe.fault = { kind: 'hang' };
        setTimeLimits(service, { stripe: HANGING_MS });
      },
    ],
    [
      'does not know the keys any more',
      () => {
        Object.values(keys).forEach((key) => {
          stripe.expire(key);
        });
      },
    ],
  ])('is done also when Stripe %s, and health shows what is left', async (_, fail) => {
    for (const mode of MODES) await view(post(undefined, mode));
    const left = MODES.map((mode) => ours(mode)[0]?.id ?? '');
    fail();

    expect((await delConfig()).status).toBe(204);

    stripe.fault = undefined;
    for (const [index, mode] of MODES.entries()) {
      await expectGone(mode, secretOf(left[index] ?? ''));
      expect(await endpointHealth(mode)).toEqual({
        id: left[index],
        made_by: 'service',
        status: 'left_in_stripe',
        since: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      });
    }
  });

  it('that left an endpoint behind is fixed by storing the key and asking again', async () => {
    await view(post());
    stripe.fault = { kind: 'reset' };
    expect((await delConfig()).status).toBe(204);
    stripe.fault = undefined;
    await putConfig({ test_secret_key: keys.test });
    await view(post());
    await expectOne();
    expect(await endpointHealth()).toMatchObject({ status: 'in_use' });
  });

  it('of one mode that Stripe removes is shown as removed, beside one that it does not', async () => {
    for (const mode of MODES) await view(post(undefined, mode));
    stripe.expire(keys.live);
    expect((await delConfig()).status).toBe(204);
    expect(ours('test')).toEqual([]);
    expect(await endpointHealth('test')).toMatchObject({ status: 'removed' });
    expect(await endpointHealth('live')).toMatchObject({ status: 'left_in_stripe' });
  });

  it('removes nothing that is gone already', async () => {
    const { id } = await view(post());
    await removeByHand(id ?? '');
    expect((await delConfig()).status).toBe(204);
    expect(await endpointHealth()).toMatchObject({ status: 'removed' });
  });

  it('that is refused removes nothing', async () => {
    await view(post());
    const answer = await ask('DELETE', configPath(projectId), { headers: { 'if-match': '"1"' } });
    expectError(answer, 412, 'version_conflict');
    await expectOne();
  });

  it.each(['stripe_webhook_endpoints_find_made', 'stripe_configs_find_sealed', 'stripe_configs_deactivate'])(
    'when the database’s answer to %s is lost, leaves no endpoint untold',
    async (statement) => {
      await view(post());
      const lost = proxy.loseAnswerTo(statement);
      expect([204, 503]).toContain((await delConfig()).status);
      await lost;
      if ((await config()).is_active === true) {
        await expectOne();
      } else {
        const { status } = (await endpointHealth()) ?? {};
        expect(status).toBe(ours().length === 0 ? 'removed' : 'left_in_stripe');
      }
    },
  );

  const NOTHING = () => Promise.resolve();
  const made = async () => {
    await view(post());
  };
  const replaced = async () => {
    await made();
    await putConfig({ test_webhook_secret: canaries.make('test_webhook_secret') });
  };
  // The number is that of the request to Stripe, of those that a POST makes.
  it.each<[string, number, () => Promise<void>]>([
    ['made', 1, NOTHING],
    ['made', 2, NOTHING],
    ['made', 3, NOTHING],
    ['replaced', 1, replaced],
    ['replaced', 2, replaced],
    ['replaced', 3, replaced],
    ['replaced', 4, replaced],
    ['looked after', 1, made],
    ['looked after', 2, made],
  ])('while an endpoint is %s leaves nothing: at request %i', async (_, step, prepare) => {
    await prepare();
    const seen = new Set<string>();
    let count = 0;
    const deleted = onceHandled(
      stripe,
      ({ key }) => {
        for (const { id } of ours()) seen.add(secretOf(id));
        return key === keys.test && ++count === step;
      },
      async () => {
        expect((await delConfig()).status).toBe(204);
      },
    );

    const { status } = await post();
    await deleted;

    expect([200, 409]).toContain(status);
    expect(ours()).toEqual([]);
    await expectGone('test', ...seen);
    expect([undefined, 'removed']).toContain((await endpointHealth())?.status);
  });

  describe('just after the secret of a new endpoint was stored', () => {
    let other: pg.Client;
    let another: pg.Client;
    let running: Promise<TestResponse>;

    /** A POST that has stored the secret and waits for the database to note the endpoint. */
    beforeEach(async () => {
      [other, another] = [0, 1].map(() => new pg.Client({ connectionString: database.url })) as [
        pg.Client,
        pg.Client,
      ];
      await Promise.all([other.connect(), another.connect()]);
      const locked = onceHandled(stripe, isCreation, async () => {
        await other.query('BEGIN');
        await other.query('LOCK TABLE stripe_webhook_endpoints IN SHARE MODE');
      });
      running = post();
      await locked;
      await eventually('the secret is stored', async () => {
        return (await config()).test_webhook_secret_masked !== null;
      });
    });
    afterEach(() => Promise.all([other.end(), another.end()]));

    it('leaves nothing in Stripe', async () => {
      const gone = delConfig();
      await eventually('it is deleted', async () => (await config()).is_active === false);
      await other.query('COMMIT');
      expect((await gone).status).toBe(204);
      expect([200, 409]).toContain((await running).status);
      expect(ours()).toEqual([]);
      await expectGone('test');
      expect([undefined, 'removed']).toContain((await endpointHealth())?.status);
    });

    it('leaves nothing in Stripe either when it is slow itself', async () => {
      await another.query('BEGIN');
      await another.query('SELECT FROM stripe_configs WHERE project_id = $1 FOR UPDATE', [projectId]);
      const gone = delConfig();
      await untilWaiting(2);
      await other.query('COMMIT');
      expect((await running).status).toBe(200);
      await another.query('COMMIT');
      expect((await gone).status).toBe(204);
      expect(ours()).toEqual([]);
      await expectGone('test');
      expect([undefined, 'removed']).toContain((await endpointHealth())?.status);
    });
  });
});

/** Waits until so many statements wait for a lock of the database. */
async function untilWaiting(count: number): Promise<void> {
  await eventually(`${count} statements wait for a lock`, async () => {
    const waiting = await database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return waiting.length === count;
  });
}

describe('a change of the configuration while Stripe makes the endpoint', () => {
  it('loses neither', async () => {
    const body = {
      live_publishable_key: canaries.make('live_publishable_key'),
      live_webhook_secret: canaries.make('live_webhook_secret'),
    };
    const changed = onceHandled(stripe, isCreation, () => putConfig(body));
    await view(post());
    await changed;
    await expectOne();
    expect(await config()).toMatchObject({
      live_publishable_key_masked: expectedMask('live_publishable_key', body.live_publishable_key),
      live_webhook_secret_masked: expectedMask('live_webhook_secret', body.live_webhook_secret),
    });
  });

  /** Lets a change reach the row just before the secret does: both wait for it, the change first. */
  async function justBefore(change: () => Promise<unknown>): Promise<TestResponse> {
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    try {
      let changed: Promise<unknown> | undefined;
      const queued = onceHandled(stripe, isCreation, async () => {
        await other.query('BEGIN');
        await other.query('SELECT FROM stripe_configs WHERE project_id = $1 FOR UPDATE', [projectId]);
        changed = change();
        await untilWaiting(1);
      });
      const made = post();
      await queued;
      await untilWaiting(2);
      await other.query('COMMIT');
      await changed;
      return await made;
    } finally {
      await other.end();
    }
  }

  it('loses neither when both are stored at once', async () => {
    const live = canaries.make('live_webhook_secret');
    await view(justBefore(() => putConfig({ live_webhook_secret: live })));
    await expectOne();
    expect(await config()).toHaveProperty(
      'live_webhook_secret_masked',
      expectedMask('live_webhook_secret', live),
    );
  });

  it('brings nothing back that is deleted when the secret is stored', async () => {
    expectError(await justBefore(delConfig), 409, 'credentials_missing');
    expect(ours()).toEqual([]);
    expect(await config()).toMatchObject({ is_active: false, test_webhook_secret_masked: null });
  });
});

describe('connections go back to the pool', () => {
  /** Expects that the service can still use all of its connections. */
  async function expectUsable(): Promise<void> {
    const all = await Promise.all(
      Array.from({ length: POOL_SIZE }, () => service.request('GET', configPath(projectId))),
    );
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect((await post()).status).toBe(200);
    await expectOne();
  }

  const losing = (text: string, status: number) => async () => {
    const lost = proxy.loseAnswerTo(text);
    const answer = await post();
    expect(answer).toMatchObject({ status });
    await lost;
    return answer;
  };
  it.each<[string, number, () => Promise<TestResponse>]>([
    ['done', 200, () => post()],
    ['without anything to remove', 204, () => del()],
    [
      'refused',
      409,
      () => {
        stripe.fault = { kind: 'status', status: 401 };
        return post();
      },
    ],
    [
      'that Stripe resets',
      502,
      () => {
        stripe.fault = { kind: 'reset' };
        return post();
      },
    ],
    ['whose lock is lost', 503, losing(TAKE_LOCK, 503)],
    ['whose connection is lost when it begins', 503, losing('BEGIN', 503)],
    ['whose connection is lost when it ends', 200, losing('ROLLBACK', 200)],
    ['whose work loses its connection', 503, losing('stripe_config_audit_last_written', 503)],
  ])(`after ${MORE_THAN_THE_POOL} requests %s`, async (_, status, send) => {
    for (let index = 0; index < MORE_THAN_THE_POOL; index++) expect(await send()).toMatchObject({ status });
    stripe.fault = undefined;
    await expectUsable();
  });

  it('after the database swallowed everything in the midst of the work', async () => {
    setTimeLimits(service, { endpointHold: 5_000 });
    const swallowed = onceHandled(stripe, isList, () => {
      proxy.blackHole();
    });
    const answer = await post();
    await swallowed;
    expectError(answer, 503, 'dependency_unavailable');
    await proxy.pass();
    // The database does not learn that the client is gone: it holds the lock for as long as that may be idle.
    await eventually('the lock is free', async () => (await post()).status === 200);
    await expectUsable();
  });

  it('after the database was away in the midst of the work', async () => {
    for (const fits of [isList, isCreation]) {
      const away = onceHandled(stripe, fits, () => proxy.refuse());
      const answer = await post();
      await away;
      expectError(answer, 503, 'dependency_unavailable');
      await proxy.pass();
    }
    await expectUsable();
  });

  it('without a lock that stays', async () => {
    await view(post());
    // Events of the tests before may just be handled, under locks of their own that end with it.
    await eventually(
      'nobody holds a lock',
      async () => {
        const locks = await database.query(
          `SELECT FROM (SELECT FROM stripe_config_locks WHERE name LIKE 'endpoint %' FOR UPDATE SKIP LOCKED) AS free
           HAVING count(*) = (SELECT count(*) FROM stripe_config_locks WHERE name LIKE 'endpoint %')`,
        );
        return locks.length === 1;
      },
      UNTIL_IT_STAYS_MS,
    );
  });
});

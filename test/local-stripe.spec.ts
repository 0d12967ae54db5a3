import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import Stripe from 'stripe';
import { fakeCredential } from './support/credentials.js';
import { eventually } from './support/eventually.js';
import {
  ENDPOINT_LIMIT,
  HUGE_BYTES,
  LocalStripe,
  PAGE_SAYS,
  PERMISSION,
} from './support/stripe/local-stripe.js';

/*
 * What stands in for Stripe in the other specs, seen through Stripe's own SDK: each shape and each fault must
 * arrive there as the SDK documents it.
 */

const ACCOUNT = 'acct_1LocalStripe';
const TEST_KEY = fakeCredential('test_secret_key');
const LIVE_KEY = fakeCredential('live_secret_key');
const RESTRICTED_KEY = TEST_KEY.replace(/^s/, 'r');
const HOOK = {
  url: 'https://example.com/hook',
  enabled_events: ['charge.succeeded', 'payout.paid'],
} satisfies Stripe.WebhookEndpointCreateParams;

let local: LocalStripe;

beforeEach(async () => {
  local = await LocalStripe.start();
  local.addAccount({ accountId: ACCOUNT, key: [TEST_KEY, LIVE_KEY] });
});

afterEach(() => local.stop());

function sdk(key = TEST_KEY, timeout = 60_000): Stripe {
  return new Stripe(key, { ...local.address, timeout, maxNetworkRetries: 0, telemetry: false });
}

/** The error of a call that must fail. */
async function failure(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error('no error of the SDK', { cause: outcome });
}

describe('keys', () => {
  it('show the mode and the account', async () => {
    expect(await sdk().balance.retrieve()).toMatchObject({ object: 'balance', livemode: false });
    expect(await sdk(LIVE_KEY).balance.retrieve()).toMatchObject({ object: 'balance', livemode: true });
    const account = await sdk().accounts.retrieveCurrent();
    expect(account).toMatchObject({ object: 'account', id: ACCOUNT });
    expect(account).not.toHaveProperty('livemode');
  });

  it('have the mode that they were given', async () => {
    local.addAccount({ accountId: ACCOUNT, key: TEST_KEY, livemode: true });
    expect(await sdk().balance.retrieve()).toHaveProperty('livemode', true);
  });

  it('that are unknown or expired are not accepted', async () => {
    const stranger = fakeCredential('test_secret_key', 'stranger');
    const unknown = await failure(sdk(stranger).balance.retrieve());
    expect(unknown).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    expect(unknown).toMatchObject({ statusCode: 401, rawType: 'invalid_request_error' });
    expect(unknown.message).toContain(stranger);
    local.expire(TEST_KEY);
    const expired = await failure(sdk().balance.retrieve());
    expect(expired).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    expect(expired.code).toBe('api_key_expired');
  });

  it('that are restricted do only what they may', async () => {
    local.addAccount({ accountId: ACCOUNT, key: RESTRICTED_KEY, permissions: [PERMISSION.webhookWrite] });
    const stripe = sdk(RESTRICTED_KEY);
    const error = await failure(stripe.balance.retrieve());
    expect(error).toBeInstanceOf(Stripe.errors.StripePermissionError);
    expect(error).toMatchObject({ statusCode: 403, rawType: 'invalid_request_error' });
    expect(error.message).toContain(`on account '${ACCOUNT}'. Having the 'rak_balance_read' permission`);
    expect(error.message).toContain(`***${RESTRICTED_KEY.slice(-4)}'`);
    expect(error.message).not.toContain(RESTRICTED_KEY);
    await stripe.webhookEndpoints.create(HOOK);
    expect((await stripe.webhookEndpoints.list()).data).toHaveLength(1);
  });

  it('may come by either scheme, and none is refused', async () => {
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${local.url}/v1/balance`, { headers })).status;
    expect(await status({ Authorization: `Basic ${btoa(`${TEST_KEY}:`)}` })).toBe(200);
    expect(await status({})).toBe(401);
    expect(local.requests.map(({ key }) => key)).toEqual([TEST_KEY, undefined]);
  });
});

describe('webhook endpoints', () => {
  it('are made with a secret that is shown once', async () => {
    const stripe = sdk();
    const made = await stripe.webhookEndpoints.create({
      ...HOOK,
      api_version: Stripe.API_VERSION,
      description: 'for a test',
      metadata: { project: 'one' },
    });
    const { secret, ...rest } = made;
    expect(secret).toMatch(/^whsec_.{32}$/);
    expect(local.secretOf(made.id)).toBe(secret);
    expect(rest).toEqual({
      id: expect.stringMatching(/^we_/) as unknown,
      object: 'webhook_endpoint',
      api_version: Stripe.API_VERSION,
      application: null,
      created: expect.any(Number) as unknown,
      description: 'for a test',
      enabled_events: HOOK.enabled_events,
      livemode: false,
      metadata: { project: 'one' },
      status: 'enabled',
      url: HOOK.url,
    });
    expect(await stripe.webhookEndpoints.retrieve(made.id)).toEqual(rest);
    expect(local.endpoints(ACCOUNT, false)).toEqual([rest]);
    expect(local.endpoints(ACCOUNT, true)).toEqual([]);
    expect(local.requests[0]).toMatchObject({
      id: made.lastResponse.requestId,
      method: 'POST',
      path: '/v1/webhook_endpoints',
      key: TEST_KEY,
      body: { url: HOOK.url, 'enabled_events[1]': 'payout.paid', 'metadata[project]': 'one' },
    });
  });

  it('are listed by pages, the newest first', async () => {
    const ids = Array.from({ length: 5 }, () => local.addEndpoint(ACCOUNT, false, HOOK).id).reverse();
    const first = await sdk().webhookEndpoints.list({ limit: 2 });
    expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/webhook_endpoints' });
    const all = await sdk().webhookEndpoints.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(ids);
    expect(await sdk(LIVE_KEY).webhookEndpoints.list()).toMatchObject({ data: [], has_more: false });
  });

  it('are changed, disabled and deleted', async () => {
    const { webhookEndpoints } = sdk();
    const { id } = local.addEndpoint(ACCOUNT, false, { ...HOOK, metadata: { a: '1', b: '2' } });
    const changed = await webhookEndpoints.update(id, { enabled_events: ['*'], metadata: { a: '', c: '3' } });
    expect(changed).toMatchObject({ id, url: HOOK.url, enabled_events: ['*'], status: 'enabled' });
    expect(changed.metadata).toEqual({ b: '2', c: '3' });
    expect(changed).not.toHaveProperty('secret');
    local.disable(id);
    expect(await webhookEndpoints.retrieve(id)).toHaveProperty('status', 'disabled');
    expect(await webhookEndpoints.update(id, { disabled: false })).toHaveProperty('status', 'enabled');
    expect(await webhookEndpoints.del(id)).toEqual({ id, object: 'webhook_endpoint', deleted: true });
    const gone = await failure(webhookEndpoints.retrieve(id));
    expect(gone).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(gone).toMatchObject({ statusCode: 404, code: 'resource_missing' });
  });

  it('are not made of wrong parameters', async () => {
    const refused = async (key: string, params: object) =>
      failure(sdk(key).webhookEndpoints.create({ ...HOOK, ...params }));
    const errors = [
      await refused(TEST_KEY, { enabled_events: ['*', 'no.such.event'] }),
      await refused(TEST_KEY, { url: 'example' }),
      await refused(LIVE_KEY, { url: 'http://example.com/hook' }),
      await refused(TEST_KEY, { api_version: '1999-01-01' }),
      await refused(TEST_KEY, { colour: 'red' }),
    ];
    for (const error of errors) expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(errors.map(({ param, code }) => [param, code])).toEqual([
      ['enabled_events[1]', undefined],
      ['url', 'url_invalid'],
      ['url', 'url_invalid'],
      ['api_version', undefined],
      ['colour', 'parameter_unknown'],
    ]);
  });

  it('are limited in number, by account and mode', async () => {
    for (let made = 0; made < ENDPOINT_LIMIT; made++) local.addEndpoint(ACCOUNT, false, HOOK);
    const error = await failure(sdk().webhookEndpoints.create(HOOK));
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(error.message).toBe('You have reached the maximum of 16 test webhook endpoints.');
    expect(await sdk(LIVE_KEY).webhookEndpoints.create(HOOK)).toHaveProperty('livemode', true);
  });
});

describe('idempotency keys', () => {
  const idempotencyKey = 'one-attempt';

  it('give the first answer again, with its secret', async () => {
    const first = await sdk().webhookEndpoints.create(HOOK, { idempotencyKey });
    const again = await sdk().webhookEndpoints.create(HOOK, { idempotencyKey });
    expect(again).toEqual(first);
    expect(first.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
    expect(again.lastResponse.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(local.endpoints(ACCOUNT, false)).toHaveLength(1);
  });

  it('are bound to the parameters', async () => {
    await sdk().webhookEndpoints.create(HOOK, { idempotencyKey });
    const other = { ...HOOK, url: 'https://example.com/other' };
    const error = await failure(sdk().webhookEndpoints.create(other, { idempotencyKey }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    expect(error.statusCode).toBe(400);
  });

  it('are in use until the first request is answered', async () => {
    let second: Promise<Stripe.errors.StripeError> | undefined;
    local.afterHandling = async () => {
      local.afterHandling = undefined;
      second = failure(sdk().webhookEndpoints.create(HOOK, { idempotencyKey }));
      await second;
    };
    const first = await sdk().webhookEndpoints.create(HOOK, { idempotencyKey });
    expect(await second).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    expect(await second).toBeInstanceOf(Stripe.errors.StripeAPIError);
    expect(await sdk().webhookEndpoints.create(HOOK, { idempotencyKey })).toEqual(first);
  });

  it('keep nothing of a failure before the work', async () => {
    local.fault = { kind: 'status', status: 500 };
    await failure(sdk().webhookEndpoints.create(HOOK, { idempotencyKey }));
    local.fault = undefined;
    await failure(sdk().webhookEndpoints.create({ ...HOOK, url: 'example' }, { idempotencyKey }));
    expect(await sdk().webhookEndpoints.create(HOOK, { idempotencyKey })).toHaveProperty('secret');
  });
});

describe('faults', () => {
  it('have the classes of their statuses', async () => {
    const fail = async (status: number) => {
      local.fault = { kind: 'status', status, headers: { 'Retry-After': '1' } };
      return failure(sdk().balance.retrieve());
    };
    const limited = await fail(429);
    expect(limited).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect(limited.headers).toHaveProperty('retry-after', '1');
    for (const status of [500, 503]) {
      const broken = await fail(status);
      expect(broken).toBeInstanceOf(Stripe.errors.StripeAPIError);
      expect(broken).toMatchObject({ statusCode: status, rawType: 'api_error' });
      expect(broken.message).toContain(TEST_KEY);
    }
  });

  it('may be no JSON', async () => {
    local.fault = (request) =>
      request.path === '/v1/balance'
        ? { kind: 'html', status: 401 }
        : { kind: 'redirect', to: 'http://127.0.0.1:1/' };
    for (const error of [
      await failure(sdk().balance.retrieve()),
      await failure(sdk().accounts.retrieveCurrent()),
    ]) {
      expect(error).toBeInstanceOf(Stripe.errors.StripeAPIError);
      expect(error.message).toMatch(/^Invalid JSON/);
      expect(error.statusCode).toBeUndefined();
    }
    expect(local.requests).toHaveLength(2);
    expect(await (await fetch(`${local.url}/v1/balance`)).text()).toContain(PAGE_SAYS);
  });

  it('may be JSON that the SDK takes for success', async () => {
    local.fault = { kind: 'json', status: 401, body: { message: 'no' } };
    expect(await sdk().balance.retrieve()).toEqual({ message: 'no' });
    local.fault = { kind: 'json', status: 401, body: { error: { message: 'no' } } };
    expect(await failure(sdk().balance.retrieve())).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
  });

  it('may be silence', async () => {
    local.fault = { kind: 'hang' };
    const error = await failure(sdk(TEST_KEY, 50).balance.retrieve());
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(error.message).toContain('timeout');
  });

  it('may be a body that never ends', async () => {
    local.fault = { kind: 'drip' };
    const waiting = failure(sdk().balance.retrieve());
    await eventually('bytes', () => local.bytesSent > 3);
    await local.stop();
    expect(await waiting).toBeInstanceOf(Stripe.errors.StripeConnectionError);
  });

  it('may be a huge body, which the SDK reads to its end', async () => {
    local.fault = { kind: 'huge' };
    await sdk().balance.retrieve();
    expect(local.bytesSent).toBe(HUGE_BYTES);
  });

  it('may be a huge body that is sent no faster than it is read', async () => {
    local.fault = { kind: 'huge' };
    const [response] = (await once(get(local.url), 'response')) as [IncomingMessage];
    await once(response, 'readable');
    response.destroy();
    await once(response, 'close');
    await local.stop();
    expect(local.bytesSent).toBeGreaterThan(0);
    expect(local.bytesSent).toBeLessThan(HUGE_BYTES / 2);
  });

  it('may be a reset, after which the SDK tries once more', async () => {
    local.fault = { kind: 'reset' };
    const error = await failure(sdk().webhookEndpoints.create(HOOK));
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(local.requests).toHaveLength(2);
    expect(local.endpoints(ACCOUNT, false)).toEqual([]);
  });

  it('may be a lost answer, which the second try brings', async () => {
    local.fault = () => (local.requests.length === 1 ? { kind: 'reset-after' } : undefined);
    const made = await sdk().webhookEndpoints.create(HOOK);
    expect(made.lastResponse.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(made.secret).toBe(local.secretOf(made.id));
    expect(local.endpoints(ACCOUNT, false).map(({ id }) => id)).toEqual([made.id]);
  });

  it('may be an answer that comes late, or never', async () => {
    local.fault = { kind: 'delay', ms: 1 };
    expect(await sdk().webhookEndpoints.create(HOOK)).toHaveProperty('secret');
    local.fault = { kind: 'delay', ms: 600_000 };
    const waiting = failure(sdk().webhookEndpoints.create(HOOK));
    await eventually('the work', () => local.endpoints(ACCOUNT, false).length === 2);
    await local.stop();
    expect(await waiting).toBeInstanceOf(Stripe.errors.StripeConnectionError);
  });
});

it('knows no other routes', async () => {
  const error = await failure(sdk().charges.list());
  expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
  expect(error.statusCode).toBe(404);
  expect(error.requestId).toBe(local.requests[0]?.id);
});

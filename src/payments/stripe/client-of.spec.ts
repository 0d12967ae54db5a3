import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import Stripe from 'stripe';
import { fakeCredential } from '../../../test/support/credentials.js';
import { eventually } from '../../../test/support/eventually.js';
import { LocalStripe, type Fault } from '../../../test/support/stripe/local-stripe.js';
import { Secret } from '../crypto/secret.js';
import { clientOf } from './client-of.js';

const KEY = fakeCredential('live_secret_key', 'client');
const OTHER_KEY = fakeCredential('live_secret_key', 'of one request');
/** As Stripe writes it in its messages. */
const MASKED = KEY.slice(0, 8) + '*'.repeat(KEY.length - 12) + KEY.slice(-4);
/** The longest of them that chance would hide everywhere, were they shorter. */
const PARTS = [KEY, OTHER_KEY].flatMap((key) => [key.slice(8, 16), key.slice(-8)]).concat(MASKED);

let stripe: LocalStripe;
let client: Stripe;

beforeEach(async () => {
  stripe = await LocalStripe.start();
  stripe.addAccount({ accountId: 'acct_1', key: [KEY, OTHER_KEY] });
  client = clientOf(new Secret(KEY), stripe.url, '[the client]');
});
afterEach(() => stripe.stop());

/** Every way in which code prints a value or walks through it. */
function shownBy(value: unknown): string {
  return [
    inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    inspect(value, { depth: 20, showHidden: true, customInspect: false, maxStringLength: null }),
    String(value),
    jsonOf(value),
    [...textsIn(value, new Set())].join('\n'),
  ].join('\n');
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // It leads back to itself.
    return '';
  }
}

/** All texts that can be reached by names and symbols, hidden or not, getters and prototypes included. */
function* textsIn(value: unknown, seen: Set<unknown>): Generator<string> {
  if (typeof value === 'string') yield value;
  if (Buffer.isBuffer(value)) yield value.toString('latin1');
  if (((typeof value !== 'object' || value === null) && typeof value !== 'function') || seen.has(value))
    return;
  seen.add(value);
  for (const name of Reflect.ownKeys(value)) {
    yield String(name);
    let inner: unknown;
    try {
      inner = Reflect.get(value, name);
    } catch {
      // A getter that is for others.
    }
    yield* textsIn(inner, seen);
  }
  if (value instanceof Map || value instanceof Set) for (const each of value) yield* textsIn(each, seen);
}

function expectHidden(value: unknown): void {
  const shown = shownBy(value);
  expect(PARTS.filter((part) => shown.includes(part))).toEqual([]);
}

const failureOf = (call: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as Stripe.errors.StripeError,
  );

it('would be found by this spec, did the client show it', async () => {
  const open = new Stripe(KEY, { ...stripe.address, maxNetworkRetries: 0 });
  const { lastResponse } = await open.balance.retrieve();
  expect(inspect(lastResponse)).toContain(KEY);
  expect(() => {
    expectHidden(lastResponse);
  }).toThrow();
});

describe('a client', () => {
  it('uses the key at the address that it was given', async () => {
    await expect(client.balance.retrieve()).resolves.toMatchObject({ object: 'balance', livemode: true });
    expect(stripe.requests.map(({ key, path }) => ({ key, path }))).toEqual([
      { key: KEY, path: '/v1/balance' },
    ]);
  });

  it('names to Stripe what made it', async () => {
    await client.balance.retrieve();
    const [agent] = [stripe.requests[0]?.headers['user-agent']];
    expect(agent).toMatch(/^Stripe\/v1 NodeBindings\/.+ nest-stripe-config$/);
  });

  it('is shown by its name', () => {
    expect(inspect(client)).toBe('[the client]');
    expect(inspect({ client })).toBe('{ client: [the client] }');
    expect(JSON.stringify({ client })).toBe('{"client":"[the client]"}');
  });

  it('takes another key, timeout and idempotency key for one request', async () => {
    await client.balance.retrieve({}, { apiKey: OTHER_KEY });
    await client.webhookEndpoints.create(
      { url: 'https://shop.example/hook', enabled_events: ['invoice.paid'] },
      { idempotencyKey: 'mine' },
    );
    expect(stripe.requests.map(({ key }) => key)).toEqual([OTHER_KEY, KEY]);
    expect(stripe.requests[1]?.headers['idempotency-key']).toBe('mine');

    stripe.fault = { kind: 'hang' };
    const error = await failureOf(client.balance.retrieve({}, { timeout: 50, maxNetworkRetries: 0 }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
  });

  it('tries again like the SDK when Stripe is in trouble', async () => {
    stripe.fault = () => (stripe.requests.length < 2 ? { kind: 'status', status: 503 } : undefined);
    await expect(client.balance.retrieve()).resolves.toMatchObject({ object: 'balance' });
    expect(stripe.requests).toHaveLength(2);
  });
});

describe('the key is not shown by', () => {
  it('the client and everything in it, fresh, at work or used', async () => {
    expectHidden(client);
    stripe.fault = { kind: 'hang' };
    const running = failureOf(client.balance.retrieve({}, { maxNetworkRetries: 0 }));
    await eventually('the request is on its way', () => stripe.requests.length === 1);
    expectHidden(client);
    expectHidden(client.customers);
    expectHidden(running);
    await stripe.stop();
    expectHidden(await running);
    expectHidden(client);
    expectHidden(client.customers);
    expectHidden(client.paymentIntents);
  });

  it('a result and its lastResponse, which has what the SDK promises', async () => {
    const balance = await client.balance.retrieve();
    expectHidden(balance);
    expectHidden(balance.lastResponse);
    expect(balance.lastResponse).toMatchObject({
      statusCode: 200,
      requestId: stripe.requests[0]?.id,
      apiVersion: Stripe.API_VERSION,
      headers: { 'request-id': stripe.requests[0]?.id },
    });
  });

  it('the events of the client', async () => {
    const events: unknown[] = [];
    const on = client.on as (name: string, listener: (event: unknown) => void) => void;
    for (const name of ['request', 'response']) on(name, (event) => events.push(event));
    await client.balance.retrieve();
    expect(events).toHaveLength(2);
    expectHidden(events);
  });

  it('a list, and a stream, which comes through whole', async () => {
    expectHidden(await client.webhookEndpoints.list());
    stripe.fault = { kind: 'json', status: 200, body: { page: 'x'.repeat(300_000) } };
    const stream = await client.quotes.pdf('qt_1');
    expectHidden(stream);
    expect(await text(stream)).toHaveLength(JSON.stringify({ page: '' }).length + 300_000);
    expectHidden(stream);
  });

  it.each<[string, Fault]>([
    ['repeats the key', { kind: 'status', status: 401 }],
    ['repeats the key as it fails', { kind: 'status', status: 500 }],
    ['is no JSON and repeats the key', { kind: 'html', status: 502 }],
    ['is no JSON, for all its status', { kind: 'html' }],
    ['never comes', { kind: 'reset' }],
    [
      'masks the key like Stripe',
      {
        kind: 'json',
        status: 401,
        body: { error: { type: 'invalid_request_error', message: `Invalid API Key provided: ${MASKED}` } },
      },
    ],
    [
      'has the key in other places',
      {
        kind: 'json',
        status: 402,
        body: { error: { type: 'card_error', doc: [KEY], [KEY]: { at: OTHER_KEY } } },
      },
    ],
  ])('an error for an answer that %s', async (_, fault) => {
    stripe.fault = fault;
    const error = await failureOf(client.paymentIntents.retrieve('pi_1', {}, { maxNetworkRetries: 0 }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeError);
    expectHidden(error);
  });

  it('an error, which still says what Stripe refused', async () => {
    stripe.expire(KEY);
    const error = await failureOf(client.balance.retrieve());
    expect(error).toMatchObject({
      type: 'StripeAuthenticationError',
      statusCode: 401,
      code: 'api_key_expired',
      message: 'Expired API Key provided: [secret]',
      requestId: stripe.requests[0]?.id,
    });
    expectHidden(error);
  });
});

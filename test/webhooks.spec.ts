import { createHmac, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import Stripe from 'stripe';
import type { StripeConfigHealthResponse } from '../src/payments/config-health/config-health.dto.js';
import type { KeyRing } from '../src/payments/crypto/key-ring.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import type { Mode } from '../src/payments/domain/credentials.js';
import { eventContext } from '../src/payments/crypto/sealer.js';
import { STORE_EVENT } from '../src/payments/stripe-webhooks/stripe-event.statements.js';
import { WebhookSecretStore } from '../src/payments/stripe-webhooks/webhook-secrets.js';
import { fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  testKeyRing,
  webhookPath,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import {
  deliver,
  newEventId,
  sendWebhook,
  signatureOf,
  snapshotEvent,
  thinEvent,
  type EventPayload,
} from './support/webhooks.js';

const MAX_BYTES = 1024 * 1024;
const SECRETS = {
  test: fakeCredential('test_webhook_secret', 'of the test mode'),
  live: fakeCredential('live_webhook_secret', 'of the live mode'),
};

let keyRing: KeyRing;
let service: TestService;
let projectId: string;

beforeAll(async () => {
  keyRing = testKeyRing();
  service = await startTestService({ keyRing });
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await createProject();
});

/** A project that takes webhooks in both modes. */
async function createProject(secrets: Partial<typeof SECRETS> = SECRETS): Promise<string> {
  const id = await service.createProject();
  await put(id, { test_webhook_secret: secrets.test, live_webhook_secret: secrets.live });
  return id;
}

async function put(id: string, body: object): Promise<void> {
  expect((await service.request('PUT', configPath(id), { body })).status).toBe(200);
}

const send = (
  body: string | Uint8Array,
  signature: string | null,
  { mode = 'test', headers = {} }: { mode?: Mode; headers?: Record<string, string> } = {},
) => sendWebhook(service, webhookPath(projectId, mode), body, signature, headers);
const sendSigned = (payload: string, options: Parameters<typeof send>[2] = {}) =>
  send(payload, signatureOf(payload, SECRETS[options.mode ?? 'test']), options);

interface EventRow {
  project_id: string;
  mode: Mode;
  event_id: string;
  type: string;
  object_id: string | null;
  created_at: Date;
  payload_sealed: string;
}

const rows = (id = projectId) =>
  service.database.query<EventRow>('SELECT * FROM stripe_events WHERE project_id = $1 ORDER BY mode', [id]);

function open({ project_id, mode, event_id, payload_sealed }: EventRow): string {
  return new Sealer(keyRing).open(payload_sealed, eventContext(project_id, mode, event_id)).reveal();
}

/** An event whose payload has so many bytes. */
function payloadOf(bytes: number): string {
  const length = (padding: string) => Buffer.byteLength(JSON.stringify({ ...event, padding }));
  const event = snapshotEvent('test');
  return JSON.stringify({ ...event, padding: 'x'.repeat(bytes - length('')) });
}

/** As {@link send}, but in chunks and without a length. */
function sendChunked(payload: string): Promise<TestResponse> {
  const lines = [
    `POST ${webhookPath(projectId, 'test')} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    'Transfer-Encoding: chunked',
    `Stripe-Signature: ${signatureOf(payload, SECRETS.test)}`,
  ];
  const chunks = payload.match(/[^]{1,50000}/g) ?? [];
  return sendRaw(
    `${lines.join('\r\n')}\r\n\r\n`,
    ...chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`),
    '0\r\n\r\n',
  );
}

async function sendRaw(...parts: string[]): Promise<TestResponse> {
  const [answer] = await rawExchange(service.url, ...parts);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** The bytes of a webhook with headers of one's choice. */
function rawWebhook(payload: string, headers: string[]): string {
  const start = `POST ${webhookPath(projectId, 'test')} HTTP/1.1`;
  return rawRequest([start, 'Connection: close', ...headers], payload);
}

/** What a sender can see of an answer, apart from what is its own. */
function visible({ status, headers, json }: TestResponse): unknown {
  const own = new Set(['x-request-id', 'date', 'connection', 'keep-alive']);
  return {
    status,
    headers: [...headers].filter(([name]) => !own.has(name)),
    body: { ...(json as object), instance: undefined },
  };
}

describe('a signed event', () => {
  it.each<[string, Mode, EventPayload, Partial<EventRow>]>([
    [
      'with a snapshot, in test mode',
      'test',
      snapshotEvent('test'),
      { type: 'invoice.paid', object_id: 'in_1', created_at: new Date('2026-01-01T00:00:00Z') },
    ],
    ['with a snapshot, in live mode', 'live', snapshotEvent('live'), { object_id: 'in_1' }],
    [
      'that is thin, in test mode',
      'test',
      thinEvent('test'),
      {
        type: 'v1.billing.meter.error_report_triggered',
        object_id: 'mtr_1',
        created_at: new Date('2026-01-01T00:00:00.123Z'),
      },
    ],
    ['that is thin, in live mode', 'live', thinEvent('live'), { object_id: 'mtr_1' }],
    [
      'that is thin, about nothing',
      'test',
      thinEvent('test', { related_object: undefined }),
      { object_id: null },
    ],
    [
      'about an object without an id',
      'live',
      snapshotEvent('live', { data: { object: { object: 'balance' } } }),
      { object_id: null },
    ],
  ])('%s is stored before it is acknowledged', async (_, mode, event, expected) => {
    const payload = JSON.stringify(event);
    const { status, headers } = await sendSigned(payload, { mode });
    const stored = await rows();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(stored).toMatchObject([{ mode, event_id: event.id, ...expected }]);
    expect(stored.map(open)).toEqual([payload]);
  });

  const inData = (value: unknown) =>
    JSON.stringify(snapshotEvent('test', { data: { object: { id: 'in_1', value } } }));
  it.each<[string, () => string]>([
    [
      'with line ends of Windows',
      () => JSON.stringify(snapshotEvent('test'), null, 2).replaceAll('\n', '\r\n'),
    ],
    ['with white space around it', () => `\n\t ${JSON.stringify(snapshotEvent('test'))} \r\n`],
    ['with text beyond ASCII', () => inData('Grüße, 世界 👋\u2028')],
    ['with escapes', () => inData('ü').replace('"ü"', String.raw`"\u00fc\u0000\ud83d\/"`)],
    ['with a key "__proto__"', () => inData(1).replace('"value"', '"__proto__":{"polluted":true},"value"')],
    [
      'with a key "constructor"',
      () => inData(1).replace('"value"', '"constructor":{"prototype":{}},"value"'),
    ],
    ['with a key twice', () => inData(1).replace('"value"', '"value":0,"value"')],
    ['with deep lists', () => inData('here').replace('"here"', '['.repeat(200_000) + ']'.repeat(200_000))],
    [
      'with deep objects',
      () => inData('here').replace('"here"', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    ],
    ['of the last day that there is', () => JSON.stringify(snapshotEvent('test', { created: 8.64e12 }))],
    [`of ${MAX_BYTES} bytes`, () => payloadOf(MAX_BYTES)],
  ])('%s is stored as it came', async (_, make) => {
    const payload = make();
    expect((await sendSigned(payload)).status).toBe(200);
    // Not compared by a matcher, which would print it.
    expect((await rows()).map((row) => open(row) === payload)).toEqual([true]);
    expect(({} as EventPayload).polluted).toBeUndefined();
  });

  it('may come in chunks', async () => {
    expect((await sendChunked(payloadOf(MAX_BYTES))).status).toBe(200);
    expect(await rows()).toHaveLength(1);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense;;=', ''])(
    'may have any content type: %p',
    async (type) => {
      const payload = JSON.stringify(snapshotEvent('test'));
      expect((await sendSigned(payload, { headers: { 'content-type': type } })).status).toBe(200);
    },
  );

  it('may have no content type', async () => {
    const payload = JSON.stringify(snapshotEvent('test'));
    const signature = signatureOf(payload, SECRETS.test);
    expect((await sendRaw(rawWebhook(payload, [`Stripe-Signature: ${signature}`]))).status).toBe(200);
  });

  it('needs no token, and none is checked', async () => {
    for (const authorization of ['Bearer x', 'Basic eDp5']) {
      const payload = JSON.stringify(snapshotEvent('test'));
      expect((await sendSigned(payload, { headers: { authorization } })).status).toBe(200);
    }
  });

  it('may have the project id in upper case', async () => {
    const event = snapshotEvent('test');
    expect((await deliver(service, projectId.toUpperCase(), 'test', SECRETS.test, event)).status).toBe(200);
    expect((await deliver(service, projectId, 'test', SECRETS.test, event)).status).toBe(200);
    expect(await rows()).toHaveLength(1);
  });

  it.each([-200, 0, 200])('may be %i seconds old', async (age) => {
    const payload = JSON.stringify(snapshotEvent('test'));
    expect((await send(payload, signatureOf(payload, SECRETS.test, age))).status).toBe(200);
  });

  it('may have several signatures of which one matches', async () => {
    const payload = JSON.stringify(snapshotEvent('test'));
    const [time = '', right = ''] = signatureOf(payload, SECRETS.test).split(',');
    const [, wrong = ''] = signatureOf(payload, SECRETS.live).split(',');
    for (const signatures of [
      [wrong, right],
      [right, wrong],
      [right, wrong.replace('v1', 'v0')],
    ]) {
      expect((await send(payload, [time, ...signatures].join())).status).toBe(200);
    }
  });
});

describe('a webhook that is not right', () => {
  /** The forgery that every other one must look like. */
  let reference: unknown;
  const PAYLOAD = JSON.stringify(snapshotEvent('test'));
  const signed = (payload = PAYLOAD, age = 0) => signatureOf(payload, SECRETS.test, age);
  const signedParts = () => signed().split(',') as [time: string, digest: string];
  /** Signs bytes that the SDK does not take. */
  const signedBytes = (bytes: Buffer, secret = SECRETS.test) => {
    const time = Math.floor(Date.now() / 1000);
    const digest = createHmac('sha256', secret).update(`${time}.`).update(bytes).digest('hex');
    return `t=${time},v1=${digest}`;
  };

  beforeEach(async () => {
    const forged = await send(
      PAYLOAD,
      signatureOf(PAYLOAD, fakeCredential('test_webhook_secret', 'guessed')),
    );
    expectError(forged, 400, 'invalid_signature');
    reference = visible(forged);
  });

  async function expectRefused(answer: TestResponse): Promise<void> {
    expect(visible(answer)).toStrictEqual(reference);
    expect(await rows()).toEqual([]);
  }

  /** Stripe has signed it, so that nobody else learns the reason. */
  async function expectNamed(answer: TestResponse, code: string): Promise<void> {
    expectError(answer, 400, code);
    expect(await rows()).toEqual([]);
  }

  it.each<[string, () => string | null]>([
    ['no header', () => null],
    ['an empty header', () => ''],
    ['garbage in the header', () => 'garbage'],
    ['only v0', () => signed().replace('v1=', 'v0=')],
    ['10 kB of header', () => `${signed()},${'v0=0,'.repeat(2_000)}`],
    ['upper-case hex', () => `${signedParts()[0]},v1=${signedParts()[1].slice(3).toUpperCase()}`],
    ['two times', () => `t=1,${signed()}`],
    ['no time', () => signedParts()[1]],
    ['the other mode’s secret', () => signatureOf(PAYLOAD, SECRETS.live)],
    ['an empty secret', () => signedBytes(Buffer.from(PAYLOAD), '')],
    ['the secret without its prefix', () => signatureOf(PAYLOAD, SECRETS.test.replace(/^whsec_/, ''))],
    ['the signature of another body', () => signed(`${PAYLOAD} `)],
    ['the signature of the bare body', () => `${signedParts()[0]},v1=${bareDigest()}`],
  ])('is refused: %s', async (_, signature) => {
    await expectRefused(await send(PAYLOAD, signature()));
  });

  const bareDigest = () => createHmac('sha256', SECRETS.test).update(PAYLOAD).digest('hex');

  it('is refused: another project’s secret', async () => {
    const other = fakeCredential('test_webhook_secret', 'of another project');
    await createProject({ test: other });
    await expectRefused(await send(PAYLOAD, signatureOf(PAYLOAD, other)));
  });

  it('is refused: the header sent twice, whatever both hold', async () => {
    const forged = signatureOf(PAYLOAD, SECRETS.live);
    for (const both of [
      [signed(), signed()],
      [signed(), forged],
      [forged, signed()],
      [signed(), ''],
      signedParts(),
    ]) {
      const headers = ['Content-Type: application/json', ...both.map((each) => `Stripe-Signature: ${each}`)];
      await expectRefused(await sendRaw(rawWebhook(PAYLOAD, headers)));
    }
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['one byte changed', (bytes) => Buffer.from(bytes.toString().replace('1200', '1201'))],
    ['a line end behind it', (bytes) => Buffer.concat([bytes, Buffer.from('\n')])],
    ['a byte missing', (bytes) => bytes.subarray(0, -1)],
    ['nothing left', () => Buffer.alloc(0)],
    ['its JSON written again', (bytes) => Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), null, 1))],
    ['a byte order mark', (bytes) => Buffer.concat([Buffer.from('\ufeff'), bytes])],
    ['its bytes compressed', (bytes) => gzipSync(bytes)],
  ])('is refused: the body with %s, under its old signature', async (_, change) => {
    await expectRefused(await send(change(Buffer.from(PAYLOAD)), signed()));
  });

  it('is refused: a compressed body, whichever bytes were signed', async () => {
    const bytes = gzipSync(PAYLOAD);
    const headers = { 'content-encoding': 'gzip' };
    await expectRefused(await send(bytes, signed(), { headers }));
    await expectNamed(await send(bytes, signedBytes(bytes), { headers }), 'unreadable_event');
  });

  const snapshot = (changes: EventPayload) => JSON.stringify(snapshotEvent('test', changes));
  const thin = (changes: EventPayload) => JSON.stringify(thinEvent('test', changes));
  it.each<[string, string | Buffer]>([
    ['an event of no mode', snapshot({ livemode: undefined })],
    ['an event of a mode in words', snapshot({ livemode: 'false' })],
    ['nothing', Buffer.alloc(0)],
    ['no JSON', '{"id":'],
    ['more than JSON', `${PAYLOAD}{}`],
    ['a form', 'id=evt_1&object=event'],
    ['null', 'null'],
    ['a text', '"evt_1"'],
    ['a number', '1'],
    ['a list', '[]'],
    ['a list of an event', `[${PAYLOAD}]`],
    ['an empty object', '{}'],
    ['invalid UTF-8', Buffer.from(snapshot({ note: '\xff' }), 'latin1')],
    ['UTF-16', Buffer.from(PAYLOAD, 'utf16le')],
    ['a byte order mark', Buffer.from(`\ufeff${PAYLOAD}`)],
    ['an event without an id', snapshot({ id: undefined })],
    ['an event with an object for an id', snapshot({ id: {} })],
    ['an event with a space in its id', snapshot({ id: 'evt_1 2' })],
    ['an event with a NUL in its id', snapshot({ id: 'evt_\u0000' })],
    ['an event with 300 characters of id', snapshot({ id: `evt_${'a'.repeat(296)}` })],
    ['an event without a type', snapshot({ type: undefined })],
    ['an event with a NUL in its type', snapshot({ type: 'invoice.\u0000' })],
    ['an event with 300 characters of type', snapshot({ type: 'a'.repeat(300) })],
    ['an event without its time', snapshot({ created: undefined })],
    ['an event with a time beyond all', snapshot({ created: 1e300 })],
    ['an event with a time before all databases', snapshot({ created: -1e12 })],
    ['an event without data', snapshot({ data: undefined })],
    ['an event with data without an object', snapshot({ data: {} })],
    ['a thin event with a time as a number', thin({ created: 1_767_225_600 })],
    ['a thin event with no time in its time', thin({ created: 'yesterday' })],
    ['a thin event with a time before all databases', thin({ created: '-200000-01-01T00:00:00Z' })],
    ['a thin event without an id', thin({ id: undefined })],
    ['an event of another kind', snapshot({ object: 'charge' })],
    ['an event in "__proto__"', `{"__proto__":${PAYLOAD}}`],
    ['lists in lists', '['.repeat(MAX_BYTES)],
    ['lists in lists to their end', '['.repeat(MAX_BYTES / 2) + ']'.repeat(MAX_BYTES / 2)],
  ])('is refused by its own name: %s, with the right signature', async (_, body) => {
    const bytes = Buffer.from(body);
    await expectNamed(await send(bytes, signedBytes(bytes)), 'unreadable_event');
  });

  it.each<[string, string]>([
    ['a live event', JSON.stringify(snapshotEvent('live'))],
    ['a thin live event', JSON.stringify(thinEvent('live'))],
    ['a live event of a connected account', JSON.stringify(snapshotEvent('live', { account: 'acct_1' }))],
  ])('is refused by its own name: %s, at the test address', async (_, body) => {
    await expectNamed(await send(body, signed(body)), 'wrong_mode_event');
  });

  it.each([400, -400])(
    'is refused by its own name: a right signature that is %i seconds old',
    async (age) => {
      await expectNamed(await send(PAYLOAD, signed(PAYLOAD, age)), 'stale_signature');
    },
  );

  it.each([400, -400])('is refused as any other: a wrong signature that is %i seconds old', async (age) => {
    await expectRefused(await send(PAYLOAD, signatureOf(PAYLOAD, SECRETS.live, age)));
  });

  it('is refused: a test event at the live address', async () => {
    const signature = signatureOf(PAYLOAD, SECRETS.live);
    await expectNamed(await send(PAYLOAD, signature, { mode: 'live' }), 'wrong_mode_event');
  });
});

describe('a test event of a connected account at the live address', () => {
  it.each([
    ['a snapshot', snapshotEvent('test', { account: 'acct_1' })],
    ['a thin one', thinEvent('test', { context: 'acct_1' })],
  ])('is acknowledged, counted and not stored: %s', async (_, event) => {
    const payload = JSON.stringify(event);
    const answer = await send(payload, signatureOf(payload, SECRETS.live), { mode: 'live' });
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: { received: true } });
    expect(await rows()).toEqual([]);
    const { webhook_secret } = await eventually('it is counted', async () => {
      const { json } = await service.request('GET', `${configPath(projectId)}/health`);
      const { live } = json as StripeConfigHealthResponse;
      return live.webhook_secret.ignored_test_events > 0 && live;
    });
    expect(webhook_secret).toMatchObject({ ignored_test_events: 1, failures: 0, last_failure_reason: null });
  });
});

it('the health shows why the last webhook failed', async () => {
  const reasonOf = () =>
    eventually('it is shown', async () => {
      const { json } = await service.request('GET', `${configPath(projectId)}/health`);
      const { failures, last_failure_reason } = (json as StripeConfigHealthResponse).test.webhook_secret;
      return failures > 0 && [failures, last_failure_reason];
    });
  await send('{}', signatureOf('{}', SECRETS.live));
  expect(await reasonOf()).toEqual([1, 'wrong_signature']);
  await send('{}', signatureOf('{}', SECRETS.test));
  await eventually('the next is shown', async () => (await reasonOf())[0] === 2);
  expect(await reasonOf()).toEqual([2, 'unreadable_event']);
});

it('an address with a slash behind it takes webhooks as well', async () => {
  const payload = JSON.stringify(snapshotEvent('test'));
  const path = `${webhookPath(projectId, 'test')}/`;
  expect((await sendWebhook(service, path, payload, signatureOf(payload, SECRETS.test))).status).toBe(200);
  expect(await rows()).toHaveLength(1);
});

it('a webhook is stored though its configuration changes again and again', async () => {
  const store = service.app.get(WebhookSecretStore);
  const load = store.load.bind(store);
  let changes = 0;
  const spy = jest.spyOn(store, 'load').mockImplementation(async (...values) => {
    const secrets = await load(...values);
    await put(projectId, { test_secret_key: fakeCredential('test_secret_key', (changes += 1)) });
    return secrets;
  });
  try {
    const answer = await deliver(service, projectId, 'test', SECRETS.test);
    expect(answer.status).toBe(200);
    expect(changes).toBeGreaterThan(0);
    expect(await rows()).toHaveLength(1);
  } finally {
    spy.mockRestore();
  }
});

it('what the specs sign by the SDK is what the SDK takes', () => {
  const payload = JSON.stringify(snapshotEvent('test'));
  const signature = signatureOf(payload, SECRETS.test);
  expect(Stripe.webhooks.constructEvent(payload, signature, SECRETS.test).type).toBe('invoice.paid');
});

describe('a body', () => {
  it.each<[string, (payload: string) => Promise<TestResponse>]>([
    ['with its length', (payload) => sendSigned(payload)],
    ['in chunks', sendChunked],
  ])('of a byte more than 1 MiB, %s, is too large', async (_, sendIt) => {
    expectError(await sendIt(payloadOf(MAX_BYTES + 1)), 413, 'body_too_large');
    expectError(await sendIt(payloadOf(4 * MAX_BYTES)), 413, 'body_too_large');
    expect(await rows()).toEqual([]);
  });
});

describe('an address that takes no webhooks', () => {
  it('is answered alike, whatever the reason', async () => {
    const onlyTest = await createProject({ test: SECRETS.test });
    const deactivated = await createProject();
    await service.request('DELETE', configPath(deactivated));
    const unconfigured = await service.createProject();
    const answers = [
      await deliver(service, randomUUID(), 'test', SECRETS.test),
      await deliver(service, unconfigured, 'test', SECRETS.test),
      await deliver(service, onlyTest, 'live', SECRETS.live),
      await deliver(service, deactivated, 'test', SECRETS.test),
      await deliver(service, deactivated, 'live', SECRETS.live),
    ];
    for (const word of ['Test', 'TEST', 'prod', 'tests', 'test%20', '__proto__']) {
      const payload = JSON.stringify(snapshotEvent('test'));
      const path = webhookPath(projectId, word);
      answers.push(await sendWebhook(service, path, payload, signatureOf(payload, SECRETS.test)));
    }
    const [first] = answers.map(visible);
    for (const answer of answers) {
      expectError(answer, 404, 'webhook_not_found');
      expect(visible(answer)).toStrictEqual(first);
    }
    for (const id of [onlyTest, deactivated, projectId]) expect(await rows(id)).toEqual([]);
    expect((await deliver(service, onlyTest, 'test', SECRETS.test)).status).toBe(200);
  });

  it.each(['x', '1', `${randomUUID()}0`, '%20'])(
    'is refused by name when its project id is no UUID: %p',
    async (id) => {
      const answer = await deliver(service, id, 'test', SECRETS.test);
      expectInvalid(answer, [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
    },
  );
});

describe('an event is stored once', () => {
  it('when it comes again', async () => {
    const event = snapshotEvent('test');
    for (let delivery = 0; delivery < 3; delivery++) {
      expect((await deliver(service, projectId, 'test', SECRETS.test, event)).status).toBe(200);
    }
    expect(await rows()).toHaveLength(1);
  });

  it('as it came first, when another comes under its id', async () => {
    const event = snapshotEvent('test');
    await deliver(service, projectId, 'test', SECRETS.test, event);
    const before = (await rows()).map(open);
    const answer = await deliver(service, projectId, 'test', SECRETS.test, {
      ...event,
      type: 'invoice.voided',
    });
    expect(answer.status).toBe(200);
    expect((await rows()).map(open)).toEqual(before);
  });

  it('when it comes twenty times at once', async () => {
    const event = snapshotEvent('test');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => deliver(service, projectId, 'test', SECRETS.test, event)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await rows()).toHaveLength(1);
  });

  it('in each project and mode', async () => {
    const id = newEventId();
    const other = await createProject();
    for (const project of [projectId, other]) {
      for (const mode of ['test', 'live'] as const) {
        const event = snapshotEvent(mode, { id });
        expect((await deliver(service, project, mode, SECRETS[mode], event)).status).toBe(200);
      }
    }
    for (const project of [projectId, other]) {
      expect((await rows(project)).map(({ event_id, mode }) => [event_id, mode])).toEqual([
        [id, 'live'],
        [id, 'test'],
      ]);
    }
  });

  it('and sealed', async () => {
    const name = 'Ada Lovelace of London';
    const object = { id: 'cus_9', object: 'customer', name };
    const payload = JSON.stringify(snapshotEvent('test', { type: 'customer.created', data: { object } }));
    await sendSigned(payload);
    const [row] = await rows();
    expect(row?.payload_sealed).toMatch(/^sc1\./);
    const blob = Buffer.from(row?.payload_sealed.split('.')[2] ?? '', 'base64url');
    expect(blob.length).toBeGreaterThan(Buffer.byteLength(payload));
    for (const word of [name, 'customer', 'livemode']) {
      for (const text of [JSON.stringify(row?.payload_sealed), blob.toString('latin1')]) {
        expect(text).not.toContain(word);
        expect(text).not.toContain(Buffer.from(word).toString('base64url').slice(0, -2));
      }
    }
    const [everything] = await service.database.query<{ text: string }>(
      'SELECT string_agg(to_jsonb(event)::text, $2) AS text FROM stripe_events AS event WHERE project_id = $1',
      [projectId, '\n'],
    );
    expect(everything?.text).toContain('cus_9');
    expect(everything?.text).not.toContain(name);
  });

  it.each(['{"id":"evt_1"}', '', 'sc1.', 'sc1.abcdefghij.{"id"}', 'sc2.abcdefghij.AAAA'])(
    'but never as %p, by the database itself',
    async (plain) => {
      await deliver(service, projectId, 'test', SECRETS.test);
      const change = service.database.query(
        'UPDATE stripe_events SET payload_sealed = $2 WHERE project_id = $1',
        [projectId, plain],
      );
      await expect(change).rejects.toMatchObject({ constraint: 'stripe_events_payload_sealed_check' });
    },
  );
});

describe('while the database', () => {
  let proxy: TcpProxy;
  let shaken: TestService;

  beforeAll(async () => {
    proxy = await startTcpProxy(service.database.url);
    shaken = await startTestService({ database: service.database, databaseUrl: proxy.url, keyRing });
  });
  afterAll(async () => {
    await shaken.stop();
    await proxy.close();
  });
  const recovered = async () => {
    await proxy.pass();
    await eventually(
      'ready again',
      async () => (await shaken.request('GET', '/health/ready')).status === 200,
    );
  };
  afterEach(recovered);

  it.each<[string, () => unknown]>([
    ['refuses connections', () => proxy.refuse()],
    [
      'swallows everything',
      () => {
        proxy.blackHole();
      },
    ],
  ])('%s, no event is acknowledged, and its repeat is taken afterwards', async (_, fail) => {
    const known = projectId;
    const unknown = await createProject();
    // Its secret is in the service's memory from here on.
    expect((await deliver(shaken, known, 'live', SECRETS.live)).status).toBe(200);
    expect((await deliver(shaken, known, 'test', SECRETS.test)).status).toBe(200);
    const events = [known, unknown].map((id) => ({ id, event: snapshotEvent('test') }));
    const deliverAll = () =>
      Promise.all(events.map(({ id, event }) => deliver(shaken, id, 'test', SECRETS.test, event)));
    await fail();

    for (const answer of await deliverAll()) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }

    await recovered();
    expect((await deliverAll()).map(({ status }) => status)).toEqual([200, 200]);
    for (const { id, event } of events) {
      const stored = (await rows(id)).filter(({ event_id }) => event_id === event.id);
      expect(stored).toHaveLength(1);
    }
  });

  it('loses its answer, the event is not acknowledged, and its repeat is no second one', async () => {
    const event = snapshotEvent('test');
    const lost = proxy.loseAnswerTo(STORE_EVENT.name);
    expectError(await deliver(shaken, projectId, 'test', SECRETS.test, event), 503, 'write_outcome_unknown');
    await lost;
    expect((await deliver(shaken, projectId, 'test', SECRETS.test, event)).status).toBe(200);
    expect(await rows()).toHaveLength(1);
  });
});

describe('the health', () => {
  const webhookHealth = async (mode: Mode) => {
    const { status, json } = await service.request('GET', `${configPath(projectId)}/health`);
    expect(status).toBe(200);
    return (json as StripeConfigHealthResponse)[mode].webhook_secret;
  };
  const healthOnce = (what: string, mode: Mode, failures: number, status: string) =>
    eventually(what, async () => {
      const health = await webhookHealth(mode);
      return health.failures === failures && health.status === status && health;
    });
  const forge = () => deliver(service, projectId, 'test', fakeCredential('test_webhook_secret', 'guessed'));
  const ANY_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

  it('goes from waiting to verified, with the failures since, in each mode alone', async () => {
    const waiting = {
      status: 'waiting',
      last_verified_at: null,
      failures: 0,
      last_failure_at: null,
      last_failure_reason: null,
      ignored_test_events: 0,
      previous: null,
    };
    expect(await webhookHealth('test')).toStrictEqual(waiting);

    for (let count = 0; count < 3; count++) await forge();
    expect(await healthOnce('three failures', 'test', 3, 'waiting')).toStrictEqual({
      ...waiting,
      failures: 3,
      last_failure_at: ANY_TIME,
      last_failure_reason: 'wrong_signature',
    });

    await deliver(service, projectId, 'test', SECRETS.test);
    expect(await healthOnce('verified', 'test', 0, 'verified')).toStrictEqual({
      status: 'verified',
      last_verified_at: ANY_TIME,
      failures: 0,
      last_failure_at: ANY_TIME,
      last_failure_reason: 'wrong_signature',
      ignored_test_events: 0,
      previous: null,
    });

    await forge();
    await healthOnce('a failure since', 'test', 1, 'verified');
    await forge();
    await healthOnce('another', 'test', 2, 'verified');
    expect(await webhookHealth('live')).toStrictEqual(waiting);
  });

  it('waits again for a new secret', async () => {
    await deliver(service, projectId, 'test', SECRETS.test);
    await healthOnce('verified', 'test', 0, 'verified');
    const next = fakeCredential('test_webhook_secret', 'next');
    await put(projectId, { test_webhook_secret: next });
    expect(await webhookHealth('test')).toMatchObject({ status: 'waiting', last_verified_at: null });
    await deliver(service, projectId, 'test', next);
    await healthOnce('verified again', 'test', 0, 'verified');
  });

  it('costs a flood of forgeries a few writes, and stores nothing of them', async () => {
    const FORGERIES = 200;
    await service.database.query(`
      CREATE TABLE state_writes (at timestamptz DEFAULT now());
      CREATE FUNCTION count_state_write() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO state_writes DEFAULT VALUES; RETURN NULL; END $$;
      CREATE TRIGGER count_state_writes AFTER INSERT ON stripe_config_states
        FOR EACH STATEMENT EXECUTE FUNCTION count_state_write()`);
    try {
      for (let sent = 0; sent < FORGERIES; sent += 20) await Promise.all(Array.from({ length: 20 }, forge));
      await healthOnce('all failures', 'test', FORGERIES, 'waiting');
      const [writes] = await service.database.query<{ count: number }>(
        'SELECT count(*)::integer AS count FROM state_writes',
      );
      expect(writes?.count).toBeGreaterThan(0);
      // One a second: that is not nearly as many as there were forgeries, on however slow a machine.
      expect(writes?.count).toBeLessThan(FORGERIES / 4);
      expect(await rows()).toEqual([]);
    } finally {
      await service.database.query('DROP FUNCTION count_state_write() CASCADE; DROP TABLE state_writes');
    }
  });
});

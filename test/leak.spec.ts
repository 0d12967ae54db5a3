import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BadRequestException, HttpException } from '@nestjs/common';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.js';
import { ProjectService } from '../src/app/projects/project.service.js';
import { createKeyRingFile, readKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import type { Secret } from '../src/payments/crypto/secret.js';
import { DependencyUnavailable, PaymentsError } from '../src/payments/domain/errors.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { INSTRUMENTS, type MetricName } from '../src/payments/telemetry/instruments.js';
import { UPSERT } from '../src/payments/stripe-config/upsert.statements.js';
import { CREDENTIAL_FIELDS } from '../src/payments/domain/credentials.js';
import { Canaries } from './support/canaries.js';
import { expectedMask } from './support/credentials.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  TEST_SECRET,
  configPath,
  projectPath,
  startTestService,
  testToken,
  webhookPath,
  type RequestOptions,
  type TestClient,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { LocalStripe, type Fault } from './support/stripe/local-stripe.js';
import { TestTelemetry } from './support/telemetry.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

const canaries = new Canaries();
/** What only the service itself may know: its own settings. */
const settings = new Canaries();

let postgres: EmbeddedPostgres;
let folder: string;
let pool: pg.Pool;
let proxy: TcpProxy;
let stripe: LocalStripe;
let inProcess: TestService;
/** What a host’s exporters of metrics and spans would be given by the service in this process. */
let telemetry: TestTelemetry;
let child: ServiceProcess;
/** The answers, with their headers, and the ids under which they must be in a log. */
let answers = '';
let requestIds: string[] = [];
/** The log of the service in this process. */
let log = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  postgres = await startEmbeddedPostgres(folder);
  pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  pool.on('error', () => undefined);
  proxy = await startTcpProxy(postgres.url);
  stripe = await LocalStripe.start();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  const ring = JSON.parse(await readFile(keyRingFile, 'utf8')) as { keys: { material: string }[] };
  settings.watch('the key', ring.keys[0]?.material ?? '');
  settings.watch('the secret of tokens', TEST_SECRET.toString());
  settings.watch('the password of the database', new URL(postgres.url).password);

  telemetry = new TestTelemetry();
  inProcess = await startTestService({
    observed: { metrics: true, traces: true },
    database: {
      url: postgres.url,
      query: async <Row extends pg.QueryResultRow>(statement: string, values?: unknown[]) =>
        (await pool.query<Row>(statement, values)).rows,
      drop: () => Promise.resolve(),
    },
    databaseUrl: proxy.url,
    keyRing: await readKeyRingFile(keyRingFile, { allowDevelopment: false }),
    stripeApiBase: stripe.url,
    logLevel: 'trace',
    logDestination: { write: (line) => void (log += line) },
  });
  child = await startServiceProcess(
    serviceSettings(postgres.url, keyRingFile, { LOG_LEVEL: 'trace', STRIPE_API_BASE: stripe.url }),
  );
}, 180_000);
afterAll(async () => {
  await Promise.all([inProcess.stop(), child.stop(), pool.end()]);
  await proxy.close();
  await stripe.stop();
  await telemetry.stop();
  // Before its folder goes.
  await postgres.stop();
  await cleanUp();
});
afterEach(async () => {
  const [sent, received, logged] = [requestIds, answers, log];
  requestIds = [];
  answers = log = '';
  for (const id of sent) {
    await eventually(`request ${id} is in a log`, () => (logged + child.stdout).includes(id));
  }
  const { stdout, stderr } = child;
  const exported = await telemetry.text();
  for (const [name, text] of Object.entries({ received, logged, stdout, stderr, exported })) {
    expect([name, ...canaries.find(text), ...settings.find(text)]).toEqual([name]);
  }
});

function note(response: TestResponse): TestResponse {
  answers += `${response.status} ${JSON.stringify([...response.headers])}\n${response.text}\n`;
  const id = response.headers.get('x-request-id');
  if (id !== null) requestIds.push(id);
  return response;
}

async function send(
  client: TestClient,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<TestResponse> {
  return note(await client.request(method, path, options));
}

describe('the scanner', () => {
  const canary = canaries.make();
  const body = canary.slice(canary.lastIndexOf('_') + 1);

  it.each<[string, string | Buffer]>([
    ['a whole secret', `{"x":"${canary}"}`],
    ['eight characters from its middle', `-${body.slice(9, 17)}-`],
    ['its first eight characters in lower case', body.slice(0, 8).toLowerCase()],
    ['its last eight characters', Buffer.from(`\0${body.slice(-8)}\xff`, 'latin1')],
    ['a piece in base64', Buffer.from(`Basic ${body.slice(0, 20)}`).toString('base64')],
    ['a piece in hexadecimal', Buffer.from(body.slice(3, 15)).toString('hex').toUpperCase()],
  ])('finds %s', (_, haystack) => {
    expect(canaries.find(haystack)).not.toEqual([]);
  });

  it('finds nothing in a mask, nor in another secret', () => {
    expect(canaries.find(`${expectedMask('test_secret_key', canary)} ${new Canaries().make()}`)).toEqual([]);
  });
});

describe.each([
  ['in this process', () => [inProcess, inProcess.url] as const],
  ['in a process of its own', () => [child, child.url] as const],
])('a service %s is sent secrets', (_, service) => {
  it('where they belong, and shows their masks', async () => {
    const [client] = service();
    const { path, masks, shown } = await store(client);
    expect((await send(client, 'PUT', path, { body: masks })).status).toBe(200);
    expect((await send(client, 'GET', path)).json).toEqual(shown);
    await send(client, 'GET', '/api/v1/payments/projects');
    expect(answers).toContain(masks.test_secret_key);

    expect((await send(client, 'DELETE', path)).status).toBe(204);
    await send(client, 'GET', path);
    const history = await send(client, 'GET', `${path}/history`);
    expect(history.json).toMatchObject({ changes: [{ action: 'deleted' }, { action: 'created' }] });
    expect(history.text).toContain(masks.live_webhook_secret);
  });

  it('in every wrong way, and refuses them', async () => {
    const [client, url] = service();
    const project = await client.createProject();
    const path = configPath(project);
    const c = (field?: (typeof CREDENTIAL_FIELDS)[number]) => canaries.make(field);
    const bodies: unknown[] = [
      { live_secret_key: c() },
      { test_publishable_key: c() },
      { test_secret_key: c('live_secret_key') },
      { test_secret_key: c('test_webhook_secret') },
      { test_secret_key: `"${c()}"` },
      { test_secret_key: `Bearer ${c()}` },
      { test_secret_key: `STRIPE_KEY=${c()}` },
      { test_secret_key: `https://x/${c()}` },
      { test_secret_key: `${c()} ${c()}` },
      { test_secret_key: `${c()}\u200b` },
      { test_secret_key: `${c()}\0` },
      { test_secret_key: `${c()}…` },
      { test_secret_key: c().repeat(12) },
      { test_secret_key: [c()] },
      { test_secret_key: { [c()]: c() } },
      { [c()]: c(), test_secret_key: c() },
      { Test_Secret_Key: c() },
      ((secret) => ({ test_webhook_secret: secret, live_webhook_secret: secret }))(c('test_webhook_secret')),
      `{"__proto__": "${c()}"}`,
      `{"test_secret_key": "${c()}`,
      `{"test_secret_key": ${c()}}`,
      c(),
      JSON.stringify(c()),
      JSON.stringify([c()]),
      `${'['.repeat(5000)}"${c()}"`,
      Buffer.concat([Buffer.from(`{"test_secret_key": "${c()}`), Buffer.from([0xff]), Buffer.from('"}')]),
      { test_secret_key: c(), padding: c().repeat(600) },
    ];
    for (const body of bodies) {
      const { status } = await send(client, 'PUT', path, { body });
      expect([400, 413, 422]).toContain(status);
    }

    const body = { test_secret_key: c() };
    const requests: [string, string, RequestOptions][] = [
      ...[
        'text/plain',
        'application/x-www-form-urlencoded',
        `application/json; charset=${c()}`,
        `x/${c()}`,
      ].map((type): [string, string, RequestOptions] => [
        'PUT',
        path,
        { body, headers: { 'content-type': type } },
      ]),
      ['PUT', path, { body, headers: { 'content-encoding': c() } }],
      ['PUT', path, { body, subject: null }],
      ['PUT', path, { body, subject: 'mallory' }],
      ['PUT', configPath(c()), { body }],
      ['PUT', configPath(`%00${c()}`), { body }],
      ['PUT', `/${c()}?${c()}=${c()}`, { body }],
      ['POST', `${path}?test_secret_key=${c()}`, { body }],
      ['GET', `/api/v1/payments/stripe/projects/${project}/%E0%A4%A${c()}`, {}],
      ['GET', `/health/${c()}`, { subject: null }],
      ...['Bearer', 'bearer', 'Basic', 'Token'].map((scheme): [string, string, RequestOptions] => [
        'GET',
        path,
        { subject: null, headers: { authorization: `${scheme} ${c()}` } },
      ]),
      [
        'GET',
        path,
        {
          subject: null,
          headers: { authorization: `Bearer ${testToken('alice', { scope: c() }, { keyid: c() })}x` },
        },
      ],
      ['GET', `${path}?${c()}=${c()}`, {}],
      ['GET', `${path}/history?limit=${c()}`, {}],
      ['GET', `${path}/history?cursor=${Buffer.from(c()).toString('base64url')}`, {}],
      ...['PUT', 'DELETE'].map((method): [string, string, RequestOptions] => [
        method,
        configPath(project),
        { headers: { 'if-match': `"${c()}"` }, ...(method === 'PUT' && { body: {} }) },
      ]),
      ['POST', '/api/v1/projects', { body: { name: c().repeat(10), description: [c()], [c()]: c() } }],
    ];
    for (const [method, address, options] of requests) {
      expect((await send(client, method, address, options)).status).toBeGreaterThanOrEqual(400);
    }
    // Headers that are nobody's business.
    const { status } = await send(client, 'GET', path, {
      headers: {
        'x-request-id': c(),
        cookie: c(),
        referer: `https://x/${c()}`,
        'user-agent': c(),
        'x-forwarded-for': c(),
        traceparent: c(),
        'if-match': `"${c()}", ${c()}`,
        'if-none-match': c(),
        accept: `application/problem+json;x=${c()}`,
        [c()]: c(),
      },
    });
    expect(status).toBe(200);
    for (const [expected, bytes] of [
      [400, rawRequest([`${c()} / HTTP/1.1`, 'Connection: close'])],
      [400, rawRequest([`GET /${c()} HTTP/9.9`, `X: ${c()}`])],
      [431, rawRequest(['GET /health/live HTTP/1.1', `X-Key: ${c().repeat(600)}`])],
      [400, `${c()}\r\n\r\n`],
    ] as const) {
      for (const answer of await rawExchange(url, bytes)) expect(note(answer).status).toBe(expected);
    }
  });
});

describe.each([
  ['in this process', () => inProcess],
  ['in a process of its own', () => child],
])('a service %s that talks with Stripe repeats no secret', (_, service) => {
  afterEach(() => {
    stripe.fault = undefined;
  });

  it.each<[string, Fault | undefined]>([
    ['does not know the key', undefined],
    ['limits it', { kind: 'status', status: 429 }],
    ['is in trouble', { kind: 'status', status: 500 }],
    ['is not Stripe at all', { kind: 'html', status: 403 }],
    ['breaks off', { kind: 'reset' }],
  ])('of a Stripe that %s', async (_why, fault) => {
    const client = service();
    const project = await client.createProject();
    stripe.fault = fault;
    const body = { secret_key: canaries.make() };
    const { status } = await send(client, 'POST', projectPath(project, 'validate-credentials'), { body });
    expect(status).toBe(fault === undefined ? 200 : 502);

    const config = configPath(project);
    await send(client, 'PUT', config, { body: { test_secret_key: canaries.make() } });
    expect((await send(client, 'GET', `${config}/health`)).status).toBe(200);
    for (const method of ['GET', 'POST']) {
      const refused = await send(client, method, `${config}/test/webhook-endpoint`);
      expect(refused.status).toBe(fault === undefined ? 409 : 502);
    }
  });

  it('that it was given, returned by Stripe, or sent in a webhook', async () => {
    const client = service();
    const project = await client.createProject();
    const config = configPath(project);
    const account = { accountId: 'acct_1leaks', key: canaries.make() };
    stripe.addAccount(account);
    const secret = canaries.make('test_webhook_secret');
    await send(client, 'PUT', config, {
      body: { test_secret_key: account.key, test_webhook_secret: secret },
    });
    await send(client, 'POST', projectPath(project, 'validate-credentials'), {
      body: { secret_key: account.key },
    });
    for (const method of ['POST', 'GET']) {
      const { status, json } = await send(client, method, `${config}/test/webhook-endpoint`);
      expect(status).toBe(200);
      const { id } = json as { id: string };
      canaries.watch('the secret that Stripe returned', (stripe.secretOf(id) ?? '').slice('whsec_'.length));
    }

    const address = webhookPath(project, 'test');
    // What customers bought is as secret as a key.
    const bought = canaries.make();
    const event = snapshotEvent('test', { data: { object: { id: 'in_1', bought } } });
    const payload = JSON.stringify(event);
    note(await sendWebhook(client, address, payload, signatureOf(payload, secret)));
    for (const [body, signature] of [
      [payload, signatureOf(payload, canaries.make('test_webhook_secret'))],
      [`{"${canaries.make()}"`, signatureOf(`{"${canaries.make()}"`, secret)],
      [payload, canaries.make()],
      [canaries.make(), null],
      [canaries.make().repeat(30_000), signatureOf('', secret)],
    ] as const) {
      expect(note(await sendWebhook(client, address, body, signature)).status).toBeGreaterThanOrEqual(400);
    }
    note(await sendWebhook(client, webhookPath(project, canaries.make()), payload, canaries.make()));
    await eventually('the event is handled', async () => {
      const { json } = await send(client, 'GET', projectPath(project, 'events?status=handled'));
      return (json as { events: unknown[] }).events.length === 1 || undefined;
    });
    await send(client, 'GET', projectPath(project, `events?type=${canaries.make()}`));
    await send(client, 'POST', projectPath(project, `events/test/${canaries.make()}/replay`));
    // The only place that shows it.
    const shown = await client.request('GET', projectPath(project, `events/test/${String(event.id)}`));
    expect(canaries.find(shown.text)).not.toEqual([]);

    await send(client, 'PUT', config, {
      body: { test_webhook_secret: canaries.make('test_webhook_secret') },
    });
    await send(client, 'DELETE', `${config}/test/previous-webhook-secret`);
    await send(client, 'DELETE', `${config}/test/webhook-endpoint`);
    await send(client, 'GET', `${config}/health`);
    await send(client, 'DELETE', config);
  });
});

describe('what is exported', () => {
  const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

  it('has spans of all that was done, and metrics whose labels name nobody', async () => {
    const names = telemetry.spans().map(({ name }) => name);
    for (const name of ['receive webhook', 'handle *', 'POST /v1/webhook_endpoints'])
      expect(names).toContain(name);
    const metrics = await telemetry.metrics();
    expect(metrics.length).toBeGreaterThan(10);
    for (const { descriptor, dataPoints } of metrics) {
      const { attributes } = INSTRUMENTS[descriptor.name as MetricName];
      for (const each of dataPoints) {
        expect(Object.keys(attributes)).toEqual(expect.arrayContaining(Object.keys(each.attributes)));
        expect(
          Object.values(each.attributes)
            .map(String)
            .filter((value) => UUIDS.test(value) || /\b(?:acct|evt|we|in)_/.test(value)),
        ).toEqual([]);
      }
    }
  });

  it('keeps its series few, whoever sends what', async () => {
    const series = (await telemetry.metrics()).map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.length,
    ]);
    expect(series.filter(([, count]) => Number(count) > 100)).toEqual([]);
  });
});

describe('a service that fails', () => {
  /** Errors that carry a secret in every place that an error has. */
  const faults: [string, (secret: string) => unknown][] = [
    ['an error', (secret) => new Error(secret)],
    [
      'an error with frames in its message',
      (secret) => new Error(`wrong\n    at ${secret}\n    at x (${secret}:1:1)`),
    ],
    ['a cause', (secret) => new Error('wrong', { cause: new Error(secret) })],
    ['several errors', (secret) => new AggregateError([new Error(secret)], secret)],
    ['a driver’s error', (secret) => new QueryFailedError(`SELECT '${secret}'`, [secret], new Error(secret))],
    [
      'a name, a code and other members',
      (secret) => Object.assign(new Error('x'), { name: secret, code: secret, detail: secret }),
    ],
    ['a text', (secret) => secret],
    ['an object', (secret) => ({ message: secret, stack: secret, statusCode: 500 })],
    ['a refusal', (secret) => new BadRequestException(secret, secret)],
    ['an HTTP error', (secret) => new HttpException({ secret }, 500, { cause: new Error(secret) })],
    [
      'an unreachable dependency',
      (secret) => new DependencyUnavailable('database', { cause: new Error(secret) }),
    ],
    [
      'an unknown outcome',
      (secret) =>
        new PaymentsError('write_outcome_unknown', 'It is not known.', { cause: new Error(secret) }),
    ],
  ];

  it.each(faults)('by %s', async (_, makeFault) => {
    const path = configPath(await inProcess.createProject());
    const methods: [object, string][] = [
      [inProcess.app.get(StripeConfigService), 'find'],
      [inProcess.app.get(ProjectService), 'roleOf'],
    ];
    for (const [provider, method] of methods) {
      await replacing(
        provider,
        method,
        () => {
          throw makeFault(canaries.make());
        },
        async () => {
          expect((await send(inProcess, 'GET', path)).status).toBeGreaterThanOrEqual(400);
        },
      );
    }
  });

  it('to seal', async () => {
    const path = configPath(await inProcess.createProject());
    const betray = (secret: Secret) => {
      throw new Error(secret.reveal());
    };
    await replacing(inProcess.app.get(Sealer), 'seal', betray, async () => {
      const body = { test_secret_key: canaries.make() };
      expect((await send(inProcess, 'PUT', path, { body })).status).toBe(500);
    });
  });

  it('to mask', async () => {
    const path = configPath(await inProcess.createProject());
    const row = (await send(inProcess, 'PUT', path, { body: {} })).json as object;
    for (const shown of [canaries.make(), `${canaries.make()}...abcd`]) {
      const unmasked = () =>
        Promise.resolve({ ...row, test_secret_key_masked: shown, extra: canaries.make() });
      await replacing(inProcess.app.get(StripeConfigService), 'find', unmasked, async () => {
        expect((await send(inProcess, 'GET', path)).status).toBe(500);
      });
    }
  });

  it('because the answer of the database is lost', async () => {
    const path = configPath(await inProcess.createProject());
    const lost = proxy.loseAnswerTo(UPSERT.name);
    const answer = await send(inProcess, 'PUT', path, { body: { test_secret_key: canaries.make() } });
    await lost;
    expect(answer.status).toBe(503);
  });

  it('because the database cannot be reached', async () => {
    const path = configPath(await inProcess.createProject());
    await proxy.refuse();
    const { status } = await send(inProcess, 'PUT', path, { body: { test_secret_key: canaries.make() } });
    await proxy.pass();
    expect(status).toBe(503);
  });

  it('because the database refuses the row', async () => {
    const path = configPath(await inProcess.createProject());
    await pool.query('ALTER TABLE stripe_configs ADD CONSTRAINT refusal CHECK (false) NOT VALID');
    const { status } = await send(inProcess, 'PUT', path, { body: { test_secret_key: canaries.make() } });
    await pool.query('ALTER TABLE stripe_configs DROP CONSTRAINT refusal');
    expect(status).toBe(500);
    expect(log).toContain('"errorCode":"23514"');
  });
});

describe('no piece of a secret', () => {
  it('is in the OpenAPI document', async () => {
    await store(child);
    const { status, text } = note(await child.request('GET', '/openapi.json', { subject: null }));
    expect(status).toBe(200);
    expect(canaries.find(text)).toEqual([]);
  });

  it('is in a table or a file of the database, which a planted one is', async () => {
    const { path, masks } = await store(inProcess);
    await send(inProcess, 'PUT', path, { body: { test_secret_key: `"${canaries.make()}"` } });
    // Not even statements that carry one, right or wrong, are in PostgreSQL's own log.
    await pool.query(`SELECT '${canaries.make()}'`);
    await expect(pool.query('SELECT $1::int', [canaries.make()])).rejects.toMatchObject({ code: '22P02' });
    await pool.query('CHECKPOINT');
    const dump = await dumpTables();
    expect(canaries.find(dump)).toEqual([]);
    expect(canaries.find(await dumpTables('stripe_config_audit'))).toEqual([]);
    expect(await dumpTables('stripe_config_audit')).toContain(masks.test_secret_key);
    expect(dump).toContain(masks.test_secret_key);
    expect(await findInFiles(canaries)).toEqual([]);

    const planted = new Canaries();
    await pool.query(`CREATE TABLE planted AS SELECT '${planted.make()}'::text AS secret`);
    await pool.query('CHECKPOINT');
    expect(planted.find(await dumpTables())).not.toEqual([]);
    expect(await findInFiles(planted)).toEqual(
      expect.arrayContaining(['base', 'pg_wal'].map((place) => expect.stringContaining(place) as unknown)),
    );
  });
});

/** Stores a secret in every field of a new project. */
async function store(client: TestClient) {
  const path = configPath(await client.createProject());
  const body = Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, canaries.make(field)]));
  const masks: Record<string, string> = {};
  for (const field of CREDENTIAL_FIELDS) masks[field] = expectedMask(field, body[field] ?? '');
  const { status, json } = await send(client, 'PUT', path, { body });
  expect(status).toBe(200);
  return { path, masks, shown: json };
}

async function dumpTables(only = '%'): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name LIKE $1`,
    [only],
  );
  const dumps = rows.map(async ({ name }) =>
    pool.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`),
  );
  return (await Promise.all(dumps)).flatMap((dump) => dump.rows.map(({ text }) => text)).join('\n');
}

/** The files below the data folder, PostgreSQL's log among them, in which a piece of a secret is. */
async function findInFiles(secrets: Canaries): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files).toContain(join(folder, 'postgres.log'));
  const found: string[] = [];
  for (const file of files) {
    for (const name of secrets.find(await readFile(file)))
      found.push(`${file.slice(folder.length + 1)}: ${name}`);
  }
  return found;
}

/** Replaces a method of a provider for a while. */
async function replacing(
  provider: object,
  method: string,
  replacement: unknown,
  work: () => Promise<void>,
): Promise<void> {
  Object.defineProperty(provider, method, { value: replacement, configurable: true });
  try {
    await work();
  } finally {
    Reflect.deleteProperty(provider, method);
  }
}

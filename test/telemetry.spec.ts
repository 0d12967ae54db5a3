import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { INSTRUMENTS, type Instrument } from '../src/payments/telemetry/instruments.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  runCommand,
  runProgram,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './support/process.js';
import { configPath, projectPath, webhookPath } from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

let database: TestDatabase;
let keyRingFile: string;
let stripe: LocalStripe;

beforeAll(async () => {
  database = await createTestDatabase();
  keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  stripe = await LocalStripe.start();
});
afterAll(async () => {
  await cleanUp();
  await stripe.stop();
  await database.drop();
});

const settings = (more: Settings): Settings =>
  serviceSettings(database.url, keyRingFile, { STRIPE_API_BASE: stripe.url, ...more });
const start = (more: Settings): Promise<ServiceProcess> => startServiceProcess(settings(more));

/** The address of the page, as the log says it. */
function pageOf({ stdout }: ServiceProcess): string {
  return /"url":"(http:[^"]*\/metrics)"/.exec(stdout)?.[1] ?? '';
}

const read = async (service: ServiceProcess): Promise<string> => (await fetch(pageOf(service))).text();

/** The names of the page. */
function namesIn(page: string): string[] {
  return [...page.matchAll(/^# TYPE (\w+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'target_info');
}

/** What the service has of the list, as Prometheus names it. */
const exported = Object.entries<Instrument>(INSTRUMENTS).flatMap(([name, { kind, only }]) =>
  only === 'application' ? [] : [`${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`],
);

/** A request of each kind that is measured. */
async function walk(service: ServiceProcess): Promise<string> {
  const project = await service.createProject();
  const path = configPath(project);
  const secret = fakeCredential('test_webhook_secret');
  const body = { test_secret_key: fakeCredential('test_secret_key'), test_webhook_secret: secret };
  expect((await service.request('PUT', path, { body })).status).toBe(200);
  expect((await service.request('GET', path)).status).toBe(200);
  expect((await service.request('GET', `/nowhere/${project}`)).status).toBe(404);
  const event = JSON.stringify(snapshotEvent('test'));
  const received = await sendWebhook(
    service,
    webhookPath(project, 'test'),
    event,
    signatureOf(event, secret),
  );
  expect(received.status).toBe(200);
  const tried = { secret_key: fakeCredential('test_secret_key') };
  const { status } = await service.request('POST', projectPath(project, 'validate-credentials'), {
    body: tried,
  });
  expect(status).toBe(200);
  return project;
}

describe('the page of metrics', () => {
  let service: ServiceProcess;
  beforeAll(async () => {
    service = await start({ METRICS_PORT: '0' });
  });
  afterAll(() => service.stop());

  it('has every metric of the list after a walk through the API, and no other', async () => {
    const project = await walk(service);
    // Only commands count what is stored, and leave it for the service, which looks every minute, or now.
    const command = { DATABASE_URL: database.url, KEY_RING_FILE: keyRingFile };
    expect((await runCommand('keys', ['rewrap'], command)).code).toBe(0);
    process.kill(service.pid, 'SIGHUP');
    let page = '';
    const missing = async () => {
      page = await read(service);
      return exported.filter((name) => !namesIn(page).includes(name));
    };
    await eventually('every metric is there', async () => (await missing()).length === 0, 20_000).catch(
      async () => {
        expect(await missing()).toEqual([]);
      },
    );
    expect(namesIn(page).sort()).toEqual([...exported].sort());
    for (const line of [
      'http_server_request_duration_count{http_request_method="GET",http_response_status_code="404",url_scheme="http"} 1',
      'stripe_config_webhooks_received_total{stripe_config_webhook_outcome="stored"} 1',
      'stripe_config_event_handling_duration_count{stripe_config_event_type="*",stripe_config_event_outcome="handled"} 1',
      'stripe_config_config_changes_total{stripe_config_config_action="created"} 1',
      'stripe_config_stripe_call_duration_count{http_request_method="GET",url_template="/v1/balance",stripe_config_stripe_outcome="refused"} 1',
      'stripe_config_key_rewrap_remaining 0',
      'stripe_config_event_dead 0',
      'stripe_config_key_ring_fit 1',
      'stripe_config_listener_connected 1',
    ]) {
      expect(page.split('\n')).toContain(line);
    }
    expect(page).toMatch(
      /^stripe_config_key_rows\{stripe_config_key_id="\w+",stripe_config_key_active="true"\} 2$/m,
    );
    expect(page).not.toContain(project);
  });

  it('is on its own port alone, and nothing else is there', async () => {
    expect((await service.request('GET', '/metrics', { subject: null })).status).toBe(404);
    const page = pageOf(service);
    const statusOf = async (url: string, method = 'GET') => (await fetch(url, { method })).status;
    expect(await statusOf(page, 'HEAD')).toBe(200);
    expect(await statusOf(page, 'POST')).toBe(405);
    for (const path of ['/', '/health/live', '/metrics/x']) {
      expect([path, await statusOf(new URL(path, page).href)]).toEqual([path, 404]);
    }
    expect(page).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });
});

/** Logs which packages of OpenTelemetry a program loads: they are CommonJS, whatever imports them. */
const REPORTER = `
  const Module = require('node:module');
  const seen = new Set();
  const { _compile } = Module.prototype;
  Module.prototype._compile = function (source, file, ...rest) {
    const name = /@opentelemetry\\/([a-z-]+)/.exec(file)?.[0];
    if (name !== undefined && !seen.has(name)) process.stderr.write(name + '\\n');
    seen.add(name);
    return _compile.call(this, source, file, ...rest);
  };`;

describe('a service that nobody observes', () => {
  it.each<[string, Settings, RegExp]>([
    ['loads nothing of the SDK', {}, /^@opentelemetry\/api\n$/],
    ['loads it when it is asked to', { METRICS_PORT: '0' }, /^@opentelemetry\/sdk-metrics$/m],
  ])('%s', async (_, more, loaded) => {
    const reporter = join(await temporaryFolder(), 'reporter.cjs');
    await writeFile(reporter, REPORTER);
    const service = await startServiceProcess(settings(more), ['--require', reporter, 'dist/main.js']);
    await walk(service);
    await service.stop();
    expect(service.stderr).toMatch(loaded);
  });
});

describe('a wrong setting', () => {
  it('names a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const program = runProgram('dist/main.js', [], {
      ...serviceSettings(database.url, keyRingFile),
      METRICS_PORT: port,
    });
    expect([await program.exit(), program.stderr]).toEqual([
      1,
      `Port ${port} on 127.0.0.1 is in use: set METRICS_PORT to a free port, or stop what listens there.\n`,
    ]);
    taken.close();
  });
});

describe('a collector', () => {
  let collector: Server;
  let requests: { url: string | undefined; key: unknown; bytes: number }[] = [];
  beforeAll(async () => {
    collector = createServer((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => {
        requests.push({ url: request.url, key: request.headers['api-key'], bytes });
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
  });
  afterAll(() => {
    collector.closeAllConnections();
    collector.close();
  });

  it('gets metrics, and what is left of them at the end', async () => {
    const { port } = collector.address() as AddressInfo;
    const service = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=of-the-collector',
    });
    await walk(service);
    requests = [];
    expect(await service.stop()).toBe(0);
    expect(requests).toContainEqual({
      url: '/v1/metrics',
      key: 'of-the-collector',
      bytes: expect.any(Number) as number,
    });
    expect(service.stdout).not.toContain('telemetry.export_failed');
  });

  it('that does not answer neither stops the service nor delays its end', async () => {
    const service = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    });
    await walk(service);
    await eventually('the failure is logged', () => service.stdout.includes('telemetry.export_failed'));
    expect(await service.stop()).toBe(0);
  });
});

import { Controller, Get, Module } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { PaymentsHealth, PaymentsModule } from '../src/index.js';
import { KeyRingCheck } from '../src/payments/key-ring/key-ring-check.js';
import { TABLES } from '../src/payments/database/schema-name.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { configPath, testKeyRing } from './support/service.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

@Controller('ready')
class ReadyController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly payments: PaymentsHealth,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.payments.database('payments_database'),
      () => this.payments.keyRing('payments_key_ring'),
    ]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [ReadyController] })
class HealthModule {}

let database: TestDatabase;
let proxy: TcpProxy;
let hosts: Host[];

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  hosts = [];
});
afterEach(async () => {
  await proxy.pass();
  await Promise.all(hosts.map((host) => host.stop()));
  await proxy.close();
  await database.drop();
});

/** A host that answers of its health by terminus. */
async function start(adapter: AdapterName, changes: Parameters<typeof paymentsOptions>[0] = {}) {
  const payments = { ...PaymentsModule.forRoot(paymentsOptions(changes)), global: true };
  const host = await startHost({
    adapter,
    database: { ...database, url: proxy.url },
    imports: [payments, HealthModule],
  });
  hosts.push(host);
  await host.app.get(KeyRingCheck).check();
  return host;
}

const readyOf = async (host: Host) => {
  const { status, json } = await host.own.request('GET', '/ready', { subject: null });
  return { status, json };
};

const UP = { status: 'up' };

describe.each(Object.keys(ADAPTERS) as AdapterName[])(
  'a host on %s whose health terminus answers of',
  (adapter) => {
    it('is in good health', async () => {
      const details = { payments_database: UP, payments_key_ring: UP };
      expect(await readyOf(await start(adapter))).toEqual({
        status: 200,
        json: { status: 'ok', info: details, error: {}, details },
      });
    });

    it('is not while its database is gone, and is again when that is back', async () => {
      const host = await start(adapter);
      await proxy.refuse();
      const down = { payments_database: { status: 'down', message: 'the database does not answer' } };
      expect(await readyOf(host)).toEqual({
        status: 503,
        json: {
          status: 'error',
          info: { payments_key_ring: UP },
          error: down,
          details: { ...down, payments_key_ring: UP },
        },
      });
      await proxy.pass();
      expect((await readyOf(host)).status).toBe(200);
    });

    it('is not with a ring that lacks a key, and names none', async () => {
      const right = await start(adapter);
      const projectId = await right.ours.createProject();
      const body = { test_secret_key: fakeCredential('test_secret_key') };
      expect((await right.ours.request('PUT', configPath(projectId), { body })).status).toBe(200);
      const wrong = await start(adapter, { keyRing: testKeyRing() });
      expect(await readyOf(wrong)).toMatchObject({
        status: 503,
        json: {
          info: { payments_database: UP },
          error: {
            payments_key_ring: {
              status: 'down',
              message: 'the key ring is not known to open what is stored',
            },
          },
        },
      });
      expect((await readyOf(right)).status).toBe(200);
    });
  },
);

it.each(TABLES)('the indicator of the database misses %s', async (table) => {
  const health = (await start('express')).app.get(PaymentsHealth);
  expect(await health.database('db')).toEqual({ db: UP });
  await database.query(`ALTER TABLE ${table} RENAME TO elsewhere`);
  const message = 'the tables of paymentsMigrations cannot be read';
  expect(await health.database('db')).toEqual({ db: { status: 'down', message } });
});

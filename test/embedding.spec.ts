import { createSecretKey, randomUUID } from 'node:crypto';
import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import {
  OnStripeEvent,
  PaymentsModule,
  ProjectAccess,
  StripeClients,
  StripeConfigRequest,
  StripeConfigService,
  StripeCredentialsError,
  type AnyStripeEvent,
  type OwnedProjects,
  type PaymentsModuleExtras,
  type PaymentsModuleOptions,
  type StripeConfigEvent,
} from '../src/index.js';
import { paymentsEntities, paymentsMigrations } from '../src/typeorm.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { countByKey } from '../src/payments/key-rotation/key-usage.js';
import { rewrap } from '../src/payments/key-rotation/rewrap.js';
import { FUNCTIONS, TABLES } from '../src/payments/database/schema-name.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { requireDataSource } from '../src/payments/options/resolve-database.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { runProgram, type Settings } from './support/process.js';
import {
  TEST_PUBLIC_URL,
  TEST_SECRET,
  configPath,
  projectPath,
  testClient,
  webhookPath,
  testKeyRing,
} from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';
import { deliver, sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

/** Every project is Alice's. */
class Projects extends ProjectAccess {
  findOwner(): Promise<string> {
    return Promise.resolve('alice');
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

const seen: AnyStripeEvent[] = [];

@Injectable()
class Handlers {
  @OnStripeEvent('*')
  on(event: AnyStripeEvent): void {
    seen.push(event);
  }
}

@Module({})
class HostModule {}

interface HostOptions
  extends PaymentsModuleExtras, Pick<ModuleMetadata, 'imports' | 'providers' | 'controllers'> {
  payments?: Partial<PaymentsModuleOptions>;
  /** Default: the database of this spec. */
  url?: string;
  schema?: string;
  migrationsRun?: boolean;
}

let database: TestDatabase;
const keyRing = testKeyRing();
const opened: NestFastifyApplication[] = [];
const connected: DataSource[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  // A host whose start fails may leave its migrations running: here there is none left to run.
  await connect({
    type: 'postgres',
    url: database.url,
    migrations: paymentsMigrations,
    migrationsRun: true,
  });
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close().catch(() => undefined);
  for (const dataSource of connected.splice(0)) if (dataSource.isInitialized) await dataSource.destroy();
});
afterAll(async () => {
  await database.drop();
});

/** An application that does not start does not close what it opened. */
async function connect(options: DataSourceOptions | undefined): Promise<DataSource> {
  if (options === undefined) throw new Error('no options');
  const dataSource = await new DataSource(options).initialize();
  connected.push(dataSource);
  return dataSource;
}

async function startHost({
  payments = {},
  url = database.url,
  schema,
  migrationsRun = true,
  imports = [],
  providers = [],
  controllers = [],
  ...extras
}: HostOptions = {}) {
  const source: DataSourceOptions = {
    type: 'postgres',
    url,
    entities: paymentsEntities,
    migrations: paymentsMigrations,
    migrationsRun,
    ...(schema !== undefined && { schema }),
  };
  const root = {
    module: HostModule,
    imports: [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ ...source, retryAttempts: 0 }),
        dataSourceFactory: (options) => connect(options),
      }),
      PaymentsModule.forRoot({
        keyRing,
        projects: Projects,
        auth: { secret: createSecretKey(TEST_SECRET) },
        publicBaseUrl: TEST_PUBLIC_URL,
        ...payments,
        ...extras,
      }),
      ...imports,
    ],
    providers,
    controllers,
  };
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), options);
  opened.push(app);
  await app.listen(0, '127.0.0.1');
  return { app, ...testClient(await app.getUrl()) };
}

describe('the schema of the data source', () => {
  // Nothing in it may be taken for anything but a name.
  const schema = 'Pay $& ments';
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  // With nothing in any other schema.
  let own: TestDatabase;
  let host: Awaited<ReturnType<typeof startHost>>;
  const projectId = randomUUID();
  const webhookSecret = fakeCredential('test_webhook_secret');

  beforeAll(async () => {
    own = await createTestDatabase();
    await own.query(`CREATE SCHEMA ${quoted}`);
  });
  afterAll(() => own.drop());
  beforeEach(async () => {
    host = await startHost({ url: own.url, schema, providers: [Handlers] });
    const body = { test_secret_key: fakeCredential('test_secret_key'), test_webhook_secret: webhookSecret };
    expect((await host.request('PUT', configPath(projectId), { body })).status).toBe(200);
  });

  it('holds every table and function, and no other schema does', async () => {
    const places = (catalog: string, name: string) =>
      own.query<{ name: string; schema: string }>(
        `SELECT ${name} AS name, nspname AS schema FROM ${catalog} JOIN pg_namespace n ON n.oid = ${name.slice(0, 3)}namespace
         WHERE ${name} ~ '^stripe_' ${catalog === 'pg_class' ? "AND relkind = 'r'" : ''} ORDER BY 1`,
      );
    const inSchema = (names: string[]) => names.toSorted().map((name) => ({ name, schema }));
    expect(await places('pg_class', 'relname')).toEqual(inSchema(TABLES));
    expect(await places('pg_proc', 'proname')).toEqual(inSchema(FUNCTIONS));
  });

  it('is what the entities describe', async () => {
    const { upQueries } = await host.app
      .get<DataSource>(getDataSourceToken())
      .driver.createSchemaBuilder()
      .log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('serves every route, and the audit trail', async () => {
    for (const path of ['config', 'config/history', 'config/health', 'events', 'webhook-urls']) {
      expect([path, (await host.request('GET', projectPath(projectId, path))).status]).toEqual([path, 200]);
    }
    const clients = host.app.get(StripeClients);
    expect(typeof (await clients.forProject(projectId, 'test')).customers.list).toBe('function');
    await expect(clients.publishableKey(projectId, 'test')).rejects.toThrow(StripeCredentialsError);
    expect(await findAuditFaults(typeormDatabase(host.app.get<DataSource>(getDataSourceToken())))).toEqual(
      [],
    );
  });

  it('takes webhooks and hands them on', async () => {
    const event = snapshotEvent('test');
    expect((await deliver(host, projectId, 'test', webhookSecret, event)).status).toBe(200);
    await eventually('the event is handled', async () => {
      const { json } = await host.request('GET', projectPath(projectId, `events/test/${String(event.id)}`));
      return (json as { status: string }).status === 'handled';
    });
    expect(seen.filter(({ id }) => id === event.id)).toHaveLength(1);
  });

  it('is rewrapped and counted', async () => {
    const sealer = new Sealer(testKeyRing());
    const dataSource = host.app.get<DataSource>(getDataSourceToken());
    const options = { batchSize: 10, rate: Infinity, dryRun: true, onProgress: () => undefined };
    const { total } = await rewrap(typeormDatabase(dataSource), sealer, options);
    const counts = [...(await countByKey(typeormDatabase(dataSource))).values()];
    expect(total).toBeGreaterThan(0);
    expect(counts.reduce((sum, { rows }) => sum + rows, 0)).toBe(total);
  });

  it('is where the command line looks when it is configured, or finds nothing else', async () => {
    const verify = (settings: Settings) =>
      runProgram('dist/cli/audit.js', ['verify'], { DATABASE_URL: own.url, ...settings }).exit();
    expect(await verify({ DATABASE_SCHEMA: schema })).toBe(0);
    // The only one that has the tables.
    expect(await verify({})).toBe(0);
    expect(await verify({ DATABASE_SCHEMA: 'public' })).toBe(1);
  });

  it('is reverted without a trace', async () => {
    const other = `${schema} 2`;
    await own.query(`CREATE SCHEMA "${other.replaceAll('"', '""')}"`);
    const source = new DataSource({
      type: 'postgres',
      url: own.url,
      migrations: paymentsMigrations,
      schema: other,
    });
    await source.initialize();
    try {
      await source.runMigrations();
      for (let left = paymentsMigrations.length; left > 0; left--) await source.undoLastMigration();
      expect(
        await own.query(
          `SELECT proname AS name FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = $1
           UNION SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
           WHERE nspname = $1 AND relkind = 'r' AND relname <> 'migrations'`,
          [other],
        ),
      ).toEqual([]);
    } finally {
      await source.destroy();
    }
  });
});

describe('changes, for the host’s event emitter', () => {
  const received: StripeConfigEvent[] = [];

  @Injectable()
  class Listener {
    @OnEvent('stripe-config.*')
    on(event: StripeConfigEvent): void {
      received.push(event);
    }
  }

  const withEmitter = { imports: [EventEmitterModule.forRoot({ wildcard: true })], providers: [Listener] };

  const put = (host: Awaited<ReturnType<typeof startHost>>, projectId: string, seed = 0) =>
    host.request('PUT', configPath(projectId), {
      body: { test_webhook_secret: fakeCredential('test_webhook_secret', seed) },
    });

  /** What an emitter says of a project, by name. */
  function listenTo(host: Awaited<ReturnType<typeof startHost>>, projectId: string) {
    const events: [unknown, StripeConfigEvent][] = [];
    host.app.get(EventEmitter2).onAny((name, event: StripeConfigEvent) => {
      if (event.projectId === projectId) events.push([name, event]);
    });
    return events;
  }

  it('are announced with who made them, once each', async () => {
    const host = await startHost(withEmitter);
    const projectId = randomUUID();
    const events = listenTo(host, projectId);

    await put(host, projectId);
    await put(host, projectId, 1);
    await host.request('DELETE', projectPath(projectId, 'config/test/previous-webhook-secret'));
    await host.request('DELETE', configPath(projectId));

    expect(events.map(([name, { version, actor }]) => [name, version, actor])).toEqual([
      ['stripe-config.updated', 1, 'alice'],
      ['stripe-config.updated', 2, 'alice'],
      ['stripe-config.previous-webhook-secret-erased', 3, 'alice'],
      ['stripe-config.deactivated', 4, 'alice'],
    ]);
    expect(received.filter((event) => event.projectId === projectId)).toHaveLength(4);
    expect(
      events.every(([, event]) => Object.keys(event).sort().join() === 'actor,projectId,requestId,version'),
    ).toBe(true);
  });

  it('are not announced when nothing changed', async () => {
    const host = await startHost(withEmitter);
    const projectId = randomUUID();
    await put(host, projectId);
    await host.request('DELETE', configPath(projectId));
    const events = listenTo(host, projectId);

    await host.request('DELETE', configPath(projectId));
    await host.request('DELETE', projectPath(projectId, 'config/test/previous-webhook-secret'));

    expect(events).toEqual([]);
  });

  it('are stored whatever a listener does', async () => {
    const host = await startHost(withEmitter);
    host.app.get(EventEmitter2).on('stripe-config.updated', () => {
      throw new Error('the listener failed');
    });
    expect((await put(host, randomUUID())).status).toBe(200);
  });

  it('need no emitter', async () => {
    const host = await startHost();
    expect((await put(host, randomUUID())).status).toBe(200);
  });

  it('are announced when the host’s own code makes them', async () => {
    const host = await startHost(withEmitter);
    const projectId = randomUUID();
    const events = listenTo(host, projectId);
    const request = Object.assign(new StripeConfigRequest(), {
      live_secret_key: fakeCredential('live_secret_key'),
    });
    const change = { actor: 'import', requestId: randomUUID().toUpperCase() };

    await host.app.get(StripeConfigService).update(projectId, request, change);

    expect(events).toEqual([['stripe-config.updated', { projectId, version: 1, ...change }]]);
  });
});

describe('the host’s own code', () => {
  const change = { actor: 'import', requestId: randomUUID() };

  it('may spell the id of a project as it likes', async () => {
    const host = await startHost();
    const projectId = randomUUID();
    const key = fakeCredential('live_publishable_key');
    const configs = host.app.get(StripeConfigService);
    const stored = await configs.update(projectId.toUpperCase(), { live_publishable_key: key }, change);
    expect(stored.project_id).toBe(projectId);
    expect(await host.app.get(StripeClients).publishableKey(projectId, 'live')).toBe(key);
  });

  it('is refused what a PUT refuses', async () => {
    const host = await startHost();
    const projectId = randomUUID();
    const configs = host.app.get(StripeConfigService);
    const request = { live_secret_key: fakeCredential('test_secret_key') };
    await expect(configs.update(projectId, request, change)).rejects.toMatchObject({
      code: 'validation_failed',
      items: [{ loc: ['body', 'live_secret_key'], type: 'wrong_mode' }],
    });
    await expect(configs.update('shop', {}, change)).rejects.toMatchObject({
      items: [{ type: 'invalid_uuid' }],
    });
    expect(await configs.find(projectId)).toBeNull();
  });
});

describe('options', () => {
  it('clock: signatures are verified by the host’s time', async () => {
    const hour = 3_600;
    const host = await startHost({ payments: { clock: () => Date.now() - hour * 1000 } });
    const projectId = randomUUID();
    const secret = fakeCredential('test_webhook_secret');
    await host.request('PUT', configPath(projectId), { body: { test_webhook_secret: secret } });
    const payload = JSON.stringify(snapshotEvent('test'));
    const path = webhookPath(projectId, 'test');
    expect((await sendWebhook(host, path, payload, signatureOf(payload, secret))).status).toBe(400);
    expect((await sendWebhook(host, path, payload, signatureOf(payload, secret, hour))).status).toBe(200);
  });

  it('limits: how often Stripe is asked', async () => {
    const stripe = await LocalStripe.start();
    try {
      const limits = { stripeCallsPerMinute: 2 };
      const host = await startHost({ payments: { stripeApiBase: stripe.url, limits } });
      const path = projectPath(randomUUID(), 'validate-credentials');
      const body = { secret_key: fakeCredential('test_secret_key'), is_test_mode: true };
      const statuses = [];
      for (let call = 0; call < 3; call++) statuses.push((await host.request('POST', path, { body })).status);
      expect(statuses).toEqual([200, 200, 429]);
    } finally {
      await stripe.stop();
    }
  });
});

describe('without webhooks', () => {
  it('there is no route for them, and no worker', async () => {
    const before = seen.length;
    const host = await startHost({ webhooks: false, providers: [Handlers] });
    const projectId = randomUUID();
    const secret = fakeCredential('test_webhook_secret');
    const body = { test_secret_key: fakeCredential('test_secret_key'), test_webhook_secret: secret };
    expect((await host.request('PUT', configPath(projectId), { body })).status).toBe(200);
    expect((await host.request('GET', configPath(projectId))).status).toBe(200);

    expect((await deliver(host, projectId, 'test', secret)).status).toBe(404);
    for (const path of ['events', 'webhook-urls', 'test/webhook-endpoint']) {
      expect([path, (await host.request('GET', projectPath(projectId, path))).status]).toEqual([path, 404]);
    }
    expect((await host.request('DELETE', configPath(projectId))).status).toBe(204);
    expect(seen).toHaveLength(before);
  });
});

describe('a wrong set-up ends the start, naming the option and the fix', () => {
  it('of options', async () => {
    const wrong = startHost({ payments: { publicBaseUrl: 'shop' } });
    await expect(wrong).rejects.toThrow(/options of PaymentsModule.*\n- publicBaseUrl must be/);
  });

  it('of a data source that is not there', async () => {
    await expect(startHost({ dataSource: 'payments' })).rejects.toThrow(
      /\n- dataSource: there is no TypeORM data source "payments"; import TypeOrmModule\.forRoot/,
    );
  });

  it('of a data source that is not PostgreSQL', () => {
    const source = { options: { type: 'sqlite' } } as unknown as DataSource;
    expect(() => requireDataSource(source, 'old')).toThrow(/\n- dataSource: "old" is not PostgreSQL/);
  });

  it('of a database that is not migrated', async () => {
    const other = await createTestDatabase();
    try {
      await expect(startHost({ url: other.url, migrationsRun: false })).rejects.toThrow(
        /\n- dataSource: its database lacks the tables; add paymentsMigrations/,
      );
    } finally {
      await other.drop();
    }
  });

  it('of a ring file that is not there', async () => {
    await expect(startHost({ payments: { keyRing: '/nowhere/ring.json' } })).rejects.toThrow(
      /\n- keyRing: the key ring file cannot be read \(ENOENT\)/,
    );
  });
});

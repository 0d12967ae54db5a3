import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  Global,
  Injectable,
  Module,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import pg from 'pg';
import {
  OnStripeEvent,
  PaymentsModule,
  StripeConfigService,
  type HostDatabase,
  type PaymentsModuleOptions,
  type StripeEventContext,
} from '../src/index.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { PAYMENTS_DATABASE } from '../src/payments/database/database.js';
import { EventWorker } from '../src/payments/stripe-webhooks/event-worker.js';
import { migrate, migrationSql, pendingMigrations } from '../src/payments/schema/migrate.js';
import { itKeepsTheContract } from './hosts/contract.js';
import { CREATE_SHOPS, PoolShops, SHOP_POOL } from './hosts/pool-shops.js';
import { dataSourceFor, paymentsOptions } from './hosts/start-host.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { testClient, type TestClient } from './support/service.js';
import { storeEvents } from './support/stored-events.js';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 5 });
  await pool.query(CREATE_SHOPS);
  await pool.query('CREATE TABLE effects (event_id text PRIMARY KEY)');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

@Module({})
class HostModule {}

@Global()
@Module({})
class ShopModule {}

function hostWith(payments: DynamicModule, providers: Type[] = []): DynamicModule {
  const shops = {
    module: ShopModule,
    providers: [PoolShops, { provide: SHOP_POOL, useValue: pool }],
    exports: [PoolShops],
  };
  return { module: HostModule, imports: [shops, payments], providers };
}

async function start(payments: DynamicModule, providers: Type[] = []): Promise<INestApplication> {
  const root = hostWith(payments, providers);
  const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false, abortOnError: false });
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
  return app;
}

const options = (changes: Partial<PaymentsModuleOptions> = {}) =>
  paymentsOptions({ projects: PoolShops, database: { pool }, ...changes });

describe('migrate()', () => {
  it('is asked for where the tables are missing', async () => {
    await expect(start(PaymentsModule.forRoot(options()))).rejects.toThrow(
      /\n- database: its database lacks the tables; run "npx nest-stripe-config migrate", or call migrate\(\)/,
    );
    expect(await pendingMigrations(pool)).toEqual(['CreateStripeConfigs1764000000000']);
  });

  it('makes them once, whoever else does at the same time', async () => {
    const done = await Promise.all([migrate(pool), migrate(pool), migrate(pool)]);
    expect(done.flat()).toEqual(['CreateStripeConfigs1764000000000']);
    expect(await pendingMigrations(pool)).toEqual([]);
  });

  it('leaves TypeORM nothing to do, should the host use it later', async () => {
    const { DataSource } = await import('typeorm');
    const source = await new DataSource({
      ...dataSourceFor(database, 'later'),
      migrationsRun: false,
    } as ConstructorParameters<typeof DataSource>[0]).initialize();
    try {
      expect(await source.showMigrations()).toBe(false);
    } finally {
      await source.destroy();
    }
  });

  it('makes a schema that is missing, and undoes all of it when a part fails', async () => {
    await pool.query(
      'CREATE SCHEMA broken; CREATE TABLE broken.stripe_config_locks (project_id text PRIMARY KEY)',
    );
    await expect(migrate(pool, { schema: 'broken' })).rejects.toMatchObject({ code: '42P07' });
    expect(await pendingMigrations(pool, { schema: 'broken' })).toHaveLength(1);
    const { rows } = await pool.query("SELECT FROM pg_tables WHERE schemaname = 'broken'");
    expect(rows).toHaveLength(1);
    expect(await migrate(pool, { schema: 'Pay "me"' })).toHaveLength(1);
    expect(await pendingMigrations(pool, { schema: 'Pay "me"' })).toEqual([]);
    await pool.query('DROP SCHEMA broken CASCADE');
  });

  it('refuses a table of migrations that is another library’s', async () => {
    await pool.query('CREATE SCHEMA other; CREATE TABLE other.migrations (id integer, batch integer)');
    await expect(migrate(pool, { schema: 'other' })).rejects.toThrow(
      /is of another library.*the option table/,
    );
    expect(await migrate(pool, { schema: 'other', table: 'payments_migrations' })).toHaveLength(1);
    await pool.query('DROP SCHEMA other CASCADE');
  });

  it('writes the same as SQL', async () => {
    await pool.query('CREATE SCHEMA by_hand');
    await pool.query(await migrationSql({ schema: 'by_hand' }));
    expect(await migrate(pool, { schema: 'by_hand' })).toEqual([]);
  });
});

describe('a host with a pool of pg', () => {
  let app: INestApplication;
  let client: TestClient;

  beforeAll(async () => {
    await migrate(pool, { schema: 'payments' });
    app = await start(PaymentsModule.forRoot(options({ database: { pool, schema: 'payments' } })));
    client = {
      ...testClient(await app.getUrl()),
      createProject: (owner = 'alice', name = 'Shop') => app.get(PoolShops).open(owner, name),
    };
  });
  afterAll(() => app.close());

  itKeepsTheContract(() => client);
});

describe('a configuration that the host stores in its own transaction', () => {
  let app: INestApplication;
  let configs: StripeConfigService;

  beforeAll(async () => {
    await migrate(pool);
    app = await start(
      PaymentsModule.forRootAsync({ useFactory: () => options({ database: { pool, schema: 'public' } }) }),
    );
    configs = app.get(StripeConfigService);
  });
  afterAll(() => app.close());

  const change = (transaction: object) => ({ actor: 'alice', requestId: randomUUID(), transaction });
  const VALUES = { test_secret_key: fakeCredential('test_secret_key', 1) };

  async function within(end: 'COMMIT' | 'ROLLBACK', work: (client: pg.PoolClient) => Promise<void>) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query(end);
    } finally {
      client.release();
    }
  }
  const trail = async (id: string) =>
    (
      await pool.query<{ version: number }>(
        'SELECT version FROM public.stripe_config_audit WHERE project_id = $1',
        [id],
      )
    ).rows;

  it('is there with its project, once, and seen by the host before the commit', async () => {
    const id = randomUUID();
    await within('COMMIT', async (client) => {
      await client.query('INSERT INTO shops (id, owner, name) VALUES ($1, $2, $3)', [id, 'alice', 'New']);
      const view = await configs.update(id, VALUES, change(client));
      expect(view).toMatchObject({ project_id: id });
      expect(await configs.find(id)).toBeNull();
    });
    expect(await configs.find(id)).toMatchObject({ project_id: id, is_active: true });
    expect(await trail(id)).toEqual([{ version: 1 }]);
  });

  it('leaves nothing when that is rolled back', async () => {
    const id = randomUUID();
    await within('ROLLBACK', async (client) => {
      await client.query('INSERT INTO shops (id, owner, name) VALUES ($1, $2, $3)', [id, 'alice', 'Never']);
      await configs.update(id, VALUES, change(client));
      await configs.deactivate(id, change(client));
    });
    expect(await configs.find(id)).toBeNull();
    expect(await trail(id)).toEqual([]);
  });

  it('leaves the transaction usable after a refusal', async () => {
    const id = randomUUID();
    await within('COMMIT', async (client) => {
      await expect(
        configs.update(id, VALUES, change(client), { ifMatch: [7], ifNoneMatch: null }),
      ).rejects.toMatchObject({ code: 'version_conflict' });
      await client.query('INSERT INTO shops (id, owner, name) VALUES ($1, $2, $3)', [id, 'alice', 'Kept']);
    });
    expect(await app.get(PoolShops).findOwner(id)).toBe('alice');
  });

  it('is announced by the commit, and by nothing else', async () => {
    const listener = await pool.connect();
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('LISTEN stripe_config_changed');
    const [undone, done] = [randomUUID(), randomUUID()];
    await within('ROLLBACK', async (client) => {
      await configs.update(undone, VALUES, change(client));
    });
    await within('COMMIT', async (client) => {
      await configs.update(done, VALUES, change(client));
      await listener.query('SELECT 1');
      expect(heard).not.toContain(done);
    });
    await eventually('the commit announces it', () => heard.includes(done));
    expect(heard).not.toContain(undone);
    listener.release(true);
  });

  it('is refused where there is no transaction, with what to do', async () => {
    const client = await pool.connect();
    const update = (transaction: object) => configs.update(randomUUID(), VALUES, change(transaction));
    await expect(update(client)).rejects.toThrow(/is in no transaction; begin one before \(BEGIN\)/);
    await client.query('BEGIN');
    await client.query('COMMIT');
    await expect(update(client)).rejects.toThrow(/is in no transaction/);
    client.release();
    await expect(update(client)).rejects.toThrow(/has ended/);
    const other = new pg.Pool({ connectionString: database.url, max: 1 });
    const foreign = await other.connect();
    await foreign.query('BEGIN');
    await expect(update(foreign)).rejects.toThrow(/is of another database or pool/);
    foreign.release(true);
    await other.end();
    await expect(configs.update(randomUUID(), VALUES, change(pool))).rejects.toThrow(
      /what pool.connect\(\) gives/,
    );
  });
});

describe('a handler', () => {
  it('writes in the transaction that marks the event, so that what fails leaves nothing', async () => {
    @Injectable()
    class Effects {
      @OnStripeEvent('*')
      async on(
        { id }: { id: string },
        { transaction, attempt }: StripeEventContext<pg.PoolClient>,
      ): Promise<void> {
        await transaction.query('INSERT INTO effects VALUES ($1)', [id]);
        if (attempt === 1) throw new Error('not at first');
      }
    }
    const app = await start(PaymentsModule.forRoot(options({ database: { pool, schema: 'public' } })), [
      Effects,
    ]);
    try {
      const [id] = await storeEvents(database, app.get(Sealer), [{ projectId: randomUUID() }]);
      const status = async () =>
        (
          await pool.query<{ status: string; last_error: string | null }>(
            'SELECT status, last_error FROM public.stripe_events WHERE event_id = $1',
            [id],
          )
        ).rows[0];
      app.get(EventWorker).wake();
      await eventually(
        'it has failed',
        async () => (await status())?.last_error?.startsWith('Effects.on') === true,
      );
      expect((await pool.query('SELECT FROM effects')).rows).toHaveLength(0);
      await pool.query('UPDATE public.stripe_events SET available_at = now()');
      app.get(EventWorker).wake();
      await eventually('it is handled', async () => (await status())?.status === 'handled');
      expect((await pool.query('SELECT FROM effects')).rows).toHaveLength(1);
    } finally {
      await app.close();
    }
  });
});

describe('a process that is frozen between requests', () => {
  it('hands on all that is due when it is told to, and nothing twice', async () => {
    // Nothing runs in the background there.
    const background = jest.spyOn(EventWorker.prototype, 'onApplicationBootstrap').mockReturnValue();
    const handled: string[] = [];
    @Injectable()
    class Handlers {
      @OnStripeEvent('*')
      on({ id }: { id: string }): void {
        handled.push(id);
      }
    }
    const app = await start(PaymentsModule.forRoot(options({ database: { pool, schema: 'public' } })), [
      Handlers,
    ]);
    try {
      const projects = Array.from({ length: 40 }, () => ({ projectId: randomUUID() }));
      const stored = await storeEvents(database, app.get(Sealer), projects);
      const worker = app.get(EventWorker);
      const counts = await Promise.all([worker.runOnce(), worker.runOnce()]);
      expect(counts[0] + counts[1]).toBe(40);
      expect(handled.toSorted()).toEqual(stored.toSorted());
      expect(await worker.runOnce()).toBe(0);
    } finally {
      background.mockRestore();
      await app.close();
    }
  });
});

describe('a database that cannot be used', () => {
  const faultOf = (database: unknown, extras: object = {}) =>
    start(PaymentsModule.forRoot({ ...options({ database: database as HostDatabase }), ...extras }));

  it.each([
    ['an address', 'postgres://', /database must be an object/],
    ['nothing of its kinds', {}, /database must be exactly one of its kinds; give \{ pool \}/],
    ['two at once', { pool: {}, dataSource: {} }, /database must be exactly one of its kinds/],
    ['a client', { pool: new pg.Client() }, /database.pool must be a Pool of pg/],
    ['a name', { dataSource: 'default' }, /database.dataSource must be a DataSource of TypeORM/],
    [
      'another database',
      { dataSource: { createQueryRunner: () => 0, options: { type: 'mysql' } } },
      /is not PostgreSQL/,
    ],
    ['something else', { adapter: {} }, /database.adapter is made by an adapter/],
  ])('is refused at the start: %s', async (_, given, message) => {
    await expect(faultOf(given)).rejects.toThrow(message);
  });

  it('is refused beside the name of another, and where there is none', async () => {
    await expect(faultOf({ pool }, { dataSource: 'payments' })).rejects.toThrow(
      /database and dataSource \("payments"\) both name a database; leave out one/,
    );
    await expect(start(PaymentsModule.forRoot(paymentsOptions({ projects: PoolShops })))).rejects.toThrow(
      /dataSource: there is no TypeORM data source "default";.* database: \{ pool \} of pg/,
    );
  });
});

it('the database is the host’s: the module leaves its pool open', async () => {
  const app = await start(PaymentsModule.forRoot(options({ database: { pool, schema: 'public' } })));
  expect(app.get(PAYMENTS_DATABASE)).toMatchObject({ pool });
  await app.close();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

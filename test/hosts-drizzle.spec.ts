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
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { drizzleDatabase, type DrizzleTransaction } from '../src/drizzle.js';
import {
  OnStripeEvent,
  PaymentsModule,
  StripeConfigService,
  type HostDatabase,
  type StripeEventContext,
} from '../src/index.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import type { Database } from '../src/payments/database/database.js';
import { abandon, inTransaction, TransactionNotWhole } from '../src/payments/database/transaction.js';
import { EventWorker } from '../src/payments/stripe-webhooks/event-worker.js';
import { migrate } from '../src/payments/schema/migrate.js';
import { itKeepsTheContract } from './hosts/contract.js';
import { DrizzleShops, effects, SHOP_DATABASE, shops, type ShopDatabase } from './hosts/drizzle-shops.js';
import { CREATE_SHOPS } from './hosts/pool-shops.js';
import { paymentsOptions } from './hosts/start-host.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { testClient, type TestClient } from './support/service.js';
import { storeEvents } from './support/stored-events.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

let database: TestDatabase;
let pool: pg.Pool;
let db: ShopDatabase & { $client: pg.Pool };

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 5 });
  db = drizzle(pool, { schema: { shops } });
  await pool.query(CREATE_SHOPS);
  await pool.query('CREATE TABLE effects (event_id text PRIMARY KEY)');
  await migrate(pool);
  await migrate(pool, { schema: 'payments' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

type Tx = DrizzleTransaction<typeof db>;

@Module({})
class HostModule {}

@Global()
@Module({})
class ShopModule {}

async function start(named: HostDatabase, providers: Type[] = []): Promise<INestApplication> {
  const shopModule: DynamicModule = {
    module: ShopModule,
    providers: [DrizzleShops, { provide: SHOP_DATABASE, useValue: db }],
    exports: [DrizzleShops],
  };
  const payments = PaymentsModule.forRoot(paymentsOptions({ projects: DrizzleShops, database: named }));
  const root = { module: HostModule, imports: [shopModule, payments], providers };
  const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

const ours = (schema = 'public') => drizzleDatabase(db, { schema });

describe('a host with Drizzle', () => {
  let app: INestApplication;
  let client: TestClient;

  beforeAll(async () => {
    app = await start(ours('payments'));
    client = {
      ...testClient(await app.getUrl()),
      createProject: (owner = 'alice', name = 'Shop') => app.get(DrizzleShops).open(owner, name),
    };
  });
  afterAll(() => app.close());

  itKeepsTheContract(() => client);
});

describe('a configuration that the host stores in a transaction of Drizzle', () => {
  let app: INestApplication;
  let configs: StripeConfigService;

  beforeAll(async () => {
    app = await start(ours());
    configs = app.get(StripeConfigService);
  });
  afterAll(() => app.close());

  const change = (transaction: object) => ({ actor: 'alice', requestId: randomUUID(), transaction });
  const VALUES = { test_secret_key: fakeCredential('test_secret_key', 1) };
  const trail = async (id: string) =>
    (await pool.query('SELECT FROM public.stripe_config_audit WHERE project_id = $1', [id])).rowCount;

  it('is there with its project, once, and announced by the commit', async () => {
    const listener = await pool.connect();
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('LISTEN stripe_config_changed');
    const id = randomUUID();
    await db.transaction(async (tx) => {
      await tx.insert(shops).values({ id, owner: 'alice', name: 'New' });
      expect(await configs.update(id, VALUES, change(tx))).toMatchObject({ project_id: id });
      expect(await configs.find(id)).toBeNull();
      await listener.query('SELECT 1');
      expect(heard).not.toContain(id);
    });
    expect(await configs.find(id)).toMatchObject({ project_id: id, is_active: true });
    expect(await trail(id)).toBe(1);
    await eventually('the commit announces it', () => heard.includes(id));
    listener.release(true);
  });

  it('leaves nothing when that is rolled back, even in a savepoint of it', async () => {
    const [id, inner] = [randomUUID(), randomUUID()];
    await expect(
      db.transaction(async (tx) => {
        await configs.update(id, VALUES, change(tx));
        tx.rollback();
      }),
    ).rejects.toThrow('Rollback');
    await db.transaction(async (tx) => {
      const nested = tx.transaction(async (savepoint) => {
        await configs.update(inner, VALUES, change(savepoint));
        savepoint.rollback();
      });
      await expect(nested).rejects.toThrow('Rollback');
    });
    expect([await configs.find(id), await configs.find(inner)]).toEqual([null, null]);
    expect([await trail(id), await trail(inner)]).toEqual([0, 0]);
  });

  it('is refused where there is no transaction of this database, with what to do', async () => {
    const id = randomUUID();
    const update = (transaction: object) => configs.update(id, VALUES, change(transaction));
    await expect(update(db)).rejects.toThrow(/what db.transaction\(\) gives its function/);
    await expect(update({})).rejects.toThrow(/what db.transaction\(\) gives its function/);
    const ended = await db.transaction((tx) => Promise.resolve(tx));
    await expect(update(ended)).rejects.toThrow(/has ended/);
    const unbegun = await pool.connect();
    await expect(update(drizzle(unbegun))).rejects.toThrow(/is in no transaction; begin one before/);
    unbegun.release();
    const other = new pg.Pool({ connectionString: database.url, max: 1 });
    await drizzle(other).transaction((tx) =>
      expect(update(tx)).rejects.toThrow(/is of another database or pool/),
    );
    await other.end();
    expect(await configs.find(id)).toBeNull();
  });
});

describe('a handler', () => {
  it('writes in the transaction that marks the event, so that what fails leaves nothing', async () => {
    @Injectable()
    class Effects {
      @OnStripeEvent('*')
      async on({ id }: { id: string }, { transaction, attempt }: StripeEventContext<Tx>): Promise<void> {
        await transaction.insert(effects).values({ eventId: id });
        if (attempt === 1) throw new Error('not at first');
      }
    }
    const app = await start(ours(), [Effects]);
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
      expect(await db.$count(effects)).toBe(0);
      await pool.query('UPDATE public.stripe_events SET available_at = now()');
      app.get(EventWorker).wake();
      await eventually('it is handled', async () => (await status())?.status === 'handled');
      expect(await db.$count(effects)).toBe(1);
    } finally {
      await app.close();
    }
  });
});

describe('the module’s own transaction', () => {
  const ANSWER_MS = 500;
  let proxy: TcpProxy;
  let small: pg.Pool;
  let home: Database;

  beforeEach(async () => {
    await database.query('TRUNCATE effects');
    proxy = await startTcpProxy(database.url);
    // The next borrower gets the connection that the one before has given back.
    small = new pg.Pool({ connectionString: proxy.url, max: 1, query_timeout: ANSWER_MS });
    home = drizzleDatabase(drizzle(small)).adapter as Database;
  });
  afterEach(async () => {
    await proxy.close();
    await small.end();
  });

  const within = (work: (tx: Tx) => Promise<unknown>) =>
    inTransaction(home, ({ handle }) => work(handle as Tx));
  const insert = (tx: Pick<Tx, 'insert'>, eventId: string) => tx.insert(effects).values({ eventId });
  const kept = async () =>
    (await database.query<{ event_id: string }>('SELECT event_id FROM effects')).map((row) => row.event_id);

  it('is committed, or undone by a failure, on a connection that is used again', async () => {
    const pidOf = async () =>
      (await small.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const before = await pidOf();
    await within((tx) => insert(tx, 'kept'));
    await expect(
      within(async (tx) => {
        await insert(tx, 'undone');
        throw new Error('as asked');
      }),
    ).rejects.toThrow('as asked');
    expect(await kept()).toEqual(['kept']);
    expect(await pidOf()).toBe(before);
  });

  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['undoes it', (tx) => tx.execute(sql`ROLLBACK`)],
    ['goes on after a failed statement', (tx) => tx.execute(sql`SELECT FROM nothing`).catch(() => 0)],
  ])('is refused when its work %s', async (_, work) => {
    const done = within(async (tx) => {
      await insert(tx, 'first');
      await work(tx);
    });
    await expect(done).rejects.toThrow(TransactionNotWhole);
    expect(await kept()).toEqual([]);
  });

  it('throws the driver’s own error where the commit is refused', async () => {
    await database.query(
      'CREATE TABLE twice (one integer UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO twice VALUES (1)',
    );
    await expect(within((tx) => tx.execute(sql`INSERT INTO twice VALUES (1)`))).rejects.toMatchObject({
      code: '23505',
    });
  });

  it('has an unknown outcome where the commit is not answered in time', async () => {
    const sent = proxy.delayAnswersTo('commit');
    const outcome = expect(within((tx) => insert(tx, 'perhaps'))).rejects.toMatchObject({
      code: 'write_outcome_unknown',
    });
    await sent;
    await outcome;
    await proxy.pass();
    await small.query("INSERT INTO effects VALUES ('next')");
    expect(await kept()).toEqual(['perhaps', 'next']);
  });

  it('takes no later write along when its statement is not answered in time', async () => {
    const sent = proxy.delayAnswersTo('SELECT 1 AS slow');
    const outcome = expect(
      within(async (tx) => {
        await insert(tx, 'undone');
        await tx.execute(sql`SELECT 1 AS slow`);
      }),
    ).rejects.toThrow('SELECT 1 AS slow');
    await sent;
    await outcome;
    await proxy.pass();
    await small.query("INSERT INTO effects VALUES ('next')");
    expect(await kept()).toEqual(['next']);
  });

  it('gives its connection back where it cannot be begun', async () => {
    const sent = proxy.delayAnswersTo('begin');
    const outcome = expect(within((tx) => insert(tx, 'never'))).rejects.toMatchObject({
      code: 'dependency_unavailable',
    });
    await sent;
    await outcome;
    await proxy.pass();
    await within((tx) => insert(tx, 'next'));
    expect(await kept()).toEqual(['next']);
  });

  it('ends with its connection when its work takes too long, and refuses what is sent later', async () => {
    let late: Promise<unknown> = Promise.resolve();
    await expect(
      inTransaction(home, async (transaction) => {
        const tx = transaction.handle as Tx;
        await insert(tx, 'undone');
        abandon(transaction);
        late = expect(insert(tx, 'late')).rejects.toThrow(/Failed query/);
        await late;
        throw new Error('too long');
      }),
    ).rejects.toThrow('too long');
    await within((tx) => insert(tx, 'next'));
    expect(await kept()).toEqual(['next']);
  });
});

describe('what is no database of Drizzle on a pool of pg', () => {
  it.each<[string, () => object]>([
    ['a client', () => drizzle(new pg.Client())],
    ['a pool', () => pool],
    ['nothing', () => ({})],
  ])('is refused at the start: %s', async (_, make) => {
    await expect(start(drizzleDatabase(make() as typeof db))).rejects.toThrow(
      /database: drizzleDatabase\(\) takes what drizzle\(pool\)/,
    );
  });

  it('and so is an empty schema', async () => {
    await expect(start(drizzleDatabase(db, { schema: '' }))).rejects.toThrow(/database.schema must be/);
  });
});

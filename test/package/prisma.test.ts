import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Global,
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type pg from 'pg';
import {
  OnStripeEvent,
  PaymentsModule,
  ProjectAccess,
  StripeConfigService,
  type HostDatabase,
  type OwnedProjects,
  type ProjectPage,
  type StripeEventContext,
} from '../../src/index.js';
import { Sealer } from '../../src/payments/crypto/sealer.js';
import type { Database } from '../../src/payments/database/database.js';
import { abandon, inTransaction, TransactionNotWhole } from '../../src/payments/database/transaction.js';
import { EventWorker } from '../../src/payments/stripe-webhooks/event-worker.js';
import { migrate } from '../../src/payments/schema/migrate.js';
import { prismaDatabase, type HostPrisma, type HostPrismaTransaction } from '../../src/prisma.js';
import { itKeepsTheContract } from '../hosts/contract.js';
import { CREATE_SHOPS } from '../hosts/pool-shops.js';
import { paymentsOptions } from '../hosts/start-host.js';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { blocksOf, readGuides } from '../support/guides.js';
import { ROOT, cleanUp } from '../support/process.js';
import { run } from '../support/run.js';
import { testClient, type TestClient } from '../support/service.js';
import { storeEvents } from '../support/stored-events.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { installedProject, writeCompilerOptions } from './installed.js';
import { NEST_12, TYPES } from './versions.js';

// Prisma is too large to be a dependency of this repository: what it generates is made in a folder, and loaded from there.
const PRISMA = {
  '@prisma/adapter-pg': '7.10.0',
  '@prisma/client': '7.10.0',
  prisma: '7.10.0',
  '@types/pg': '8.23.1',
};
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

interface ShopRow {
  id: string;
  owner: string;
  name: string;
  openedAt: Date;
}

/** As much of what Prisma generates as is used here. */
interface Tx extends HostPrismaTransaction {
  $executeRawUnsafe(sql: string): Promise<number>;
  shop: {
    create(args: { data: Partial<ShopRow> }): Promise<ShopRow>;
    findUnique(args: object): Promise<ShopRow | null>;
    findMany(args: object): Promise<ShopRow[]>;
    count(args: object): Promise<number>;
  };
  effect: { create(args: { data: { eventId: string } }): Promise<unknown>; count(): Promise<number> };
  $transaction<T>(work: (tx: Tx) => Promise<T>, options?: object): Promise<T>;
}

interface HostModuleOfPrisma {
  PrismaClient: new (options: { adapter: object }) => Tx & HostPrisma & { $disconnect(): Promise<void> };
  PrismaPg: new (pool: pg.Pool | { connectionString: string }) => object;
  Pool: typeof pg.Pool;
}

let folder: string;
let lib: HostModuleOfPrisma;
let database: TestDatabase;
let pool: pg.Pool;
let prisma: InstanceType<HostModuleOfPrisma['PrismaClient']>;

const compile = (...options: string[]) =>
  run(folder, process.execPath, TSC, '-p', 'tsconfig.json', ...options);

beforeAll(async () => {
  const versions = Object.fromEntries(Object.entries(NEST_12).filter(([name]) => !name.includes('typeorm')));
  folder = await installedProject({ ...versions, ...PRISMA, ...TYPES }, { type: 'module' });
  await cp(join(ROOT, 'package/prisma/schema.prisma'), join(folder, 'prisma/schema.prisma'));
  await mkdir(join(folder, 'src'));
  const guide = readGuides().find(({ file }) => file === 'docs/embedding.md');
  const snippets = guide === undefined ? [] : blocksOf(guide, 'typescript');
  const snippet = snippets.filter((text) => text.includes('nest-stripe-config/prisma'));
  expect(snippet).toHaveLength(1);
  await writeFile(join(folder, 'src/host.ts'), snippet.join());
  await writeCompilerOptions(folder, { module: 'nodenext' });
  // Its engine would be downloaded, and is not asked for anything here.
  const engine = 'PRISMA_SCHEMA_ENGINE_BINARY=/bin/true';
  await run(
    folder,
    'env',
    engine,
    'npx',
    '--no-install',
    'prisma',
    'generate',
    '--schema',
    'prisma/schema.prisma',
  );
  await compile('--skipLibCheck');
  const [client, adapter, { default: driver }] = await Promise.all([
    import(join(folder, 'dist/generated/client.js')) as Promise<Pick<HostModuleOfPrisma, 'PrismaClient'>>,
    import(join(folder, 'node_modules/@prisma/adapter-pg/dist/index.js')) as Promise<
      Pick<HostModuleOfPrisma, 'PrismaPg'>
    >,
    import(join(folder, 'node_modules/pg/lib/index.js')) as Promise<{ default: HostModuleOfPrisma }>,
  ]);
  lib = { PrismaClient: client.PrismaClient, PrismaPg: adapter.PrismaPg, Pool: driver.Pool };

  database = await createTestDatabase();
  pool = new lib.Pool({ connectionString: database.url, max: 5 });
  prisma = new lib.PrismaClient({ adapter: new lib.PrismaPg(pool) });
  await pool.query(CREATE_SHOPS);
  await pool.query('CREATE TABLE effects (event_id text PRIMARY KEY)');
  await migrate(pool);
  await migrate(pool, { schema: 'payments' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await cleanUp();
});

const SHOP_PRISMA = Symbol('ShopPrisma');

/** The shops of a host that uses Prisma. */
@Injectable()
class PrismaShops extends ProjectAccess {
  constructor(@Inject(SHOP_PRISMA) private readonly db: Tx) {
    super();
  }

  async open(owner: string, name: string): Promise<string> {
    return (await this.db.shop.create({ data: { owner, name } })).id;
  }

  override async findOwner(id: string): Promise<string | undefined> {
    return (await this.db.shop.findUnique({ where: { id } }))?.owner;
  }

  override async listOwnedBy(owner: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const found = await this.db.shop.findMany({
      where: { owner },
      orderBy: [{ openedAt: 'asc' }, { id: 'asc' }],
      take: limit,
      ...(after !== undefined && { cursor: { id: after.id }, skip: 1 }),
    });
    const projects = found.map(({ id, name, openedAt }) => ({
      id,
      name,
      description: null,
      isActive: true,
      createdAt: openedAt,
    }));
    return { projects, total: await this.db.shop.count({ where: { owner } }) };
  }
}

it('the guide is compiled, by hosts that check declarations of packages too', async () => {
  await expect(compile('--noEmit')).resolves.toBe('');
});

@Module({})
class HostModule {}

@Global()
@Module({})
class ShopModule {}

async function start(named: HostDatabase, providers: Type[] = []): Promise<INestApplication> {
  const shopModule: DynamicModule = {
    module: ShopModule,
    providers: [PrismaShops, { provide: SHOP_PRISMA, useValue: prisma }],
    exports: [PrismaShops],
  };
  const payments = PaymentsModule.forRoot(paymentsOptions({ projects: PrismaShops, database: named }));
  const root = { module: HostModule, imports: [shopModule, payments], providers };
  const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

const ours = (schema = 'public') => prismaDatabase(prisma, { pool, schema });

describe('a host with Prisma', () => {
  let app: INestApplication;
  let client: TestClient;

  beforeAll(async () => {
    app = await start(ours('payments'));
    client = {
      ...testClient(await app.getUrl()),
      createProject: (owner = 'alice', name = 'Shop') => app.get(PrismaShops).open(owner, name),
    };
  });
  afterAll(() => app.close());

  itKeepsTheContract(() => client);
});

describe('a configuration that the host stores in a transaction of Prisma', () => {
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
    await prisma.$transaction(async (tx) => {
      await tx.shop.create({ data: { id, owner: 'alice', name: 'New' } });
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
      prisma.$transaction(async (tx) => {
        await configs.update(id, VALUES, change(tx));
        throw new Error('Rollback');
      }),
    ).rejects.toThrow('Rollback');
    await prisma.$transaction(async (tx) => {
      const nested = tx.$transaction(async (savepoint) => {
        await configs.update(inner, VALUES, change(savepoint));
        throw new Error('Rollback');
      });
      await expect(nested).rejects.toThrow('Rollback');
    });
    expect([await configs.find(id), await configs.find(inner)]).toEqual([null, null]);
    expect([await trail(id), await trail(inner)]).toEqual([0, 0]);
  });

  it('is refused where there is no transaction of this database, with what to do', async () => {
    const id = randomUUID();
    const update = (transaction: object) => configs.update(id, VALUES, change(transaction));
    await expect(update(prisma)).rejects.toThrow(/what prisma.\$transaction\(\) gives its function/);
    await expect(update({})).rejects.toThrow(/what prisma.\$transaction\(\) gives its function/);
    const ended = await prisma.$transaction((tx) => Promise.resolve(tx));
    await expect(update(ended)).rejects.toThrow(/has ended/);
    const other = new lib.PrismaClient({ adapter: new lib.PrismaPg({ connectionString: database.url }) });
    await other.$transaction((tx) => expect(update(tx)).rejects.toThrow(/is of another database or pool/));
    await other.$disconnect();
    expect(await configs.find(id)).toBeNull();
  });

  it('is refused once Prisma has ended the transaction by its own time limit', async () => {
    const id = randomUUID();
    let refused: unknown;
    const ended = prisma.$transaction(
      async (tx) => {
        await configs.update(id, VALUES, change(tx));
        const session = await (ours().adapter as Database).join(tx);
        await eventually('Prisma ends it', async () => {
          try {
            await tx.$executeRawUnsafe('SELECT 1');
            return false;
          } catch {
            return true;
          }
        });
        // What is thrown here is lost: Prisma says that the transaction has ended.
        refused = [
          ...(await Promise.allSettled([configs.update(id, VALUES, change(tx))])),
          ...(await Promise.allSettled([session.query({ text: 'SELECT 1' })])),
        ];
      },
      { timeout: 300 },
    );
    await expect(ended).rejects.toThrow();
    const reason = expect.objectContaining({
      message: expect.stringMatching(/has ended/) as unknown,
    }) as unknown;
    expect(refused).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    expect(await configs.find(id)).toBeNull();
    expect(await trail(id)).toBe(0);
  });

  it('sends no statement behind the ROLLBACK of Prisma, where it would be committed alone', async () => {
    await pool.query('TRUNCATE effects');
    let refused: unknown;
    const ended = prisma.$transaction(
      async (tx) => {
        const session = await (ours().adapter as Database).join(tx);
        // The time limit passes while the session waits behind this to see that the transaction is open.
        const slow = tx.$executeRawUnsafe('DO $$ BEGIN PERFORM pg_sleep(0.6); END $$');
        const written = session.query({ text: "INSERT INTO effects VALUES ('alone')" });
        refused = await Promise.allSettled([slow, written]);
      },
      { timeout: 300 },
    );
    await expect(ended).rejects.toThrow();
    const reason = expect.objectContaining({
      message: expect.stringMatching(/has ended/) as unknown,
    }) as unknown;
    expect(await prisma.effect.count()).toBe(0);
    expect(refused).toEqual([expect.anything(), { status: 'rejected', reason }]);
  });
});

describe('a handler', () => {
  it('writes in the transaction that marks the event, so that what fails leaves nothing', async () => {
    @Injectable()
    class Effects {
      @OnStripeEvent('*')
      async on({ id }: { id: string }, { transaction, attempt }: StripeEventContext<Tx>): Promise<void> {
        await transaction.effect.create({ data: { eventId: id } });
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
      expect(await prisma.effect.count()).toBe(0);
      await pool.query('UPDATE public.stripe_events SET available_at = now()');
      app.get(EventWorker).wake();
      await eventually('it is handled', async () => (await status())?.status === 'handled');
      expect(await prisma.effect.count()).toBe(1);
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
    small = new lib.Pool({ connectionString: proxy.url, max: 1, query_timeout: ANSWER_MS });
    home = prismaDatabase(new lib.PrismaClient({ adapter: new lib.PrismaPg(small) }), { pool: small })
      .adapter as Database;
  });
  afterEach(async () => {
    await proxy.close();
    await small.end();
  });

  const within = (work: (tx: Tx) => Promise<unknown>) =>
    inTransaction(home, ({ handle }) => work(handle as Tx));
  const insert = (tx: Tx, eventId: string) => tx.effect.create({ data: { eventId } });
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

  it('has no time limit of Prisma', async () => {
    const limits: object[] = [];
    const watched = {
      $transaction: (work: Parameters<HostPrisma['$transaction']>[0], options: object) => {
        limits.push(options);
        return (prisma as HostPrisma).$transaction(work, options);
      },
    };
    const { adapter } = prismaDatabase(watched, { pool });
    await inTransaction(adapter as Database, ({ handle }) => insert(handle as Tx, 'kept'));
    expect(limits).toEqual([{ maxWait: 5_000, timeout: 2 ** 31 - 1 }]);
  });

  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['undoes it', (tx) => tx.$executeRawUnsafe('ROLLBACK')],
    ['goes on after a failed statement', (tx) => tx.$executeRawUnsafe('SELECT FROM nothing').catch(() => 0)],
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
    await expect(within((tx) => tx.$executeRawUnsafe('INSERT INTO twice VALUES (1)'))).rejects.toMatchObject({
      code: '23505',
    });
  });

  it('has an unknown outcome where the commit is not answered in time', async () => {
    const sent = proxy.delayAnswersTo('COMMIT');
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
        await tx.$executeRawUnsafe('SELECT 1 AS slow');
      }),
    ).rejects.toThrow('Query read timeout');
    await sent;
    await outcome;
    await proxy.pass();
    await small.query("INSERT INTO effects VALUES ('next')");
    expect(await kept()).toEqual(['next']);
  });

  it('gives its connection back where it cannot be begun', async () => {
    const sent = proxy.delayAnswersTo('BEGIN');
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
        late = expect(insert(tx, 'late')).rejects.toThrow('not queryable');
        await late;
        throw new Error('too long');
      }),
    ).rejects.toThrow('too long');
    await within((tx) => insert(tx, 'next'));
    expect(await kept()).toEqual(['next']);
  });
});

describe('what is no database of Prisma on that pool', () => {
  it('is refused at the start', async () => {
    for (const given of [
      prismaDatabase({} as typeof prisma, { pool }),
      prismaDatabase(prisma, {} as never),
    ]) {
      await expect(start(given)).rejects.toThrow(/database: prismaDatabase\(\) takes a PrismaClient/);
    }
  });

  it('is refused at the start where Prisma has a pool of its own', async () => {
    const other = new lib.PrismaClient({ adapter: new lib.PrismaPg({ connectionString: database.url }) });
    await expect(start(prismaDatabase(other, { pool, schema: 'public' }))).rejects.toThrow(
      /database: the transaction of Prisma is of another database or pool.*new PrismaPg\(pool\)/,
    );
    await other.$disconnect();
  });
});

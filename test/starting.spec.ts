import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { isAlive } from './support/is-alive.js';
import { postmasterOf } from './support/postmaster.js';
import {
  cleanUp,
  logOf,
  runProgram,
  serviceSettings,
  startListeningProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './support/process.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';

const LOCK = `SELECT pg_advisory_lock(hashtextextended('nest-stripe-config:migrations', 0))`;

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('a service that is not ready yet', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let other: pg.Client;

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy(database.url);
    other = new pg.Client({ connectionString: database.url });
    await other.connect();
  });
  afterEach(async () => {
    await cleanUp();
    await other.end();
    await proxy.close();
    await database.drop();
  });

  async function start(more: Settings = {}): Promise<ServiceProcess> {
    const keyRing = join(folder, 'ring.json');
    await createKeyRingFile(keyRing);
    return startListeningProcess(serviceSettings(proxy.url, keyRing, more));
  }

  const isReady = async (service: ServiceProcess) =>
    (await service.request('GET', '/health/ready')).status === 200;

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'another session holds the lock of migrations',
      () => other.query(LOCK),
      () => other.query('SELECT pg_advisory_unlock_all()'),
    ],
    [
      'the link swallows everything',
      () => {
        proxy.blackHole();
        return Promise.resolve();
      },
      () => proxy.pass(),
    ],
  ])('while %s is alive, answers 503, and serves afterwards', async (_, hinder, help) => {
    await hinder();
    const service = await start();

    expect((await service.request('GET', '/health/live', { subject: null })).json).toEqual({ status: 'ok' });
    expectError(await service.request('GET', '/health/ready'), 503, 'dependency_unavailable');
    const refused = await service.request('POST', '/api/v1/projects', { body: { name: 'Shop' } });
    expectError(refused, 503, 'dependency_unavailable');
    expect(refused.headers.get('connection')).toBe('close');
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);

    await help();
    await eventually('ready', () => isReady(service));
    await service.createProject();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the lock is held', () => other.query(LOCK)],
    [
      'the link is dead',
      () => {
        proxy.blackHole();
        return Promise.resolve();
      },
    ],
    ['the database is down', () => proxy.refuse()],
  ])('ends with code 0 on SIGTERM while %s, without a wait for load balancers', async (_, hinder) => {
    await hinder();
    const service = await start({ SHUTDOWN_DELAY_SECONDS: '60' });

    expect(await service.stop()).toBe(0);
    expect(service.stderr).toBe('');
  });

  it('says why the identity provider cannot be asked, to verify tokens and for the explorer', async () => {
    const service = await start({
      AUTH_JWT_SECRET: undefined,
      AUTH_ISSUER: 'http://127.0.0.1:65535',
      AUTH_AUDIENCE: 'payments',
      DOCS: 'true',
    });
    for (const event of ['issuer_keys.unavailable', 'issuer_metadata.unavailable']) {
      await eventually(event, () => logOf(service).some((line) => line.event === event));
      expect(logOf(service).find((line) => line.event === event)).toMatchObject({
        explanation: expect.stringContaining('could not be fetched') as string,
        causes: expect.arrayContaining([
          expect.objectContaining({ errorCode: expect.any(String) as string }),
        ]) as [],
      });
    }
  });

  it('says once that it waits for the lock', async () => {
    await other.query(LOCK);
    const service = await start();
    const waits = () =>
      logOf(service).filter(({ cause }) =>
        String(cause).includes('another migration of the database holds the lock'),
      );
    await eventually('it says so', () => waits().length > 0);
    const tries = () =>
      database.query<{ backend_start: Date }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_try_advisory_xact_lock%'
         AND application_name = 'nest-stripe-config'`,
      );

    await eventually('it tries again', async () => (await tries()).length > 0);
    await other.query('SELECT pg_advisory_unlock_all()');
    await eventually('ready', () => isReady(service));

    expect(waits()).toHaveLength(1);
  });
});

describe('a start that fails or is ended', () => {
  let taken: Server | undefined;

  afterEach(async () => {
    taken?.close();
    taken = undefined;
    await cleanUp();
  });

  const nothingIsLeft = async (): Promise<void> => {
    const postmaster = postmasterOf(folder);
    await eventually('PostgreSQL is gone', () => postmaster === undefined || !isAlive(postmaster));
    expect(postmasterOf(folder)).toBeUndefined();
  };

  it('on a port that is taken says so in one sentence, before it makes anything', async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken?.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const dataDir = join(folder, 'data');
    const program = runProgram('dist/main.js', [], { PORT: port, DATA_DIR: dataDir });

    expect(await program.exit()).toBe(1);
    expect(program.stdout + program.stderr).toBe(
      `Port ${port} on 127.0.0.1 is in use: set PORT to a free port, or stop what listens there.\n`,
    );
    expect(existsSync(dataDir)).toBe(false);
  });

  it.each<[string, (folder: string) => Promise<string>, RegExp]>([
    [
      'a file',
      async (folder) => {
        const file = join(folder, 'file');
        await writeFile(file, '');
        return file;
      },
      /^\S+ is a file and no folder: set DATA_DIR .*\n$/,
    ],
    [
      'below a file',
      (folder) => Promise.resolve(join(folder, 'early-end', 'x')),
      /^\S+ lies below a file: set DATA_DIR .*\n$/,
    ],
    [
      'with a path that a shell would read',
      (folder) => Promise.resolve(join(folder, '$HOME')),
      /^PostgreSQL cannot work in \S+, whose path holds "\$": set DATA_DIR .*\n$/,
    ],
    [
      'where no folder can be made',
      () => Promise.resolve('/proc/x/y'),
      /^\/proc\/x\/y is where no folder can be made: set DATA_DIR .*\n$/,
    ],
    [
      'with a key ring of its own that is damaged',
      async (folder) => {
        await writeFile(join(folder, 'key-ring.json'), '{', { mode: 0o600 });
        return folder;
      },
      /^\S+key-ring\.json, which the service generated: the key ring file is not JSON; .* remove the folder \S+, and all is made again\.\n$/,
    ],
    [
      'with a folder in the place of its sign-in keys',
      async (folder) => {
        await mkdir(join(folder, 'sign-in-keys.json'));
        return folder;
      },
      /^\S+sign-in-keys\.json is a folder and no file: set DATA_DIR .*\n$/,
    ],
  ])('on a DATA_DIR that is %s says so in a sentence', async (_, make, sentence) => {
    await writeFile(join(folder, 'early-end'), '');
    const program = runProgram('dist/main.js', [], { PORT: '0', DATA_DIR: await make(folder) });

    expect(await program.exit()).toBe(1);
    expect(program.stderr).toMatch(sentence);
  });

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'by %s while PostgreSQL is made leaves no process and ends with code 0',
    async (signal) => {
      const service = await startListeningProcess({ PORT: '0', DATA_DIR: folder });

      expect(await service.stop(signal)).toBe(0);
      await nothingIsLeft();
    },
  );

  it('by an end of the process that nobody expected leaves no PostgreSQL', async () => {
    const early = join(folder, 'early-end.mjs');
    // As Nest itself does where a package is missing, in the middle of the start.
    await writeFile(
      early,
      `const write = process.stdout.write.bind(process.stdout);
       process.stdout.write = (chunk, ...rest) => {
         const written = write(chunk, ...rest);
         if (String(chunk).includes('"event":"database.migrated"')) process.exit(3);
         return written;
       };
       const { run } = await import(${JSON.stringify(join(process.cwd(), 'dist/app/run.js'))});
       await run();`,
    );
    const program = runProgram(early, [], { PORT: '0', DATA_DIR: folder });

    expect(await program.exit()).toBe(3);
    await nothingIsLeft();
  });
});

import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyRing } from '../src/payments/crypto/key-ring.js';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  readKeyRingFile,
} from '../src/payments/crypto/key-ring-file.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../src/payments/domain/credentials.js';
import { expectedMask } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  logOf,
  runCommand,
  runProgram,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  waitForOutput,
  type ServiceProcess,
} from './support/process.js';
import {
  RotationRings,
  configure,
  countUnder,
  openStored,
  progressOf,
  rowsOf,
  valuesOf,
  type Values,
} from './support/rotation.js';
import { configPath, startTestService, type TestClient } from './support/service.js';
import { startTcpProxy } from './support/tcp-proxy.js';

/** Everything here may run on a busy machine. */
const LIMIT_MS = 120_000;

let database: TestDatabase;
let keyRingFile: string;
let oldKey: string;

beforeEach(async () => {
  database = await createTestDatabase();
  keyRingFile = join(await temporaryFolder(), 'ring.json');
  oldKey = await createKeyRingFile(keyRingFile);
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const settings = () => ({ KEY_RING_FILE: keyRingFile, DATABASE_URL: database.url });
const keys = (...args: string[]) => runCommand('keys', args, settings());
const ringOf = (file = keyRingFile) => readKeyRingFile(file, { allowDevelopment: false });
const rows = () => rowsOf(database);
const rowsUnder = (keyId: string) => countUnder(database, keyId);
const openAll = (ring: KeyRing) => openStored(database, ring);

const takenUp = (service: ServiceProcess) =>
  logOf(service).filter(({ event }) => event === 'key_ring.replaced').length;
const refusals = (service: ServiceProcess) =>
  logOf(service)
    .filter(({ event }) => event === 'key_ring.rejected')
    .map(({ fault }) => fault);

/** Sends requests through the services in turn, until it is stopped. Each project has one request at a time. */
class Traffic {
  readonly failures: unknown[] = [];
  count = 0;
  private stopped = false;
  private readonly workers: Promise<void>[];

  /** @param stored what each project has; kept up to date */
  constructor(
    private readonly services: readonly TestClient[],
    private readonly stored: ReadonlyMap<string, Values>,
  ) {
    this.workers = [...stored].map(([projectId, values]) => this.work(projectId, values));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
  }

  private async work(projectId: string, values: Values): Promise<void> {
    for (let turn = 0; !this.stopped; turn++) {
      const service = this.services[turn % this.services.length];
      const field = CREDENTIAL_FIELDS[turn % CREDENTIAL_FIELDS.length];
      if (service === undefined || field === undefined) throw new Error('nothing to send');
      const isPut = turn % 3 !== 2;
      const body = valuesOf(`${projectId} ${turn}`, field);
      const expected = isPut ? { ...values, ...body } : values;
      const { status, text, json } = await service.request(
        isPut ? 'PUT' : 'GET',
        configPath(projectId),
        isPut ? { body } : {},
      );
      Object.assign(values, expected);
      const masks = Object.entries(values).map(([name, value]) => [
        `${name}_masked`,
        expectedMask(name as CredentialField, value),
      ]);
      const shown = Object.entries(json ?? {}).filter(([, value]) => value !== null);
      if (status !== 200 || !isSubset(masks, shown)) this.failures.push({ turn, isPut, status, text });
      this.count += 1;
    }
  }
}

function isSubset(part: unknown[][], whole: unknown[][]): boolean {
  const lines = new Set(whole.map((entry) => JSON.stringify(entry)));
  return part.every((entry) => lines.has(JSON.stringify(entry)));
}

describe('a whole rotation', () => {
  it(
    'goes on under the traffic of two services without a failed request or a lost update',
    async () => {
      const start = () => startServiceProcess(serviceSettings(database.url, keyRingFile));
      const services = [await start(), await start()] as const;
      const everywhere = (times: number) =>
        eventually(
          'both services have taken up the ring',
          () => services.every((service) => takenUp(service) >= times),
          LIMIT_MS,
        );
      const still = await configure(services[0], 60);
      const busy = await configure(services[1], 8);
      const traffic = new Traffic(services, busy);

      expect((await keys('generate')).code).toBe(0);
      await everywhere(1);
      expect((await keys('retire', oldKey)).stderr).toMatch(/rows hold values sealed under/);
      const newKey = (await ringOf()).usable.find(({ id }) => id !== oldKey)?.id ?? '';
      expect((await keys('activate', newKey)).code).toBe(0);
      await everywhere(2);
      expect((await keys('retire', oldKey)).stderr).toMatch(/rows hold values sealed under/);
      expect(await keys('rewrap', '--batch-size', '10')).toMatchObject({ code: 0, stderr: '' });
      expect(await rowsUnder(oldKey)).toBe(0);
      expect(await keys('retire', oldKey)).toMatchObject({ code: 0, stderr: '' });
      await everywhere(3);
      const sent = traffic.count;
      await eventually('more requests', () => traffic.count > sent + 50, LIMIT_MS);
      await traffic.stop();

      expect(traffic.failures).toEqual([]);
      const ring = await ringOf();
      expect(ring.usable.map(({ id }) => id)).toEqual([newKey]);
      const stored = await openAll(ring);
      expect(stored).toEqual(new Map([...still, ...busy]));
      expect(await rowsUnder(oldKey)).toBe(0);
      for (const service of services) {
        expect((await service.request('GET', '/health/ready')).status).toBe(200);
        expect(refusals(service)).toEqual([]);
      }
      expect(await runCommand('audit', ['verify'], settings())).toMatchObject({ code: 0, stderr: '' });
    },
    2 * LIMIT_MS,
  );
});

describe('a service whose key ring file changes', () => {
  let service: ServiceProcess;
  let projectId: string;

  beforeEach(async () => {
    const production = { NODE_ENV: 'production', PUBLIC_BASE_URL: 'https://payments.example' };
    service = await startServiceProcess(serviceSettings(database.url, keyRingFile, production));
    projectId = await service.createProject();
    await put('before');
  });

  const put = async (seed: string) => {
    const body = valuesOf(seed, 'test_secret_key');
    expect((await service.request('PUT', configPath(projectId), { body })).status).toBe(200);
  };
  const sealedUnder = async () => (await rows())[0]?.test_secret_key_sealed?.split('.')[1];
  const untilTakenUp = (times: number) =>
    eventually('the ring is taken up', () => takenUp(service) >= times, LIMIT_MS);

  it('takes it up without a start', async () => {
    const newKey = await addKey(keyRingFile);
    await activateKey(keyRingFile, newKey);
    await eventually(
      'values are sealed under the new key',
      async () => {
        await put('after');
        return (await sealedUnder()) === newKey;
      },
      LIMIT_MS,
    );
    expect((await service.request('GET', '/health/ready')).status).toBe(200);
  });

  it('reads it at once on SIGHUP', async () => {
    // Not changed, so that watching has nothing to report.
    process.kill(service.pid, 'SIGHUP');
    await untilTakenUp(1);
    expect(service.ended).toBeUndefined();
  });

  interface RingFile {
    development?: true;
    keys: { state: string; material: string }[];
  }
  const edit = async (change: (ring: RingFile) => unknown) => {
    const ring = JSON.parse(await readFile(keyRingFile, 'utf8')) as RingFile;
    change(ring);
    await replace(JSON.stringify(ring));
  };
  /** In one step, so that no half of it is read. */
  const replace = async (text: string) => {
    await writeFile(`${keyRingFile}.spec`, text, { mode: 0o600 });
    await rename(`${keyRingFile}.spec`, keyRingFile);
  };

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['is not JSON', () => replace('{'), /not JSON/],
    ['others may write', () => chmod(keyRingFile, 0o622), /chmod go-w/],
    [
      'has two active keys',
      async () => {
        await addKey(keyRingFile);
        await edit(({ keys: all }) => {
          for (const key of all) key.state = 'active';
        });
      },
      /2 active keys/,
    ],
    [
      'lacks a key that is in use',
      async () => {
        await addKey(keyRingFile);
        await edit((ring) => {
          ring.keys = ring.keys.slice(1).map((key) => ({ ...key, state: 'active' }));
        });
      },
      /the database has values under key .*, which the key ring lacks/,
    ],
    ['was made for development', () => edit((ring) => (ring.development = true)), /made for development/],
  ])('refuses one that %s, and works on with the old one', async (_, spoil, fault) => {
    const good = await readFile(keyRingFile, 'utf8');

    await spoil();

    const refusal = await eventually('the refusal is logged', () => refusals(service).at(-1), LIMIT_MS);
    expect(refusal).toMatch(fault);
    for (const [material] of (await readFile(keyRingFile, 'utf8')).matchAll(/[A-Za-z0-9+/]{43}=/g)) {
      expect(service.stdout).not.toContain(material);
    }
    await put('meanwhile');
    expect(await sealedUnder()).toBe(oldKey);
    expect((await service.request('GET', configPath(projectId))).status).toBe(200);
    expect((await service.request('GET', '/health/ready')).status).toBe(200);
    expect(await keyIds()).toEqual([oldKey]);

    await replace(good);
    await untilTakenUp(1);
  });

  it('checks it again by itself when the database did not answer', async () => {
    const proxy = await startTcpProxy(database.url);
    try {
      const behind = await startServiceProcess(serviceSettings(proxy.url, keyRingFile));
      await proxy.refuse();
      await addKey(keyRingFile);
      await eventually('the refusal is logged', () => refusals(behind).length > 0, LIMIT_MS);
      await proxy.pass();
      await eventually('the ring is taken up', () => takenUp(behind) > 0, LIMIT_MS);
    } finally {
      await cleanUp();
      await proxy.close();
    }
  });

  const keyIds = async () =>
    (await database.query<{ key_id: string }>('SELECT key_id FROM stripe_config_keys')).map(
      ({ key_id }) => key_id,
    );
});

describe('a rewrap', () => {
  it(
    'may be killed at any time, and goes on where it was',
    async () => {
      const [ROWS, KILLS] = [40, 4];
      const rings = new RotationRings();
      const { before, during, after } = rings;
      const service = await startTestService({ database, keyRing: before });
      const stored = await configure(service, ROWS).finally(() => service.stop());
      await rings.writeDuring(keyRingFile);
      const done: number[] = [];
      for (let kill = 1; kill <= KILLS; kill++) {
        const command = runProgram(
          'dist/cli/keys.js',
          ['rewrap', '--batch-size', '2', '--rate', '4'],
          settings(),
        );
        await waitForOutput(command, /"rewrapped":(4)/);
        expect(await command.stop('SIGKILL')).toBe('SIGKILL');
        // What it reported is stored; a batch that it had not reported may be, too.
        done.push(ROWS - (await rowsUnder(before.active.id)));
        expect(done.at(-1)).toBeGreaterThanOrEqual(4 * kill);
        expect(await openAll(during)).toEqual(stored);
      }
      expect(done[0]).toBeLessThan(ROWS);

      const last = await keys('rewrap');

      expect(last).toMatchObject({ code: 0, stderr: '' });
      expect(progressOf(last).at(-1)).toMatchObject({ done: true, rewrapped: ROWS - (done.at(-1) ?? 0) });
      expect(await openAll(after)).toEqual(stored);
    },
    LIMIT_MS,
  );
});

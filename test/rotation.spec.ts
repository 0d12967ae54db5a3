import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCommandDatabase } from '../src/app/command-database.js';
import type { Database, OpenTransaction } from '../src/payments/database/database.js';
import { KeyRing, ringKey } from '../src/payments/crypto/key-ring.js';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  readKeyRingFile,
} from '../src/payments/crypto/key-ring-file.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { CurrentKeyRing } from '../src/payments/key-ring/current-key-ring.js';
import { rewrap, type RewrapOptions } from '../src/payments/key-rotation/rewrap.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { sealContext } from '../src/payments/crypto/sealer.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectInvalid } from './support/errors.js';
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
import { configPath, startTestService, type TestClient, type TestService } from './support/service.js';
import { startTcpProxy } from './support/tcp-proxy.js';
import { flat, setPart } from './support/stored-config.js';

type Values = Partial<Record<CredentialField, string>>;
type Row = Record<`${CredentialField}_${'sealed' | 'masked' | 'fingerprint'}`, string | undefined> & {
  id: string;
  project_id: string;
};

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
const rows = async () =>
  (await database.query('SELECT * FROM stripe_configs ORDER BY project_id')).map((row) => flat(row) as Row);

async function rowsUnder(keyId: string): Promise<number> {
  const found = (await rows()).filter((row) =>
    CREDENTIAL_FIELDS.some((field) => row[`${field}_sealed`]?.split('.')[1] === keyId),
  );
  return found.length;
}

/** Opens all that is stored, by project, and expects each mask to be that of the value beside it. */
async function openAll(ring: KeyRing): Promise<Map<string, Values>> {
  const sealer = new Sealer(ring);
  return new Map(
    (await rows()).map((row) => {
      const values: Values = {};
      for (const field of CREDENTIAL_FIELDS) {
        const sealed = row[`${field}_sealed`];
        if (sealed === undefined) continue;
        values[field] = sealer.open(sealed, sealContext(row.project_id, field)).reveal();
        expect(row[`${field}_masked`]).toBe(expectedMask(field, values[field]));
      }
      return [row.project_id, values];
    }),
  );
}

/** Configures new projects, and returns what was stored, by project. */
async function configure(client: TestClient, count: number): Promise<Map<string, Values>> {
  const stored = new Map<string, Values>();
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const projectId = await client.createProject();
      const body = valuesOf(`start ${index}`, 'test_secret_key', 'live_webhook_secret');
      expect((await client.request('PUT', configPath(projectId), { body })).status).toBe(200);
      stored.set(projectId, body);
    }),
  );
  return stored;
}

function valuesOf(seed: string | number, ...fields: CredentialField[]): Values {
  return Object.fromEntries(fields.map((field) => [field, fakeCredential(field, seed)]));
}

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
  const [oldRoot, newRoot] = [randomBytes(32), randomBytes(32)];
  const before = new KeyRing([ringKey(oldRoot, 'active')]);
  const during = new KeyRing([ringKey(oldRoot, 'decrypt-only'), ringKey(newRoot, 'active')]);
  const backwards = new KeyRing([ringKey(oldRoot, 'active'), ringKey(newRoot, 'decrypt-only')]);
  const after = new KeyRing([ringKey(newRoot, 'active')]);

  const ROWS = 40;
  let service: TestService;
  let log: string[];
  let stored: Map<string, Values>;
  let source: Database;
  let close: () => Promise<void>;

  beforeEach(async () => {
    log = [];
    service = await startTestService({
      database,
      keyRing: before,
      logLevel: 'info',
      logDestination: { write: (line) => void log.push(line) },
    });
    stored = await configure(service, ROWS);
    use(during);
    ({ database: source, close } = await openCommandDatabase(database.url));
    await writeRing(during, newRoot, oldRoot);
  });
  afterEach(async () => {
    await close();
    await service.stop();
  });

  const use = (ring: KeyRing) => {
    service.app.get(CurrentKeyRing).replace(ring);
  };
  const put = (projectId: string, body: Values) => service.request('PUT', configPath(projectId), { body });
  const run = (options: Partial<RewrapOptions> = {}, on = source, ring = during) =>
    rewrap(on, new Sealer(ring), {
      batchSize: 10,
      rate: Infinity,
      dryRun: false,
      onProgress: () => undefined,
      ...options,
    });
  const progressOf = ({ stdout }: { stdout: string }) =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as { rewrapped: number; done?: true });

  /** The ring as a file, for the command line. */
  async function writeRing(ring: KeyRing, ...roots: Buffer[]): Promise<void> {
    const form = roots.map((root) => {
      const { id, state } = ringKey(root, root === newRoot ? 'active' : 'decrypt-only');
      return { id, state, material: root.toString('base64'), created_at: '' };
    });
    await writeFile(keyRingFile, JSON.stringify({ version: 1, keys: form }));
    expect((await ringOf()).fingerprint()).toBe(ring.fingerprint());
  }

  /** The project of the first row in the order of rewrapping. */
  async function firstProject(): Promise<string> {
    return (await rows())[0]?.project_id ?? '';
  }

  it('seals everything again, and moves neither version, nor times, nor the audit trail', async () => {
    const rowsBefore = await rows();
    const trail = () => database.query('SELECT * FROM stripe_config_audit ORDER BY project_id, version');
    const trailBefore = await trail();

    expect(await run()).toEqual({ total: ROWS, rewrapped: ROWS, unreadable: 0, unreadableIds: [] });

    const rowsAfter = await rows();
    const visible = (row: Row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !/_(sealed|fingerprint)$/.test(name)));
    expect(rowsAfter.map(visible)).toEqual(rowsBefore.map(visible));
    expect(await trail()).toEqual(trailBefore);
    for (const row of rowsAfter) {
      for (const field of ['test_secret_key', 'live_webhook_secret'] as const) {
        expect(row[`${field}_sealed`]?.split('.')[1]).toBe(after.active.id);
        expect(row[`${field}_fingerprint`]?.split('.')[0]).toBe(after.active.id);
      }
    }
    expect(await openAll(after)).toEqual(stored);
  });

  it('with --dry-run opens and counts, and writes nothing', async () => {
    // xmax would show a lock, too.
    const state = () => database.query('SELECT ctid, xmin, xmax, * FROM stripe_configs ORDER BY project_id');
    const unchanged = await state();
    const dryRun = await keys('rewrap', '--dry-run', '--batch-size', '15');
    expect(dryRun).toMatchObject({ code: 0, stderr: '' });
    expect(progressOf(dryRun).map(({ rewrapped }) => rewrapped)).toEqual([15, 30, 40, 40]);
    expect(await state()).toEqual(unchanged);
  });

  it('keeps to its rate', async () => {
    const started = performance.now();
    await run({ rate: 50, batchSize: 10 });
    expect(performance.now() - started).toBeGreaterThan((ROWS / 50) * 1000 - 1);
  });

  it(
    'may be killed at any time, and goes on where it was',
    async () => {
      const KILLS = 4;
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

  it('may run beside another: together they do every row once', async () => {
    const other = await openCommandDatabase(database.url);
    try {
      const results = await Promise.all([run({ batchSize: 3 }), run({ batchSize: 3 }, other.database)]);
      const parts = results.map(({ rewrapped }) => rewrapped);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(ROWS);
      expect(Math.min(...parts)).toBeGreaterThan(0);
      expect(await openAll(after)).toEqual(stored);
    } finally {
      await other.close();
    }
  });

  it('skips a row that a PUT has locked, and comes back to it', async () => {
    const projectId = await firstProject();
    const holder = await source.begin();
    try {
      const text = 'UPDATE stripe_configs SET project_id = project_id WHERE project_id = $1';
      await holder.query({ text, values: [projectId] });
      const running = run();
      await eventually('one row is left', async () => (await rowsUnder(before.active.id)) === 1);
      await holder.commit();
      expect(await running).toMatchObject({ rewrapped: ROWS });
    } finally {
      await holder.release();
    }
    expect(await rowsUnder(before.active.id)).toBe(0);
  });

  describe('with a PUT in the middle', () => {
    /** The database of a rewrap, in the first transaction of which something else happens. */
    function interrupted({
      query,
      end = () => Promise.resolve(),
    }: {
      query?: (transaction: OpenTransaction) => OpenTransaction['query'];
      end?: () => Promise<void>;
    }): Database {
      let isFirst = true;
      return {
        ...source,
        begin: async () => {
          const transaction = await source.begin();
          if (!isFirst) return transaction;
          isFirst = false;
          return {
            ...transaction,
            query: query?.(transaction) ?? ((statement) => transaction.query(statement)),
            commit: async () => {
              await end();
              await transaction.commit();
            },
          };
        },
      };
    }
    const change = valuesOf('meanwhile', 'test_secret_key');

    it('that waits for its batch leaves the value of the PUT', async () => {
      const projectId = await firstProject();
      let putting: Promise<{ status: number }> | undefined;
      await run(
        {},
        interrupted({
          end: async () => {
            putting = put(projectId, change);
            await eventually('the PUT waits for the lock', async () => {
              const waiting = await database.query<{ count: string }>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
              );
              return waiting[0]?.count === '1';
            });
          },
        }),
      );
      expect((await putting)?.status).toBe(200);
      expect((await openAll(during)).get(projectId)).toMatchObject(change);
    });

    it('leaves the value of the PUT even where no lock would hold it', async () => {
      const projectId = await firstProject();
      await run(
        {},
        interrupted({
          query: (transaction) => async (statement) => {
            if (/^\s*UPDATE/.test(statement.text)) expect((await put(projectId, change)).status).toBe(200);
            const text = statement.text.replace('FOR NO KEY UPDATE SKIP LOCKED', '');
            return transaction.query({ ...statement, text });
          },
        }),
      );
      expect(await openAll(after)).toEqual(
        new Map(
          [...stored].map(([id, values]) => [id, id === projectId ? { ...values, ...change } : values]),
        ),
      );
    });

    it('keeps every value in many rounds, there and back', async () => {
      const projects = [...stored.keys()].slice(0, 10);
      for (let round = 0; round < 12; round++) {
        const ring = round % 2 === 0 ? during : backwards;
        await Promise.all([
          run({ batchSize: 4 }, source, ring),
          ...projects.map(async (projectId) => {
            const body = valuesOf(`${projectId} ${round}`, 'live_webhook_secret');
            expect((await put(projectId, body)).status).toBe(200);
            Object.assign(stored.get(projectId) ?? {}, body);
          }),
        ]);
        use(ring);
        expect(await openAll(during)).toEqual(stored);
      }
    });
  });

  describe.each<[string, KeyRing, boolean]>([
    ['before it', during, false],
    ['after it', during, true],
    ['after the old key is gone', after, true],
  ])('%s', (_, ring, isRewrapped) => {
    let projectId: string;

    beforeEach(async () => {
      projectId = await firstProject();
      use(before);
      await put(projectId, valuesOf('kept', 'live_publishable_key'));
      use(during);
      if (isRewrapped) await run();
      use(ring);
    });

    it('the secret of one mode’s webhook is refused for the other’s', async () => {
      const { live_webhook_secret: secret = '' } = stored.get(projectId) ?? {};
      expectInvalid(await put(projectId, { test_webhook_secret: secret }), [
        { loc: ['body', 'test_webhook_secret'], type: 'same_secret_in_both_modes' },
      ]);
    });

    it('a publishable key that is stored already is no change', async () => {
      const { json } = await service.request('GET', configPath(projectId));
      const again = await put(projectId, valuesOf('kept', 'live_publishable_key'));
      expect({ status: again.status, json: again.json }).toEqual({ status: 200, json });
      const other = await put(projectId, valuesOf('other', 'live_publishable_key'));
      expect(other.json).not.toEqual(json);
    });
  });

  describe.each<[string, (ids: { damaged: string; other: string }) => Promise<unknown>]>([
    [
      'that was changed',
      ({ damaged }) =>
        database.query(
          `UPDATE stripe_configs SET ${setPart(
            'test_secret_key',
            'sealed',
            "overlay(sealed ->> 'test_secret_key' PLACING 'damage' FROM 40)",
          )} WHERE project_id = $1`,
          [damaged],
        ),
    ],
    [
      'that was sealed for another project',
      ({ damaged, other }) =>
        database.query(
          `UPDATE stripe_configs SET ${setPart(
            'test_secret_key',
            'sealed',
            "(SELECT sealed ->> 'test_secret_key' FROM stripe_configs WHERE project_id = $2)",
          )} WHERE project_id = $1`,
          [damaged, other],
        ),
    ],
  ])('with a value %s', (_, spoil) => {
    let damaged: string;
    let configId: string;

    beforeEach(async () => {
      const [row, next] = await rows();
      damaged = row?.project_id ?? '';
      configId = row?.id ?? '';
      await spoil({ damaged, other: next?.project_id ?? '' });
    });

    it('names its row, ends with an error, and does all the others', async () => {
      const { code, stdout, stderr } = await keys('rewrap');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^1 row\(s\) hold a value that no key of the ring opens/);
      expect(stderr.match(/[0-9a-f-]{36}/g)).toEqual([configId]);
      expect(progressOf({ stdout }).at(-1)).toMatchObject({
        done: true,
        unreadable: 1,
        unreadableIds: [configId],
      });
      expect(await rowsUnder(before.active.id)).toBe(1);
      const [row] = await rows();
      expect(row?.live_webhook_secret_sealed?.split('.')[1]).toBe(after.active.id);
      expect((await keys('retire', before.active.id)).stderr).toMatch(/^1 rows/);
    });

    it('is reported by verify, by row, project and field', async () => {
      const { code, stdout, stderr } = await keys('verify');
      expect({ code, stderr }).toEqual({ code: 1, stderr: '1 stored value(s) cannot be opened.\n' });
      expect(JSON.parse(stdout)).toEqual({ configId, projectId: damaged, field: 'test_secret_key' });
    });

    it('still shows its mask, cannot be used, and is fixed by a PUT', async () => {
      const configs = service.app.get(StripeConfigService);
      const { test_secret_key: secret = '' } = stored.get(damaged) ?? {};
      const { status, json } = await service.request('GET', configPath(damaged));
      expect({ status, json }).toMatchObject({
        status: 200,
        json: { test_secret_key_masked: expectedMask('test_secret_key', secret) },
      });
      await expect(configs.open(damaged, 'test_secret_key')).rejects.toMatchObject({
        code: 'secret_unreadable',
      });
      expect(log.map((line) => JSON.parse(line) as object)).toContainEqual(
        expect.objectContaining({
          event: 'credential.unreadable',
          configId,
          projectId: damaged,
          field: 'test_secret_key',
        }),
      );

      const body = valuesOf('mended', 'test_secret_key');
      expect((await put(damaged, body)).status).toBe(200);
      expect((await configs.open(damaged, 'test_secret_key'))?.reveal()).toBe(body.test_secret_key);
      expect((await keys('rewrap')).code).toBe(0);
      expect((await keys('verify')).code).toBe(0);
    });
  });
});

import { join } from 'node:path';
import { openCommandDatabase } from '../src/app/command-database.js';
import type { KeyRing } from '../src/payments/crypto/key-ring.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import type { Database, OpenTransaction } from '../src/payments/database/database.js';
import { CurrentKeyRing } from '../src/payments/key-ring/current-key-ring.js';
import { KeyRingCheck } from '../src/payments/key-ring/key-ring-check.js';
import { RewrapReport } from '../src/payments/key-rotation/rewrap-report.js';
import { rewrap, type RewrapOptions } from '../src/payments/key-rotation/rewrap.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { expectedMask } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { cleanUp, runCommand, temporaryFolder } from './support/process.js';
import {
  RotationRings,
  configure,
  countUnder,
  openStored,
  progressOf,
  rowsOf,
  valuesOf,
  type Row,
  type Values,
} from './support/rotation.js';
import { configPath, startTestService, type TestService } from './support/service.js';
import { setPart } from './support/stored-config.js';

let database: TestDatabase;
let keyRingFile: string;

beforeEach(async () => {
  database = await createTestDatabase();
  keyRingFile = join(await temporaryFolder(), 'ring.json');
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const keys = (...args: string[]) =>
  runCommand('keys', args, { KEY_RING_FILE: keyRingFile, DATABASE_URL: database.url });
const rows = () => rowsOf(database);
const rowsUnder = (keyId: string) => countUnder(database, keyId);
const openAll = (ring: KeyRing) => openStored(database, ring);

describe('a rewrap', () => {
  const rings = new RotationRings();
  const { before, during, backwards, after } = rings;

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
    await rings.writeDuring(keyRingFile);
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
  /** The project of the first row in the order of rewrapping. */
  async function firstProject(): Promise<string> {
    return (await rows())[0]?.project_id ?? '';
  }

  it('has nothing left at its end, also where rows were sealed again by others, and does not fail by counting', async () => {
    const left = () =>
      database.query('SELECT rewrap_remaining::integer AS rows FROM stripe_config_keys WHERE key_id = $1', [
        after.active.id,
      ]);
    const end = (on: Database) =>
      new RewrapReport(on, new Sealer(during)).end({ total: ROWS, rewrapped: ROWS - 3 });
    await service.app.get(KeyRingCheck).check();
    await end(source);
    expect(await left()).toEqual([{ rows: ROWS }]);
    await run();
    await end(source);
    expect(await left()).toEqual([{ rows: 0 }]);
    const closed = await openCommandDatabase(database.url);
    await closed.close();
    await end(closed.database);
    expect(await left()).toEqual([{ rows: 0 }]);
  });

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

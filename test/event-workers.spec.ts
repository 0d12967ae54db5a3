import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { createKeyRingFile, readKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  ROOT,
  cleanUp,
  runProgram,
  serviceSettings,
  temporaryFolder,
  waitForOutput,
  type Settings,
  type TestProcess,
} from './support/process.js';
import { makeDue, newObjectId, readEventRow, storeEvents } from './support/stored-events.js';

/** Whoever holds this lock keeps handlers from ending after they have written. */
const GATE = 4711;
/** Each round starts a process, which a busy machine takes its time for, in milliseconds. */
const UNTIL_ALL_ARE_HANDLED_MS = 150_000;

let database: TestDatabase;
let sealer: Sealer;
let keyRingFile: string;

beforeEach(async () => {
  expect(existsSync(join(ROOT, 'dist/index.js'))).toBe(true);
  database = await createTestDatabase();
  await migrate(database.url);
  await database.query('CREATE TABLE effects (project_id uuid, mode text, event_id text, pid integer)');
  keyRingFile = join(await temporaryFolder(), 'key-ring.json');
  await createKeyRingFile(keyRingFile);
  sealer = new Sealer(await readKeyRingFile(keyRingFile, { allowDevelopment: false }));
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

/** Starts a worker in a process of its own, and waits until it works. */
async function startWorker(settings: Settings = {}): Promise<TestProcess> {
  const all = serviceSettings(database.url, keyRingFile, { PORT: undefined, ...settings });
  const worker = runProgram('test/support/event-host.js', [], all);
  await waitForOutput(worker, /(working)/);
  return worker;
}

async function effects(): Promise<{ event_id: string; pid: number }[]> {
  return database.query('SELECT event_id, pid FROM effects ORDER BY event_id');
}

async function countUnhandled(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "SELECT count(*)::integer AS count FROM stripe_events WHERE status <> 'handled'",
  );
  return row?.count ?? -1;
}

/** Lets handlers write, and then wait until the gate opens. */
async function closeGate(): Promise<() => Promise<void>> {
  await database.query(
    `CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN NULL; END $$`,
  );
  await database.query(
    'CREATE TRIGGER gate AFTER INSERT ON effects FOR EACH ROW EXECUTE FUNCTION wait_at_gate()',
  );
  const keeper = new pg.Client({ connectionString: database.url });
  await keeper.connect();
  await keeper.query('SELECT pg_advisory_lock($1)', [GATE]);
  return () => keeper.end();
}

/** How many handlers wait at the gate. */
async function waiting(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM pg_locks
     WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [GATE],
  );
  return row?.count ?? 0;
}

it('workers share the events, and each is handled once, however often they are killed and fail', async () => {
  const objects = Array.from({ length: 40 }, newObjectId);
  const ids = await storeEvents(
    database,
    sealer,
    Array.from({ length: 300 }, (_, index) => ({
      projectId: randomUUID(),
      mode: index % 3 === 0 ? ('live' as const) : ('test' as const),
      objectId: index % 4 === 0 ? null : (objects[index % objects.length] ?? null),
    })),
  );
  const settings: Settings[] = [{}, {}, { FAIL_EVERY: '5' }];
  let kills = 0;
  const state = { done: false };
  const isDone = () => state.done;
  /** A worker that is killed when some more events were handled, and started again. */
  async function work(each: Settings): Promise<void> {
    for (let round = 0; !isDone(); round++) {
      const worker = await startWorker(each);
      const target = (await effects()).length + 15;
      await eventually('some were handled', async () => isDone() || (await effects()).length >= target);
      if (isDone() || round >= 3) {
        await eventually('all are handled', isDone, UNTIL_ALL_ARE_HANDLED_MS);
      } else {
        kills += 1;
      }
      expect(await worker.stop('SIGKILL')).toBe('SIGKILL');
    }
  }
  const hurry = eventually(
    'all are handled',
    async () => {
      await makeDue(database);
      state.done = (await countUnhandled()) === 0;
      return state.done;
    },
    UNTIL_ALL_ARE_HANDLED_MS,
  ).finally(() => {
    state.done = true;
  });
  await Promise.all([hurry, ...settings.map(work)]);

  const applied = await effects();
  expect(applied.map(({ event_id }) => event_id)).toEqual([...ids].sort());
  expect(new Set(applied.map(({ pid }) => pid)).size).toBeGreaterThan(1);
  expect(kills).toBeGreaterThan(2);
});

it('what a worker wrote that is killed in the middle is applied exactly once', async () => {
  const openGate = await closeGate();
  const [id = ''] = await storeEvents(database, sealer, [
    { projectId: randomUUID(), objectId: newObjectId() },
  ]);
  const first = await startWorker();
  await eventually('it has written', async () => (await waiting()) === 1);
  await first.stop('SIGKILL');
  await openGate();
  const second = await startWorker();
  // The lease keeps it from others, for a while.
  expect(await readEventRow(database, id)).toMatchObject({ status: 'pending', attempts: 1, is_due: false });
  expect(await effects()).toEqual([]);
  await makeDue(database);
  await eventually('it is handled', async () => (await countUnhandled()) === 0);
  expect(await effects()).toEqual([{ event_id: id, pid: second.pid }]);
  expect(await readEventRow(database, id)).toMatchObject({ attempts: 2 });
});

it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
  '%s ends what runs and gives back the rest',
  async (signal) => {
    const openGate = await closeGate();
    await storeEvents(
      database,
      sealer,
      Array.from({ length: 16 }, () => ({ projectId: randomUUID() })),
    );
    const worker = await startWorker();
    await eventually('it works', async () => (await waiting()) > 0);
    const stopped = worker.stop(signal);
    await openGate();
    await stopped;
    const rows = await database.query<{
      event_id: string;
      status: string;
      attempts: number;
      is_due: boolean;
    }>(
      'SELECT event_id, status, attempts, available_at <= now() AS is_due FROM stripe_events ORDER BY event_id',
    );
    const handled = rows.filter(({ status }) => status === 'handled');
    expect(handled.length).toBeGreaterThan(0);
    for (const { attempts } of handled) expect(attempts).toBe(1);
    for (const row of rows.filter(({ status }) => status !== 'handled')) {
      expect(row).toMatchObject({ status: 'pending', attempts: 0, is_due: true });
    }
    expect((await effects()).map(({ event_id }) => event_id)).toEqual(
      handled.map(({ event_id }) => event_id),
    );
  },
);

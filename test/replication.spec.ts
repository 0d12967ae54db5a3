import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { fakeCredential } from './support/credentials.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import { configPath } from './support/service.js';
import { deliver, snapshotEvent } from './support/webhooks.js';

/** A PostgreSQL of its own, since a synchronous standby is a setting of the whole server. */
let postgres: EmbeddedPostgres;
let admin: pg.Client;
let service: ServiceProcess;
let projectId: string;
/** Others, whose changes wait for no row that another has locked. */
let projects: string[];

const SECRET = fakeCredential('test_webhook_secret', 'sync');
const KEY = { test_secret_key: fakeCredential('test_secret_key', 'sync') };

beforeAll(async () => {
  const folder = await temporaryFolder();
  postgres = await startEmbeddedPostgres(join(folder, 'data'));
  admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  service = await startServiceProcess(serviceSettings(postgres.url, keyRingFile));
  projectId = await service.createProject();
  projects = [];
  while (projects.length < 15) projects.push(await service.createProject());
  const first = await put({ test_webhook_secret: SECRET });
  expect(first.status).toBe(200);
});
afterAll(async () => {
  await admin.end();
  await postgres.stop();
  await cleanUp();
});
beforeEach(async () => {
  await useStandby('not_there');
});
afterEach(async () => {
  await useStandby('');
  await eventually('writes go on', async () => (await put(KEY)).status === 200);
});

const put = (body: unknown) => service.request('PUT', configPath(projectId), { body });
const get = () => service.request('GET', configPath(projectId));

async function useStandby(name: string): Promise<void> {
  await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
  await admin.query('SELECT pg_reload_conf()');
  await eventually('PostgreSQL has read it', async () => {
    const { rows } = await admin.query<{ value: string }>(
      "SELECT current_setting('synchronous_standby_names') AS value",
    );
    return rows[0]?.value === name;
  });
}

/** Ends the wait of every backend whose commit waits for the standby, as an operator does. */
async function endWaits(how: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<number> {
  const { rowCount } = await admin.query(
    `SELECT ${how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND state = 'active'`,
  );
  return rowCount ?? 0;
}

/** Sends a request and, while it waits for the standby, ends that wait. */
async function endingWaits<T>(how: Parameters<typeof endWaits>[0], send: () => Promise<T>): Promise<T> {
  const answer = send();
  const state = { over: false };
  void answer.finally(() => (state.over = true)).catch(() => undefined);
  await eventually('it is answered', async () => {
    await endWaits(how);
    return state.over;
  });
  return answer;
}

it.each(['pg_cancel_backend', 'pg_terminate_backend'] as const)(
  'a change that %s lets commit without the standby has an unknown outcome',
  async (how) => {
    expectError(await endingWaits(how, () => put(KEY)), 503, 'write_outcome_unknown');
    // It is there, and may be gone after a failover: the same again must wait as well.
    expectError(await endingWaits(how, () => put(KEY)), 503, 'write_outcome_unknown');
  },
);

it('an event that was stored without the standby is not acknowledged, nor when it is sent again', async () => {
  const event = snapshotEvent('test');
  const send = () => deliver(service, projectId, 'test', SECRET, event);

  expectError(await endingWaits('pg_cancel_backend', send), 503, 'write_outcome_unknown');
  expectError(await endingWaits('pg_cancel_backend', send), 503, 'write_outcome_unknown');
});

it('reads, readiness and wrong webhooks are answered while every write waits for the standby', async () => {
  const state = { over: false };
  const writes = projects.map(async (id) => {
    const statuses: number[] = [];
    while (!state.over) {
      statuses.push((await service.request('PUT', configPath(id), { body: KEY })).status);
      // Refused at once, as many as can be would leave nothing of the machine to the reads.
      await delay(50);
    }
    return statuses;
  });
  // One waits for the standby, and others for the lock that its announcement holds until it has committed.
  await eventually('writes wait', async () => {
    const { rowCount } = await admin.query(
      `SELECT FROM pg_stat_activity WHERE application_name = 'nest-stripe-config' AND state = 'active'
         AND wait_event_type IN ('IPC', 'Lock')`,
    );
    return (rowCount ?? 0) >= 5;
  });

  const reads = [];
  for (let each = 0; each < 30; each++) {
    reads.push((await get()).status, (await service.request('GET', '/health/ready')).status);
    const wrong = await deliver(service, projectId, 'test', fakeCredential('test_webhook_secret', 'wrong'));
    reads.push(wrong.status);
  }
  state.over = true;

  expect(reads.filter((status) => status >= 500)).toEqual([]);
  expect(new Set((await Promise.all(writes)).flat())).toEqual(new Set([503]));
});

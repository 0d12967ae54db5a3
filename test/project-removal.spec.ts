import pg from 'pg';
import { StripeCredentialsError } from '../src/payments/domain/errors.js';
import { ProjectRemoval } from '../src/payments/project-removal/project-removal.js';
import { StripeClients } from '../src/payments/stripe-clients/stripe-clients.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { EventWorker } from '../src/payments/stripe-webhooks/event-worker.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { configPath, startTestService, testKeyRing, type TestService } from './support/service.js';
import { makeDue, readEventRow, storeEvents } from './support/stored-events.js';
import { deliver } from './support/webhooks.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { setPart } from './support/stored-config.js';
import { createConfig } from './support/written-changes.js';

const SECRET = fakeCredential('test_webhook_secret', 'of a removed project');
const CHANGE = { actor: 'alice', requestId: '3c90c3cc-0d44-4b50-8888-8dd25736052a' };
const CREDENTIALS = { test_secret_key: fakeCredential('test_secret_key'), test_webhook_secret: SECRET };

let database: TestDatabase;
let replicas: [TestService, TestService];
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const keyRing = testKeyRing();
  const first = await startTestService({ database, keyRing });
  replicas = [first, await startTestService({ database, keyRing })];
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await database.drop();
});
beforeEach(async () => {
  projectId = await replicas[0].createProject();
  const answer = await replicas[0].request('PUT', configPath(projectId), { body: CREDENTIALS });
  expect(answer.status).toBe(200);
});

const remove = () => replicas[0].request('DELETE', `/api/v1/projects/${projectId}`);
const clientOf = ({ app }: TestService) => app.get(StripeClients).forProject(projectId, 'test');

it('a removed project has no webhooks, no clients and no credentials, in every replica', async () => {
  for (const replica of replicas) {
    expect((await deliver(replica, projectId, 'test', SECRET)).status).toBe(200);
    await clientOf(replica);
  }
  expect(await remove()).toMatchObject({ status: 204, text: '' });
  for (const replica of replicas) {
    expectError(await deliver(replica, projectId, 'test', SECRET), 404, 'webhook_not_found');
    await eventually('it gives no client any more', () =>
      clientOf(replica).then(
        () => false,
        (error: unknown) => error instanceof StripeCredentialsError && error.reason === 'deactivated',
      ),
    );
  }
  const [row] = await database.query<Record<string, unknown>>(
    'SELECT * FROM stripe_configs WHERE project_id = $1',
    [projectId],
  );
  expect(row).toMatchObject({
    is_active: false,
    sealed: {},
    shown: {},
    fingerprints: {},
  });
  expect((await remove()).status).toBe(204);
});

it('no event of a removed project is handed on, not even one that comes back later', async () => {
  const sealer = replicas[0].app.get(Sealer);
  const pending = { projectId, status: 'pending', availableAt: '2100-01-01T00:00:00Z' } as const;
  const [waiting = '', failed = ''] = await storeEvents(database, sealer, [
    pending,
    { projectId, status: 'failed', attempts: 12 },
  ]);
  expect((await remove()).status).toBe(204);
  expect(await readEventRow(database, waiting)).toMatchObject({ status: 'skipped', attempts: 0 });
  expect(await readEventRow(database, failed)).toMatchObject({ status: 'skipped', attempts: 12 });

  const kept = await replicas[0].createProject();
  const [late = '', other = ''] = await storeEvents(database, sealer, [
    pending,
    { ...pending, projectId: kept },
  ]);
  // Nothing is stored for a removed project, and what failed, or was put back, by a worker that held it is not handed on.
  await expect(readEventRow(database, late)).rejects.toThrow('no event');
  await database.query(
    "UPDATE stripe_events SET status = 'pending', finished_at = NULL WHERE event_id = $1",
    [waiting],
  );
  await makeDue(database);
  for (const { app } of replicas) app.get(EventWorker).wake();
  await eventually(
    'the other project’s is taken up',
    async () => (await readEventRow(database, other)).status !== 'pending',
  );
  // Retention deletes it in its time.
  await eventually(
    'its own is skipped',
    async () => (await readEventRow(database, waiting)).status === 'skipped',
  );
  expect(await readEventRow(database, waiting)).toMatchObject({ attempts: 0, is_finished: true });
});

it('a change that was under way does not bring a removed project back', async () => {
  expect((await remove()).status).toBe(204);
  const configs = replicas[1].app.get(StripeConfigService);
  await expect(configs.update(projectId, CREDENTIALS, CHANGE)).rejects.toMatchObject({
    code: 'project_not_found',
  });
  expect(await configs.find(projectId)).toMatchObject({ is_active: false });
});

it('a first change that was not committed yet is erased as well', async () => {
  const other = await replicas[0].createProject();
  const writer = new pg.Client(database.url);
  await writer.connect();
  await writer.query('BEGIN');
  await createConfig(writer, other);
  const removed = replicas[0].app.get(ProjectRemoval).remove(other, CHANGE);
  await eventually('the removal waits for it', async () => {
    const rows = await database.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows.length === 1;
  });
  await writer.query('COMMIT');
  await writer.end();
  await removed;

  const [row] = await database.query('SELECT is_active FROM stripe_configs WHERE project_id = $1', [other]);
  expect(row).toEqual({ is_active: false });
});

/** The triggers would write nothing either. */
async function withoutGuards(
  table: 'stripe_configs' | 'stripe_events',
  work: () => Promise<void>,
): Promise<void> {
  const trigger = `TRIGGER ${table === 'stripe_configs' ? 'stripe_configs_stay_removed' : 'stripe_events_stay_removed'}`;
  await database.query(`ALTER TABLE ${table} DISABLE ${trigger}`);
  await work();
  await database.query(`ALTER TABLE ${table} ENABLE ${trigger}`);
}

describe('without the triggers, by the lock of its row', () => {
  /** Holds a project's row until what is done meanwhile waits for it. */
  async function held(statement: string, id: string, act: () => Promise<unknown>): Promise<unknown> {
    const holder = new pg.Client(database.url);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(statement, [id]);
    const acting = act();
    await eventually('it waits for the row', async () => {
      const rows = await database.query(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      return rows.length === 1;
    });
    await holder.query('COMMIT');
    await holder.end();
    return acting;
  }

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['that has one', () => Promise.resolve()],
    ['that was deactivated', (id) => replicas[0].app.get(StripeConfigService).deactivate(id, CHANGE)],
  ])('no change that began before brings back a configuration %s', async (_, prepare) => {
    await prepare(projectId);
    const configs = replicas[1].app.get(StripeConfigService);
    await withoutGuards('stripe_configs', async () => {
      const note = 'UPDATE stripe_configs SET removed_at = now() WHERE project_id = $1';
      const change = { test_publishable_key: fakeCredential('test_publishable_key', 'late') };
      await expect(
        held(note, projectId, () => configs.update(projectId, change, CHANGE)),
      ).rejects.toMatchObject({
        code: 'project_not_found',
      });
    });
  });

  it('a first change that began before stores nothing either', async () => {
    const other = await replicas[0].createProject();
    const configs = replicas[1].app.get(StripeConfigService);
    const note = 'INSERT INTO stripe_configs (project_id, is_active, removed_at) VALUES ($1, false, now())';
    await expect(held(note, other, () => configs.update(other, CREDENTIALS, CHANGE))).rejects.toMatchObject({
      code: 'project_not_found',
    });
    expect(await configs.find(other)).toBeNull();
  });

  it('a webhook that began before is not stored', async () => {
    await withoutGuards('stripe_events', async () => {
      expect((await deliver(replicas[1], projectId, 'test', SECRET)).status).toBe(200);
      // A removal that erases holds the row like this.
      const note =
        'WITH held AS MATERIALIZED (SELECT project_id FROM stripe_configs WHERE project_id = $1 FOR UPDATE) ' +
        'UPDATE stripe_configs AS config SET removed_at = now() FROM held WHERE config.project_id = held.project_id';
      const answer = await held(note, projectId, () => deliver(replicas[1], projectId, 'test', SECRET));
      expectError(answer as Awaited<ReturnType<typeof deliver>>, 404, 'webhook_not_found');
    });
  });
});

it('hosts remove a project by one call, which may be repeated, whether it had a configuration or not', async () => {
  const removal = replicas[1].app.get(ProjectRemoval);
  const bare = await replicas[0].createProject();
  for (const id of [projectId, projectId.toUpperCase(), bare])
    expect(await removal.remove(id, CHANGE)).toEqual({ endpointsLeft: [] });
});

it('a project that was removed before it had a configuration has none to deactivate', async () => {
  const id = await replicas[0].createProject();
  await replicas[0].app.get(ProjectRemoval).remove(id, CHANGE);
  expectError(await replicas[0].request('DELETE', configPath(id)), 404, 'config_not_found');
  expect((await replicas[0].request('GET', configPath(id))).json).toBeNull();
});

it('hosts get the list of endpoints that Stripe did not remove', async () => {
  await database.query(
    `INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted, endpoint_id, made_at)
     VALUES ($1, 'test', '{}', 'we_1', now())`,
    [projectId],
  );
  const result = await replicas[0].app.get(ProjectRemoval).remove(projectId, CHANGE);
  expect(result).toEqual({ endpointsLeft: [{ mode: 'test', id: 'we_1' }] });
});

describe('the same credentials put again', () => {
  it('change nothing that is shown, and write no history', async () => {
    const state = async () => [
      (await replicas[0].request('GET', configPath(projectId))).text,
      await database.query('SELECT version FROM stripe_config_audit WHERE project_id = $1', [projectId]),
    ];
    const body = Object.fromEntries(
      (
        [
          'test_secret_key',
          'test_publishable_key',
          'test_webhook_secret',
          'live_secret_key',
          'live_publishable_key',
          'live_webhook_secret',
        ] as const
      ).map((field) => [field, fakeCredential(field, 'six')]),
    );
    const put = () => replicas[0].request('PUT', configPath(projectId), { body });
    const first = await put();
    const before = await state();
    const again = await put();
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await state()).toEqual(before);
  });

  it('leave a verified webhook verified', async () => {
    await deliver(replicas[0], projectId, 'test', SECRET);
    const status = async () => {
      const { json } = await replicas[0].request('GET', `${configPath(projectId)}/health`);
      return (json as { test: { webhook_secret: { status: string } } }).test.webhook_secret.status;
    };
    await eventually('it is verified', async () => (await status()) === 'verified');
    await replicas[0].request('PUT', configPath(projectId), { body: { test_webhook_secret: SECRET } });
    expect(await status()).toBe('verified');
  });

  it('make a damaged value readable again', async () => {
    const sealed = replicas[0].app.get(StripeConfigService);
    await database.query(
      `UPDATE stripe_configs SET ${setPart('test_secret_key', 'sealed', "left(sealed ->> 'test_secret_key', -4) || 'AAAA'")}
       WHERE project_id = $1`,
      [projectId],
    );
    await expect(sealed.open(projectId, 'test_secret_key')).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
    const body = { test_secret_key: CREDENTIALS.test_secret_key };
    expect((await replicas[0].request('PUT', configPath(projectId), { body })).status).toBe(200);
    expect((await sealed.open(projectId, 'test_secret_key'))?.reveal()).toBe(CREDENTIALS.test_secret_key);
  });
});

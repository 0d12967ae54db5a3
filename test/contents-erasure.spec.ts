import pg from 'pg';
import { PAYMENTS_DATABASE, type Database } from '../src/payments/database/database.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { countByKey } from '../src/payments/key-rotation/key-usage.js';
import { fakeCredential } from './support/credentials.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  projectPath,
  startTestService,
  testKeyRing,
  type TestService,
} from './support/service.js';
import { storeEvents, type EventToStore } from './support/stored-events.js';
import { deliver, snapshotEvent } from './support/webhooks.js';

const CREDENTIALS = { test_webhook_secret: fakeCredential('test_webhook_secret', 'erased') };
const keyRing = testKeyRing();

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService({ keyRing, eraseEventsOnDelete: true });
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
  await service.request('PUT', configPath(projectId), { body: CREDENTIALS });
});

interface Row {
  event_id: string;
  status: string;
  object_id: string | null;
  has_contents: boolean;
}

const rows = () =>
  service.database.query<Row>(
    `SELECT event_id, status, object_id, payload_sealed IS NOT NULL AS has_contents FROM stripe_events
      WHERE project_id = $1 ORDER BY event_id`,
    [projectId],
  );

const store = (...events: Pick<EventToStore, 'id' | 'status' | 'receivedAt'>[]) =>
  storeEvents(
    service.database,
    new Sealer(keyRing),
    events.map((event) => ({ ...event, projectId, objectId: 'cus_1', availableAt: '2999-01-01T00:00:00Z' })),
  );

it('a DELETE erases what events hold, however many, and keeps that they came', async () => {
  const many = Array.from({ length: 1_001 }, (_, index) => ({
    id: `evt_${String(index).padStart(4, '0')}`,
    status: 'handled' as const,
  }));
  // The clock of the database was ahead when it came.
  const ahead = { id: 'evt_failed', status: 'failed', receivedAt: '2999-01-01T00:00:00Z' } as const;
  await store(...many, ahead, { id: 'evt_waits', status: 'pending' });
  const other = await service.createProject();
  await storeEvents(service.database, new Sealer(keyRing), [{ projectId: other, status: 'handled' }]);

  expect(await service.request('DELETE', configPath(projectId))).toMatchObject({ status: 204, text: '' });
  const erased = { object_id: null, has_contents: false };
  expect(await rows()).toEqual([
    ...many.map(({ id }) => ({ event_id: id, status: 'handled', ...erased })),
    { event_id: 'evt_failed', status: 'skipped', ...erased },
    { event_id: 'evt_waits', status: 'skipped', ...erased },
  ]);
  // Nobody else's, and nothing that a count of keys stumbles over.
  const counts = await countByKey(service.app.get<Database>(PAYMENTS_DATABASE));
  expect([...counts]).toEqual([[keyRing.active.id, { rows: 1, values: 1 }]]);
});

it('an erased event is shown without contents, and cannot be replayed', async () => {
  await store({ id: 'evt_failed', status: 'failed' });
  await service.request('DELETE', configPath(projectId));

  const path = projectPath(projectId, 'events');
  const event = { id: 'evt_failed', status: 'skipped', object_id: null };
  expect((await service.request('GET', path)).json).toMatchObject({ events: [event] });
  expect(await service.request('GET', `${path}/test/evt_failed`)).toMatchObject({
    status: 200,
    json: { ...event, payload: null },
  });
  expectError(await service.request('POST', `${path}/test/evt_failed/replay`), 409, 'event_not_replayable');
  expect((await service.request('POST', `${path}/replay`)).json).toEqual({ replayed: 0 });
});

it('an event that is sent again after its erasure is known', async () => {
  const event = snapshotEvent('test');
  const send = () => deliver(service, projectId, 'test', CREDENTIALS.test_webhook_secret, event);
  expect((await send()).status).toBe(200);
  await eventually('it is handled', async () => (await rows())[0]?.status === 'handled');
  await service.request('DELETE', configPath(projectId));
  expect((await send()).status).toBe(404);
  await service.request('PUT', configPath(projectId), { body: CREDENTIALS });

  expect((await send()).status).toBe(200);
  expect(await rows()).toMatchObject([{ status: 'handled', has_contents: false }]);
});

it('an event that is just being stored is waited for', async () => {
  await store({ id: 'evt_old', status: 'handled' });
  const holder = new pg.Client({ connectionString: service.database.url });
  await holder.connect();
  await holder.query('BEGIN');
  // As whoever stores a webhook does.
  await holder.query('SELECT FROM stripe_configs WHERE project_id = $1 FOR KEY SHARE', [projectId]);
  await holder.query(
    `INSERT INTO stripe_events SELECT (jsonb_populate_record(event, '{"event_id": "evt_new"}')).* FROM stripe_events AS event
      WHERE event_id = 'evt_old'`,
  );
  const answer = service.request('DELETE', configPath(projectId));
  await eventually('the configuration is deleted', async () => {
    const { json } = await service.request('GET', configPath(projectId));
    return !(json as { is_active: boolean }).is_active;
  });
  await holder.query('COMMIT');
  await holder.end();

  expect((await answer).status).toBe(204);
  expect(await rows()).toMatchObject([{ has_contents: false }, { has_contents: false }]);
});

it('what a configuration that is stored anew takes meanwhile stays', async () => {
  await store({ id: 'evt_0old', status: 'pending' });
  const handler = new pg.Client({ connectionString: service.database.url });
  await handler.connect();
  await handler.query('BEGIN');
  await handler.query("SELECT FROM stripe_events WHERE event_id = 'evt_0old' FOR NO KEY UPDATE");
  const answer = service.request('DELETE', configPath(projectId));
  await eventually('the configuration is deleted, and the erasure waits for the handler', async () => {
    const { json } = await service.request('GET', configPath(projectId));
    const [polled] = await service.database.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND query LIKE '%received_at <= $%payload_sealed IS NOT NULL%' AND pid <> pg_backend_pid()) AS found`,
    );
    return !(json as { is_active: boolean }).is_active && polled?.found === true;
  });
  await service.request('PUT', configPath(projectId), { body: CREDENTIALS });
  const event = { ...snapshotEvent('test'), id: 'evt_1new' };
  const send = () => deliver(service, projectId, 'test', CREDENTIALS.test_webhook_secret, event);
  expect((await send()).status).toBe(200);
  await handler.query('COMMIT');
  await handler.end();

  expect((await answer).status).toBe(204);
  expect(await rows()).toMatchObject([
    { event_id: 'evt_0old', status: 'skipped', has_contents: false },
    { event_id: 'evt_1new', has_contents: true },
  ]);
});

it('a DELETE with If-Match goes on where it stopped with the version that the first one made', async () => {
  const etag = async () => (await service.request('GET', configPath(projectId))).headers.get('etag') ?? '';
  const remove = (version: string) =>
    service.request('DELETE', configPath(projectId), { headers: { 'if-match': version } });
  const first = await etag();
  expect((await remove(first)).status).toBe(204);
  await store({ id: 'evt_left', status: 'failed' });

  expectError(await remove(first), 412, 'version_conflict');
  expect((await remove(await etag())).status).toBe(204);
  expect(await rows()).toMatchObject([{ event_id: 'evt_left', has_contents: false }]);
});

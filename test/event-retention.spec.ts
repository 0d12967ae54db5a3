import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { DELETE_BATCH } from '../src/payments/stripe-webhooks/event-retention.statements.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { configPath, startTestService, testKeyRing, type TestService } from './support/service.js';
import { storeEvents, type EventToStore } from './support/stored-events.js';
import { deliver, snapshotEvent } from './support/webhooks.js';

const PROJECT = '11111111-1111-4111-8111-111111111111';
const keyRing = testKeyRing();
const sealer = new Sealer(keyRing);

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
});
afterEach(async () => {
  await database.drop();
});

/** Runs a service, which looks for old events as soon as it has started. */
async function withService(
  eventRetentionDays: number | undefined,
  test: (service: TestService) => Promise<unknown>,
) {
  const service = await startTestService({
    database,
    keyRing,
    ...(eventRetentionDays !== undefined && { eventRetentionDays }),
  });
  try {
    await test(service);
  } finally {
    await service.stop();
  }
}

/** Stores events whose every time lies as many days back. */
async function storeOld(days: number, ...events: Omit<EventToStore, 'projectId'>[]): Promise<void> {
  const all = events.map((event) => ({ availableAt: '2999-01-01T00:00:00Z', ...event, projectId: PROJECT }));
  await age(days, await storeEvents(database, sealer, all));
}

async function age(days: number, ids: string[]): Promise<void> {
  await database.query(
    `UPDATE stripe_events SET created_at = now() - $1::interval, received_at = now() - $1::interval,
       finished_at = CASE WHEN finished_at IS NOT NULL THEN now() - $1::interval END WHERE event_id = ANY ($2)`,
    [`${days} days`, ids],
  );
}

async function storedIds(): Promise<string[]> {
  const rows = await database.query<{ event_id: string }>('SELECT event_id FROM stripe_events ORDER BY 1');
  return rows.map(({ event_id }) => event_id);
}

it('what was handled or skipped is deleted after 45 days, however much it is, and nothing else', async () => {
  await storeOld(44, { id: 'evt_young', status: 'handled' });
  await storeOld(400, { id: 'evt_failed', status: 'failed' }, { id: 'evt_waits' });
  const many = Array.from({ length: 2 * DELETE_BATCH + 1 }, (_, index) => ({
    status: index % 2 === 0 ? ('handled' as const) : ('skipped' as const),
  }));
  await storeOld(46, ...many);

  await withService(undefined, async () => {
    await eventually('the old ones are gone', async () => (await storedIds()).length <= 3);
    expect(await storedIds()).toEqual(['evt_failed', 'evt_waits', 'evt_young']);
  });
});

it('a deletion waits for no event that somebody holds', async () => {
  await storeOld(47, { id: 'evt_held', status: 'handled' });
  await storeOld(46, { id: 'evt_free', status: 'handled' });
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query("SELECT FROM stripe_events WHERE event_id = 'evt_held' FOR KEY SHARE");
    await withService(undefined, () =>
      eventually('the other is gone', async () => (await storedIds()).join() === 'evt_held'),
    );
  } finally {
    await holder.end();
  }
});

it('an event that Stripe sends again within 30 days is known, with the shortest retention', async () => {
  const secret = fakeCredential('live_webhook_secret', 'kept');
  const events = [snapshotEvent('live'), snapshotEvent('live')] as const;
  const [known, forgotten] = events.map(({ id }) => String(id)) as [string, string];
  let project = '';
  await withService(undefined, async (service) => {
    project = await service.createProject();
    await service.request('PUT', configPath(project), { body: { live_webhook_secret: secret } });
    for (const event of events)
      expect((await deliver(service, project, 'live', secret, event)).status).toBe(200);
    await eventually('both are handled', async () => {
      return (await database.query("SELECT FROM stripe_events WHERE status = 'handled'")).length === 2;
    });
  });
  // Three more days for tries of what was sent again on the last day.
  await age(33.9, [known]);
  await age(35.1, [forgotten]);

  await withService(35, async (service) => {
    await eventually('the older one is gone', async () => (await storedIds()).join() === known);
    const before = await database.query('SELECT * FROM stripe_events');
    expect((await deliver(service, project, 'live', secret, events[0])).status).toBe(200);
    expect(await database.query('SELECT * FROM stripe_events')).toEqual(before);
  });
});

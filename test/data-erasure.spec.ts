import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { OnStripeEvent } from '../src/index.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { typeormDatabase } from '../src/payments/database/typeorm-database.js';
import { SAVE_KEY_STATE } from '../src/payments/config-health/config-health.statements.js';
import { runStatement } from '../src/payments/database/run-statement.js';
import { DataErasure } from '../src/payments/project-removal/data-erasure.js';
import { ownedProjectIds } from '../src/payments/project-removal/owned-project-ids.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { WebhookMonitor } from '../src/payments/stripe-webhooks/webhook-monitor.js';
import { fakeCredential } from './support/credentials.js';
import { startEventHost, type EventHost } from './support/event-listener-host.js';
import { eventually } from './support/eventually.js';
import { configPath, projectPath } from './support/service.js';
import { storeEvents } from './support/stored-events.js';
import { deliver } from './support/webhooks.js';

const SECRET = fakeCredential('test_webhook_secret', 'of an erased project');
const CREDENTIALS = { test_secret_key: fakeCredential('test_secret_key'), test_webhook_secret: SECRET };
const BY = { actor: 'support', requestId: '3c90c3cc-0d44-4b50-8888-8dd25736052a' };

/** Holds an event until it is told to go on. */
@Injectable()
class SlowHandler {
  begin!: () => void;
  goOn!: () => void;
  readonly begun = new Promise<void>((resolve) => (this.begin = resolve));
  private readonly mayGoOn = new Promise<void>((resolve) => (this.goOn = resolve));

  @OnStripeEvent('charge.refunded')
  async onRefund(): Promise<void> {
    this.begin();
    await this.mayGoOn;
  }
}

let host: EventHost;
let erasure: DataErasure;
let owner: string;

beforeAll(async () => {
  host = await startEventHost({ providers: [SlowHandler] });
  erasure = host.app.get(DataErasure);
});
afterAll(() => host.stop());
beforeEach(() => {
  owner = `owner-${randomUUID()}`;
});

async function projectOf(subject: string): Promise<string> {
  const id = await host.createProject(subject);
  const answer = await host.request('PUT', configPath(id), { subject, body: CREDENTIALS });
  expect(answer.status).toBe(200);
  return id;
}

/** Everything in the database that is not sealed, as text. */
async function everythingStored(): Promise<string> {
  const tables = await host.database.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'stripe\\_%'",
  );
  const rows = await Promise.all(tables.map(({ name }) => host.database.query(`SELECT * FROM ${name}`)));
  return JSON.stringify(rows);
}

const count = async (table: string, projectId: string) => {
  const rows = await host.database.query(`SELECT FROM ${table} WHERE project_id = $1`, [projectId]);
  return rows.length;
};

const faults = () => findAuditFaults(typeormDatabase(host.app.get(DataSource)));

it('erases all projects of an owner, their events, and the person from the trail of every project', async () => {
  const projects = [await projectOf(owner), await projectOf(owner)];
  const kept = await projectOf('somebody else');
  const configs = host.app.get(StripeConfigService);
  await configs.update(kept, { live_secret_key: fakeCredential('live_secret_key') }, { ...BY, actor: owner });
  for (const id of [...projects, kept]) expect((await deliver(host, id, 'test', SECRET)).status).toBe(200);
  await host.database.query(
    `INSERT INTO stripe_config_states (project_id, mode, account_id) VALUES ($1, 'live', 'acct_1')`,
    [projects[0]],
  );
  expect(await everythingStored()).toContain(owner);

  const result = await erasure.eraseOwner(owner, BY);
  expect(result).toEqual({ projects, events: 2, changes: 3, endpointsLeft: [] });
  expect(await everythingStored()).not.toContain(owner);
  for (const id of projects) {
    expect([await count('stripe_events', id), await count('stripe_config_states', id)]).toEqual([0, 0]);
    expect(await deliver(host, id, 'test', SECRET)).toMatchObject({ json: { code: 'webhook_not_found' } });
    await expect(configs.update(id, CREDENTIALS, BY)).rejects.toMatchObject({ code: 'project_not_found' });
  }
  // The other project works on, and its trail is whole but for the name.
  expect(await count('stripe_events', kept)).toBe(1);
  expect(await configs.find(kept)).toMatchObject({ is_active: true, version: 2 });
  const history = await host.request('GET', projectPath(kept, 'config/history'), {
    subject: 'somebody else',
  });
  expect(history.json).toMatchObject({
    changes: [
      { version: 2, actor: null, fields: [{ field: 'live_secret_key' }] },
      { version: 1, actor: 'somebody else' },
    ],
  });
  expect(await faults()).toEqual([]);
  expect((await host.request('PUT', configPath(kept), { subject: 'somebody else', body: {} })).status).toBe(
    200,
  );
  expect(await faults()).toEqual([]);
});

it('erases also who asks for it, where that is the person', async () => {
  await projectOf(owner);
  expect(await erasure.eraseOwner(owner, { ...BY, actor: owner })).toMatchObject({ changes: 2 });
  expect(await everythingStored()).not.toContain(owner);
  expect(await faults()).toEqual([]);
});

it('may be repeated, goes on where it stopped, and several may run at once', async () => {
  const projects = [await projectOf(owner), await projectOf(owner), await projectOf(owner)];
  // As if one had stopped between the configurations and the trail.
  await erasure.eraseProject(projects[0] ?? '', { ...BY, actor: owner });
  await host.database.query("UPDATE stripe_configs SET changed_by = '' WHERE changed_by = $1", [owner]);
  const results = await Promise.all([erasure.eraseOwner(owner, BY), erasure.eraseOwner(owner, BY)]);
  // Three configurations that the owner stored, and the one that the owner deleted.
  expect(results[0].changes + results[1].changes).toBe(4);
  expect(await everythingStored()).not.toContain(owner);
  expect(await erasure.eraseOwner(owner, BY)).toEqual({
    projects,
    events: 0,
    changes: 0,
    endpointsLeft: [],
  });
  expect(await faults()).toEqual([]);
});

it('leaves no name with a configuration that is changed meanwhile', async () => {
  const id = await projectOf('somebody else');
  const configs = host.app.get(StripeConfigService);
  const change = (actor: string, value: number) =>
    configs.update(id, { live_secret_key: fakeCredential('live_secret_key', value) }, { ...BY, actor });
  await change(owner, 1);
  await change('somebody else', 2);
  // A request that was let in before the person was locked out ends as names leave the trail.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its client below
  const { query } = pg.Client.prototype;
  const sent = jest.spyOn(pg.Client.prototype, 'query');
  sent.mockImplementation(function (this: pg.Client, ...args: unknown[]): unknown {
    const send = (): unknown => Reflect.apply(query, this, args);
    if ((args[0] as { text?: string }).text?.includes('SET actor = NULL') !== true) return send();
    sent.mockRestore();
    return change(owner, 3).then(send);
  });
  expect(await erasure.eraseOwner(owner, BY)).toMatchObject({ changes: 2 });
  expect(await everythingStored()).not.toContain(owner);
  expect(await faults()).toEqual([]);
});

it('stores nothing of an erased project that is only known later', async () => {
  const [id, kept] = [await projectOf(owner), await projectOf('somebody else')];
  await erasure.eraseProject(id, BY);
  const state = { mode: 'test', version: 1, status: 'works', account_id: 'acct_1', written_in: 1 } as const;
  const monitor = host.app.get(WebhookMonitor);
  for (const project_id of [id, kept]) {
    await runStatement(typeormDatabase(host.app.get(DataSource)), 'write', SAVE_KEY_STATE, {
      project_id,
      ...state,
    });
    monitor.verified(project_id, 'live', 1);
  }
  await eventually('what was seen is written', async () => (await count('stripe_config_states', kept)) === 2);
  expect(await count('stripe_config_states', id)).toBe(0);
});

it('waits for the handlers of an event, and for a webhook that is not committed', async () => {
  const id = await projectOf(owner);
  const handler = host.app.get(SlowHandler);
  const [held = ''] = await storeEvents(host.database, host.sealer, [
    { projectId: id, type: 'charge.refunded' },
  ]);
  host.wake();
  await handler.begun;
  const late = new pg.Client(host.database.url);
  await late.connect();
  await late.query('BEGIN');
  // As whoever stores a webhook does.
  await late.query('SELECT FROM stripe_configs WHERE project_id = $1 FOR KEY SHARE', [id]);
  await late.query(
    `INSERT INTO stripe_events SELECT project_id, mode, 'evt_late', type, object_id, created_at, received_at, payload_sealed
     FROM stripe_events WHERE event_id = $1`,
    [held],
  );
  const erased = erasure.eraseProject(id, BY);
  await eventually('the erasure waits for the webhook', async () => {
    const rows = await host.database.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows.length === 1;
  });
  await late.query('COMMIT');
  await late.end();
  await eventually(
    'it has erased what no handler holds',
    async () => (await count('stripe_events', id)) === 1,
  );
  handler.goOn();
  expect(await erased).toEqual({ endpointsLeft: [], events: 2 });
  expect(await count('stripe_events', id)).toBe(0);
});

it('does not wait for whoever holds a lock of the project', async () => {
  const id = await projectOf(owner);
  await host.database.query(
    "INSERT INTO stripe_config_locks (project_id, name) VALUES ($1, 'a'), ($1, 'b')",
    [id],
  );
  const holder = new pg.Client(host.database.url);
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query("SELECT FROM stripe_config_locks WHERE project_id = $1 AND name = 'a' FOR UPDATE", [id]);
  expect(await erasure.eraseProject(id, BY)).toMatchObject({ endpointsLeft: [] });
  expect(await count('stripe_config_locks', id)).toBe(1);
  await holder.end();
});

it('keeps the record of an endpoint that Stripe did not remove, and names it each time', async () => {
  const id = await projectOf(owner);
  await host.database.query(
    `INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted, endpoint_id, made_at, removed_at)
     VALUES ($1, 'test', '{}', 'we_1', now(), NULL), ($1, 'live', '{}', 'we_2', now(), now())`,
    [id],
  );
  for (let round = 0; round < 2; round++) {
    expect(await erasure.eraseOwner(owner, BY)).toMatchObject({
      endpointsLeft: [{ projectId: id, mode: 'test', id: 'we_1' }],
    });
  }
  expect(await count('stripe_webhook_endpoints', id)).toBe(1);
});

it('refuses what is no id', async () => {
  await expect(erasure.eraseOwner('', BY)).rejects.toThrow('the owner is an empty text; it must be an id');
  await expect(erasure.eraseProject('shop 1', BY)).rejects.toMatchObject({ code: 'validation_failed' });
});

describe('the projects of an owner', () => {
  const page = (ids: string[], total = 5) => ({
    projects: ids.map((id) => ({ id, name: id, description: null, isActive: true, createdAt: new Date(0) })),
    total,
  });

  it('are read page by page, however short the pages are', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    const listOwnedBy = (_subject: string, { after }: { after: { id: string } | undefined }) => {
      const from = after === undefined ? 0 : all.indexOf(after.id) + 1;
      return Promise.resolve(page(all.slice(from, from + 2)));
    };
    expect(await ownedProjectIds({ listOwnedBy }, 'alice')).toEqual(all);
  });

  it('end where a list overlooks the page, and are refused where it says that there are more', async () => {
    const listOwnedBy = (total: number) => () => Promise.resolve(page(['a'], total));
    expect(await ownedProjectIds({ listOwnedBy: listOwnedBy(1) }, 'alice')).toEqual(['a']);
    await expect(ownedProjectIds({ listOwnedBy: listOwnedBy(2) }, 'alice')).rejects.toThrow(
      'listOwnedBy of projects gave fewer projects of an owner than its total',
    );
  });
});

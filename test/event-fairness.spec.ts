import type { EntityManager } from 'typeorm';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import pg from 'pg';
import type { AnyStripeEvent } from '../src/payments/stripe/stripe-event-types.js';
import {
  CLAIM_EVENTS,
  LONGEST_DUE,
  NEXT_DUE_PROJECTS,
} from '../src/payments/stripe-webhooks/event-worker.statements.js';
import { EventClaims } from '../src/payments/stripe-webhooks/event-claims.js';
import { HeldEvents } from '../src/payments/stripe-webhooks/held-events.js';
import { PAYMENTS_DATABASE } from '../src/payments/database/database.js';
import { OnStripeEvent, type StripeEventContext } from '../src/payments/stripe-webhooks/on-stripe-event.js';
import { prepareText, valuesInOrder } from '../src/payments/database/statement.js';
import { fakeCredential } from './support/credentials.js';
import { startEventHost, type EventHost } from './support/event-listener-host.js';
import { eventually } from './support/eventually.js';
import { configPath } from './support/service.js';
import { readEventRow, storeEvents } from './support/stored-events.js';

/** The projects whose handlers were begun, in their order. */
const begun: string[] = [];
/** Handlers of these projects wait until they are told to go on. */
const hung = new Set<string>();
let goOn: () => void = () => undefined;
let told: Promise<void>;

@Injectable()
class Handlers {
  @OnStripeEvent('*')
  async on(_: AnyStripeEvent, { projectId }: StripeEventContext<EntityManager>): Promise<void> {
    begun.push(projectId);
    if (hung.has(projectId)) await told;
  }
}

let host: EventHost;
let projects: [string, string, string];

beforeAll(async () => {
  host = await startEventHost({ providers: [Handlers] });
});
afterAll(() => host.stop());
beforeEach(() => {
  projects = [randomUUID(), randomUUID(), randomUUID()];
  told = new Promise((resolve) => (goOn = resolve));
  begun.length = 0;
});
afterEach(async () => {
  goOn();
  await eventually('all are handled', async () => (await countPending()) === 0);
  hung.clear();
});

async function countPending(): Promise<number> {
  const [row] = await host.database.query<{ count: number }>(
    "SELECT count(*)::integer AS count FROM stripe_events WHERE status = 'pending'",
  );
  return row?.count ?? -1;
}

/** Stores events in one statement, and lets the host look for them. Returns their ids. */
async function store(...stored: [projectId: string, count: number][]): Promise<string[]> {
  const ids = await storeEvents(
    host.database,
    host.sealer,
    stored.flatMap(([projectId, count]) => Array.from({ length: count }, () => ({ projectId }))),
  );
  host.wake();
  return ids;
}

async function untilHandled(id: string | undefined): Promise<void> {
  await eventually('it is handled', async () => {
    return (await readEventRow(host.database, id ?? '')).status === 'handled';
  });
}

const countBegun = (project: string) => begun.filter((each) => each === project).length;

it('a project whose handlers hang has half of the slots, and others are handled meanwhile', async () => {
  const [hanging, alsoHanging, other] = projects;
  hung.add(hanging).add(alsoHanging);
  await store([hanging, 48]);
  await eventually('it has begun', () => countBegun(hanging) === 2);
  const [first] = await store([other, 1]);
  await untilHandled(first);
  // A second such project has half of what the first one leaves.
  await store([alsoHanging, 48]);
  await eventually('it has begun', () => countBegun(alsoHanging) === 1);
  const [second] = await store([other, 1]);
  await untilHandled(second);
  expect([hanging, alsoHanging].map(countBegun)).toEqual([2, 1]);
});

it('handlers that hang leave connections to requests', async () => {
  const [hanging] = projects;
  const projectId = await host.createProject();
  hung.add(hanging);
  await store([hanging, 48]);
  await eventually('it has begun', () => countBegun(hanging) === 2);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      host.request('PUT', configPath(projectId), {
        body: { test_secret_key: fakeCredential('test_secret_key', projectId) },
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
});

it('a project with many events due before leaves its turn to others', async () => {
  const [flooding, other, another] = projects;
  const ids = await storeEvents(host.database, host.sealer, [
    ...Array.from({ length: 400 }, () => ({
      projectId: flooding,
      availableAt: new Date(Date.now() - 60_000).toISOString(),
    })),
    { projectId: other },
    { projectId: another },
  ]);
  host.wake();
  await Promise.all(ids.slice(-2).map(untilHandled));
  // They were found among the projects, in the first claim or the one after.
  const order = [...begun];
  expect(order.indexOf(other)).toBeLessThan(32);
  expect(order.indexOf(another)).toBeLessThan(32);
  await eventually('all are handled', async () => (await countPending()) === 0);
  expect(begun).toHaveLength(402);
});

it('a claim of more than are looked at knows that more are due', async () => {
  const many = Array.from({ length: 6 }, () => randomUUID());
  await storeEvents(
    host.database,
    host.sealer,
    many.flatMap((projectId) => Array.from({ length: 60 }, () => ({ projectId }))),
  );
  const { events, isMore } = await new EventClaims(host.app.get(PAYMENTS_DATABASE)).claim(new HeldEvents(30));
  expect([events.length > 90, isMore]).toEqual([true, true]);
  await host.database.query("DELETE FROM stripe_events WHERE status = 'pending'");
});

it('a slot that is free takes the next event, whatever the others do', async () => {
  const [hanging, other] = projects;
  hung.add(hanging);
  // Claimed together.
  const [, , last] = await store([hanging, 1], [other, 40]);
  await eventually('it has begun', () => countBegun(hanging) === 1);
  await eventually('all others are handled', async () => (await countPending()) === 1);
  expect(countBegun(other)).toBe(40);
  await untilHandled(last);
});

it('what is looked at for a claim does not depend on how many events a project has', async () => {
  const client = new pg.Client(host.database.url);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO stripe_events (project_id, mode, event_id, type, created_at, payload_sealed, available_at)
       SELECT CASE WHEN i <= 20000 THEN 'flood' ELSE 'other' || i END, 'test', 'evt_' || i, 'invoice.paid', now(),
         'sc1.aaaaaaaaaa.A', now() - make_interval(secs => 60 - i / 1000)
       FROM generate_series(1, 20050) AS i`,
    );
    await client.query('ANALYZE stripe_events');
    const values = { project_ids: ['flood', 'other20001'], shares: [8, 8], lease_seconds: 30 };
    for (const [statement, given] of [
      [LONGEST_DUE, { limit: 100 }],
      [NEXT_DUE_PROJECTS, { after: '', limit: 20 }],
      [NEXT_DUE_PROJECTS, { after: 'flood', limit: 20 }],
      [CLAIM_EVENTS, values],
    ] as const) {
      const { sql, order } = prepareText(statement, undefined);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS, COSTS OFF, TIMING OFF) ${sql}`,
        valuesInOrder(statement, order, given),
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      const nodes = plan === undefined ? [] : nodesOf(plan);
      expect(nodes.length).toBeGreaterThan(1);
      const most = Math.max(
        ...nodes.map((node) => Math.max(node['Actual Rows'], node['Rows Removed by Filter'] ?? 0)),
      );
      expect([statement.name, most <= 100 ? 'few' : most]).toEqual([statement.name, 'few']);
    }
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
});

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Rows Removed by Filter'?: number;
  'Actual Rows': number;
  Plans?: PlanNode[];
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

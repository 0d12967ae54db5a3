import type { EntityManager } from 'typeorm';
import { randomUUID } from 'node:crypto';
import { Controller, Injectable, Scope, type Type } from '@nestjs/common';
import { jest } from '@jest/globals';
import pg from 'pg';
import type Stripe from 'stripe';
import { Secret } from '../src/payments/crypto/secret.js';
import { makeTestEvent } from '../src/payments/stripe/test-event.js';
import type { AnyStripeEvent, StripeEventOf } from '../src/payments/stripe/stripe-event-types.js';
import { EventWorker } from '../src/payments/stripe-webhooks/event-worker.js';
import { OnStripeEvent, type StripeEventContext } from '../src/payments/stripe-webhooks/on-stripe-event.js';
import { fakeCredential } from './support/credentials.js';
import { queryWithoutTriggers } from './support/database.js';
import { startEventHost, type EventHost } from './support/event-listener-host.js';
import { eventually } from './support/eventually.js';
import { configPath, projectPath, testKeyRing, webhookPath } from './support/service.js';
import {
  eventPayload,
  newEventId,
  newObjectId,
  readEventRow,
  storeEvents,
  type EventRow,
  type EventToStore,
} from './support/stored-events.js';

const THIN_TYPE = 'v1.billing.meter.error_report_triggered';
/** As documented: after so many attempts an event is given up. */
const MAX_ATTEMPTS = 12;

interface Call {
  handler: string;
  event: AnyStripeEvent;
  context: StripeEventContext<EntityManager>;
}

/** What the handlers were called with, and what they do: by project, so that no test sees another's. */
const calls = new Map<string, Call[]>();
const behaviours = new Map<string, (call: Call) => unknown>();

function called(handler: string, event: AnyStripeEvent, context: StripeEventContext<EntityManager>): unknown {
  const call = { handler, event, context };
  calls.set(context.projectId, [...(calls.get(context.projectId) ?? []), call]);
  return behaviours.get(context.projectId)?.(call);
}

@Injectable()
class Billing {
  @OnStripeEvent('invoice.paid')
  onPaid(event: Stripe.InvoicePaidEvent, context: StripeEventContext<EntityManager>): unknown {
    return called('Billing.onPaid', event, context);
  }

  @OnStripeEvent('charge.succeeded', 'charge.failed')
  onCharge(
    event: Stripe.ChargeSucceededEvent | Stripe.ChargeFailedEvent,
    context: StripeEventContext<EntityManager>,
  ): unknown {
    return called('Billing.onCharge', event, context);
  }

  @OnStripeEvent('customer.*')
  onCustomer(event: AnyStripeEvent, context: StripeEventContext<EntityManager>): unknown {
    return called('Billing.onCustomer', event, context);
  }

  @OnStripeEvent(THIN_TYPE)
  onThin(event: StripeEventOf<typeof THIN_TYPE>, context: StripeEventContext<EntityManager>): unknown {
    return called('Billing.onThin', event, context);
  }
}

/** Stands behind Billing in the order of the providers. */
@Injectable()
class Shipping {
  @OnStripeEvent('charge.succeeded')
  onCharge(event: Stripe.ChargeSucceededEvent, context: StripeEventContext<EntityManager>): unknown {
    return called('Shipping.onCharge', event, context);
  }
}

@Controller('hooks')
class Hooks {
  @OnStripeEvent('charge.failed')
  onFailed(event: Stripe.ChargeFailedEvent, context: StripeEventContext<EntityManager>): unknown {
    return called('Hooks.onFailed', event, context);
  }
}

class CardDeclined extends Error {
  override name = 'CardDeclined';
}

/** How many events of one project a worker handles side by side: half of all. */
const LANES = 4;

const keyRing = testKeyRing();
let log = '';
let host: EventHost;
let projectId: string;

const startHost = (database?: EventHost['database'], providers: Type[] = [Billing, Shipping]) =>
  startEventHost({
    providers,
    controllers: [Hooks],
    keyRing,
    logDestination: { write: (line) => void (log += line) },
    eventsAtOnce: 2 * LANES,
    ...(database && { database }),
  });

beforeAll(async () => {
  host = await startHost();
  await host.database.query('CREATE TABLE effects (event_id text NOT NULL, handler text NOT NULL)');
});
afterAll(() => host.stop());
beforeEach(() => {
  projectId = randomUUID();
});
afterEach(async () => {
  // Nothing of a test goes on in the next.
  behaviours.clear();
  await host.database.query(`UPDATE stripe_events SET status = 'skipped' WHERE status = 'pending'`);
});

const handlersCalled = () => (calls.get(projectId) ?? []).map(({ handler }) => handler);
const idsCalled = () => (calls.get(projectId) ?? []).map(({ event }) => event.id);
const behave = (behaviour: (call: Call) => unknown) => behaviours.set(projectId, behaviour);

/** Stores events of the test's project and lets the host look for them. */
async function store(...events: Omit<EventToStore, 'projectId'>[]): Promise<[string, ...string[]]> {
  const ids = await storeEvents(
    host.database,
    host.sealer,
    events.map((event) => ({ ...event, projectId })),
  );
  host.wake();
  return ids as [string, ...string[]];
}

async function until(id: string, what: string, is: (row: EventRow) => boolean): Promise<EventRow> {
  return eventually(`${id} is ${what}`, async () => {
    const row = await readEventRow(host.database, id);
    return is(row) && row;
  });
}
const untilHandled = (id: string) => until(id, 'handled', ({ status }) => status === 'handled');
/** Until so many attempts have failed. */
const untilFailed = (id: string, attempts: number) =>
  until(id, 'failed', (row) => row.attempts === attempts && row.last_error !== null && !row.is_due);

/** Lets an event be tried again now, and forgets the last error, so that the next one can be distinguished. */
async function retry(id: string): Promise<void> {
  await host.database.query(
    `UPDATE stripe_events SET available_at = now(), last_error = NULL WHERE event_id = $1 AND status = 'pending'`,
    [id],
  );
  host.wake();
}

async function setAttempts(id: string, attempts: number): Promise<void> {
  await host.database.query('UPDATE stripe_events SET attempts = $2 WHERE event_id = $1', [id, attempts]);
}

async function rowText(id: string): Promise<string> {
  const [row] = await host.database.query<{ text: string }>(
    'SELECT event::text AS text FROM stripe_events AS event WHERE event_id = $1',
    [id],
  );
  return row?.text ?? '';
}

/** Writes through the worker's transaction. */
const write = ({ handler, event, context }: Call) =>
  context.transaction.query('INSERT INTO effects (event_id, handler) VALUES ($1, $2)', [event.id, handler]);

async function effectsOf(id: string): Promise<string[]> {
  const rows = await host.database.query<{ handler: string }>(
    'SELECT handler FROM effects WHERE event_id = $1 ORDER BY handler',
    [id],
  );
  return rows.map(({ handler }) => handler);
}

/** Something that happens once. */
class Latch {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** Takes webhooks for a new project; gives the secret that signs them. */
async function takeWebhooks(): Promise<Secret> {
  projectId = await host.createProject();
  const secret = fakeCredential('test_webhook_secret', projectId);
  const { status } = await host.request('PUT', configPath(projectId), {
    body: { test_webhook_secret: secret },
  });
  expect(status).toBe(200);
  return new Secret(secret);
}

describe('an event is handed on', () => {
  it.each([
    ['invoice.paid', ['Billing.onPaid']],
    ['charge.succeeded', ['Billing.onCharge', 'Shipping.onCharge']],
    ['charge.failed', ['Billing.onCharge', 'Hooks.onFailed']],
    ['customer.created', ['Billing.onCustomer']],
    ['customer.subscription.deleted', ['Billing.onCustomer']],
    [THIN_TYPE, ['Billing.onThin']],
  ])('%s to %j', async (type, handlers) => {
    const [id] = await store({ type });
    expect(await untilHandled(id)).toEqual({
      event_id: id,
      status: 'handled',
      attempts: 1,
      last_error: null,
      is_finished: true,
      is_due: false,
      seconds_left: expect.any(Number) as unknown,
    });
    expect(handlersCalled()).toEqual(handlers);
  });

  it('as it came, and with its project, mode and attempt', async () => {
    const id = newEventId();
    const payload = `{ "id": "${id}", "type": "invoice.paid", "livemode": true, "data": {"object": {"ü": [1, null, "\\u0000"]}}}`;
    await store({ id, mode: 'live', payload });
    await untilHandled(id);
    const [call] = calls.get(projectId) ?? [];
    expect(call?.event).toStrictEqual(JSON.parse(payload));
    expect(call?.context).toMatchObject({ projectId, mode: 'live', attempt: 1 });
    expect(call?.context.signal.aborted).toBe(false);
  });

  it('to each handler apart: none sees what another made of it', async () => {
    behave(({ event }) => {
      const { type } = event;
      (event as { type: string }).type = 'changed';
      expect(type).toBe('charge.succeeded');
    });
    const [id] = await store({ type: 'charge.succeeded' });
    await untilHandled(id);
    expect(handlersCalled()).toHaveLength(2);
  });

  it('once, also when it is looked for again', async () => {
    const [id] = await store({});
    await untilHandled(id);
    const [next] = await store({});
    await untilHandled(next);
    expect(idsCalled()).toEqual([id, next]);
  });

  it('while a webhook that is sent again has its row locked', async () => {
    const [id] = await store({ availableAt: '2100-01-01T00:00:00Z' });
    const again = new pg.Client(host.database.url);
    await again.connect();
    await again.query('BEGIN');
    await again.query('SELECT FROM stripe_events WHERE event_id = $1 FOR KEY SHARE', [id]);
    await retry(id);

    expect(await untilHandled(id)).toMatchObject({ attempts: 1 });
    await again.end();
  });

  it('to nobody when nobody wants it: it is skipped', async () => {
    const [id] = await store({ type: 'payout.paid' });
    const row = await until(id, 'skipped', ({ status }) => status === 'skipped');
    expect(row).toMatchObject({ last_error: null, is_finished: true });
    expect(handlersCalled()).toEqual([]);
  });

  it('also when it was stored while no host looked', async () => {
    const [id] = await storeEvents(host.database, host.sealer, [{ projectId }]);
    await untilHandled(id ?? '');
    expect(idsCalled()).toEqual([id]);
  });

  it('never by a host whose handler is made for each request: it does not start', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @OnStripeEvent('*')
      on(): void {
        // Nothing to do.
      }
    }
    await expect(startHost(host.database, [PerRequest])).rejects.toThrow(/PerRequest.*default scope/);
  });
});

describe('a webhook is acknowledged', () => {
  async function send(type: string): Promise<{ id: string; status: number }> {
    const { id, payload, signature } = makeTestEvent(type, 'test', await takeWebhooks());
    return {
      id,
      ...(await host.request('POST', webhookPath(projectId, 'test'), {
        subject: null,
        body: payload,
        headers: { 'stripe-signature': signature },
      })),
    };
  }

  it('although its handler hangs', async () => {
    const latch = new Latch();
    const secret = await takeWebhooks();
    behave(() => latch.opened);
    const { id, payload, signature } = makeTestEvent('invoice.paid', 'test', secret);
    const options = { subject: null, body: payload, headers: { 'stripe-signature': signature } };
    const { status } = await host.request('POST', webhookPath(projectId, 'test'), options);
    expect(status).toBe(200);
    await eventually('the handler is called', () => idsCalled().includes(id));
    expect((await readEventRow(host.database, id)).status).toBe('pending');
    // Sent again meanwhile, it is acknowledged again.
    expect((await host.request('POST', webhookPath(projectId, 'test'), options)).status).toBe(200);
    latch.open();
    await untilHandled(id);
    expect(idsCalled()).toEqual([id]);
  });

  it('although its handler throws', async () => {
    const secret = await takeWebhooks();
    behave(() => {
      throw new CardDeclined('no');
    });
    const { id, payload, signature } = makeTestEvent('invoice.paid', 'test', secret);
    const options = { subject: null, body: payload, headers: { 'stripe-signature': signature } };
    expect((await host.request('POST', webhookPath(projectId, 'test'), options)).status).toBe(200);
    await untilFailed(id, 1);
  });

  it('although nobody wants its event', async () => {
    const { id, status } = await send('payout.paid');
    expect(status).toBe(200);
    await until(id, 'skipped', (row) => row.status === 'skipped');
  });
});

describe('a handler that fails', () => {
  it('is called again later, and each pause is longer', async () => {
    const pauses: number[] = [];
    behave(({ context }) => {
      if (context.attempt <= 3) throw new CardDeclined('no');
    });
    const [id] = await store({});
    for (const attempt of [1, 2, 3]) {
      const row = await untilFailed(id, attempt);
      expect(row).toMatchObject({ status: 'pending', is_finished: false, is_due: false });
      pauses.push(row.seconds_left);
      await retry(id);
    }
    expect(await untilHandled(id)).toMatchObject({ attempts: 4, last_error: null, is_finished: true });
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(new Set(pauses.map((pause) => Math.round(pause))).size).toBe(3);
    expect((calls.get(projectId) ?? []).map(({ context }) => context.attempt)).toEqual([1, 2, 3, 4]);
  });

  it('leaves its name and the class of its error, and nothing of the text', async () => {
    const canary = randomUUID();
    behave(({ handler }) => {
      if (handler !== 'Shipping.onCharge') return;
      throw new CardDeclined(`${canary}\n    at ${canary}`, { cause: new Error(canary) });
    });
    const [id] = await store({ type: 'charge.succeeded' });
    const row = await untilFailed(id, 1);
    expect(row.last_error).toBe('Shipping.onCharge: CardDeclined');
    expect(await rowText(id)).not.toContain(canary);
    const line = await eventually('it is logged', () => log.split('\n').find((each) => each.includes(id)));
    expect(JSON.parse(line)).toMatchObject({
      handler: 'Shipping.onCharge',
      error: 'CardDeclined',
      projectId,
      attempts: 1,
    });
    expect(log).not.toContain(canary);
  });

  it.each<[string, (canary: string) => unknown, string]>([
    ['a text', (canary) => canary, 'string'],
    ['nothing', () => undefined, 'undefined'],
    ['an object', (canary) => ({ message: canary }), 'object'],
    ['an error with a code', () => Object.assign(new TypeError(), { code: 'E_DOWN' }), 'TypeError: E_DOWN'],
    [
      'an error with a code that is a text',
      (canary) => Object.assign(new TypeError(), { code: `no ${canary}` }),
      'TypeError',
    ],
  ])('may throw %s', async (_name, make, description) => {
    const canary = randomUUID();
    behave(() => {
      throw make(canary) as Error;
    });
    const [id] = await store({});
    expect((await untilFailed(id, 1)).last_error).toBe(`Billing.onPaid: ${description}`);
    expect(await rowText(id)).not.toContain(canary);
    expect(log).not.toContain(canary);
  });

  it('may have an error of any length of name', async () => {
    const LongNamed = { ['E'.repeat(300)]: class extends Error {} }['E'.repeat(300)] ?? Error;
    behave(() => {
      throw new LongNamed();
    });
    const [id] = await store({});
    expect((await untilFailed(id, 1)).last_error).toMatch(/^Billing\.onPaid: E+$/);
  });

  it('does not keep other events from being handled', async () => {
    const bad = newEventId();
    const good = [newEventId(), newEventId()];
    behave(({ event }) => {
      if (event.id === bad) throw new CardDeclined('no');
    });
    await store({ id: bad }, ...good.map((id) => ({ id })));
    await Promise.all(good.map(untilHandled));
    await untilFailed(bad, 1);
  });
});

describe(`after ${MAX_ATTEMPTS} attempts`, () => {
  const failAlways = () =>
    behave(() => {
      throw new CardDeclined('no');
    });

  it('an event is given up, not before', async () => {
    failAlways();
    const [id] = await store({ attempts: MAX_ATTEMPTS - 2 });
    expect(await untilFailed(id, MAX_ATTEMPTS - 1)).toMatchObject({ status: 'pending' });
    await retry(id);
    const row = await until(id, 'given up', ({ status }) => status === 'failed');
    expect(row).toMatchObject({
      attempts: MAX_ATTEMPTS,
      last_error: 'Billing.onPaid: CardDeclined',
      is_finished: true,
    });
    // And it is not taken up again.
    await host.database.query('UPDATE stripe_events SET available_at = now() WHERE event_id = $1', [id]);
    const [next] = await store({ mode: 'live' });
    await untilFailed(next, 1);
    expect(idsCalled().filter((each) => each === id)).toHaveLength(2);
  });

  it('an event is given up also when each of them ended its process', async () => {
    // The lease of the last attempt is over, and nobody has noted how that ended.
    const [id] = await store({ attempts: MAX_ATTEMPTS });
    const row = await until(id, 'given up', ({ status }) => status !== 'pending');
    expect(row).toMatchObject({ status: 'failed', is_finished: true });
    expect(idsCalled()).toEqual([]);
  });

  it('the last pause is no longer than an hour', async () => {
    failAlways();
    const [id] = await store({ attempts: MAX_ATTEMPTS - 2 });
    expect((await untilFailed(id, MAX_ATTEMPTS - 1)).seconds_left).toBeLessThanOrEqual(3_600);
  });

  it('its owner finds it, and has it handled again', async () => {
    projectId = await host.createProject();
    failAlways();
    const [id] = await store({ attempts: MAX_ATTEMPTS - 1 });
    await until(id, 'given up', ({ status }) => status === 'failed');
    const { json } = await host.request('GET', projectPath(projectId, 'events?status=failed'));
    expect(json).toMatchObject({
      events: [{ id, status: 'failed', attempts: MAX_ATTEMPTS, next_attempt_at: null }],
      next_cursor: null,
    });

    const latch = new Latch();
    behave(() => latch.opened);
    const replay = await host.request('POST', projectPath(projectId, `events/test/${id}/replay`));
    expect(replay).toMatchObject({
      status: 200,
      json: { id, status: 'pending', attempts: 0, last_error: null, finished_at: null },
    });
    latch.open();
    expect(await untilHandled(id)).toMatchObject({ attempts: 1, last_error: null });
    expect(idsCalled()).toEqual([id, id]);
  });

  it('all failed ones can be had again at once', async () => {
    projectId = await host.createProject();
    failAlways();
    const ids = await store(
      { attempts: MAX_ATTEMPTS - 1 },
      { attempts: MAX_ATTEMPTS - 1 },
      { attempts: MAX_ATTEMPTS - 1, mode: 'live' },
    );
    for (const id of ids) await until(id, 'given up', ({ status }) => status === 'failed');
    behaviours.clear();
    const { json } = await host.request('POST', projectPath(projectId, 'events/replay'));
    expect(json).toEqual({ replayed: 3 });
    for (const id of ids) expect(await untilHandled(id)).toMatchObject({ attempts: 1 });
  });
});

describe('what a handler writes through the transaction', () => {
  it('is committed together with the mark, not before', async () => {
    const [written, end] = [new Latch(), new Latch()];
    behave(async (call) => {
      await write(call);
      written.open();
      await end.opened;
    });
    const [id] = await store({});
    await written.opened;
    expect(await effectsOf(id)).toEqual([]);
    expect((await readEventRow(host.database, id)).status).toBe('pending');
    end.open();
    await untilHandled(id);
    expect(await effectsOf(id)).toEqual(['Billing.onPaid']);
  });

  it.each(['Billing.onCharge', 'Shipping.onCharge'])(
    'is undone when %s fails, whichever wrote it',
    async (failing) => {
      behave(async (call) => {
        await write(call);
        if (call.handler === failing && call.context.attempt === 1) throw new CardDeclined('no');
      });
      const [id] = await store({ type: 'charge.succeeded' });
      expect((await untilFailed(id, 1)).last_error).toBe(`${failing}: CardDeclined`);
      expect(await effectsOf(id)).toEqual([]);
      await retry(id);
      await untilHandled(id);
      expect(await effectsOf(id)).toEqual(['Billing.onCharge', 'Shipping.onCharge']);
    },
  );

  it('is undone when a handler swallows a failed statement', async () => {
    behave(async (call) => {
      await write(call);
      if (call.context.attempt === 1)
        await call.context.transaction.query('SELECT 1/0').catch(() => undefined);
    });
    const [id] = await store({});
    await untilFailed(id, 1);
    expect(await effectsOf(id)).toEqual([]);
    await retry(id);
    await untilHandled(id);
    expect(await effectsOf(id)).toEqual(['Billing.onPaid']);
  });

  it('is undone when the mark cannot be made', async () => {
    behave(write);
    const id = newEventId();
    await host.database.query(
      `CREATE FUNCTION refuse_mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
    );
    await host.database.query(
      `CREATE TRIGGER refuse_mark BEFORE UPDATE ON stripe_events FOR EACH ROW
       WHEN (NEW.event_id = '${id}' AND NEW.status = 'handled') EXECUTE FUNCTION refuse_mark()`,
    );
    try {
      await store({ id });
      await untilFailed(id, 1);
      expect(await effectsOf(id)).toEqual([]);
    } finally {
      await host.database.query('DROP FUNCTION refuse_mark CASCADE');
    }
    await retry(id);
    await untilHandled(id);
    expect(await effectsOf(id)).toEqual(['Billing.onPaid']);
  });

  it('is undone when the connection breaks', async () => {
    behave(async (call) => {
      await write(call);
      if (call.context.attempt > 1) return;
      const rows = await call.context.transaction.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await host.database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    });
    const [id] = await store({});
    await untilFailed(id, 1);
    expect(await effectsOf(id)).toEqual([]);
    await retry(id);
    await untilHandled(id);
    expect(await effectsOf(id)).toEqual(['Billing.onPaid']);
  });
});

describe('one event at a time for an object', () => {
  /** How many handlers run at once for each name, and the most there were. */
  class Overlaps {
    private readonly running = new Map<string, number>();
    most = 0;

    async during(name: string, work: () => Promise<unknown>): Promise<void> {
      const count = (this.running.get(name) ?? 0) + 1;
      this.running.set(name, count);
      this.most = Math.max(this.most, count);
      try {
        await work();
      } finally {
        this.running.set(name, (this.running.get(name) ?? 0) - 1);
      }
    }
  }

  let second: EventHost;
  beforeAll(async () => {
    second = await startHost(host.database);
  });
  afterAll(() => second.stop());

  const objectOf = ({ event, context }: Call) => {
    const object = (event as Stripe.InvoicePaidEvent).data.object as { id?: string };
    return `${context.projectId} ${context.mode} ${object.id ?? event.id}`;
  };

  it('also with two hosts, while those of others are handled', async () => {
    const latch = new Latch();
    const objectId = newObjectId();
    const first = newEventId();
    behave(({ event }) => (event.id === first ? latch.opened : undefined));
    await store({ id: first, objectId });
    await eventually('the first is begun', () => idsCalled().includes(first));
    const [same, other, otherMode, ...without] = await store(
      { objectId },
      { objectId: newObjectId() },
      { objectId, mode: 'live' },
      {},
      {},
    );
    second.wake();
    // The other host is free, and takes up all of them.
    for (const id of [other ?? '', otherMode ?? '', ...without]) await untilHandled(id);
    // By the host of the first, which keeps it behind that, or by the other, which puts it back.
    await eventually('the second was looked at', async () => {
      const [row] = await host.database.query<{ moved: boolean }>(
        `SELECT status = 'handled' OR available_at > received_at AS moved
         FROM stripe_events WHERE event_id = $1`,
        [same],
      );
      return row?.moved;
    });
    expect(idsCalled()).not.toContain(same);
    // Still in its first attempt.
    expect(await readEventRow(host.database, first)).toMatchObject({ status: 'pending', last_error: null });
    latch.open();
    await untilHandled(first);
    // Having waited was no attempt.
    expect(await untilHandled(same)).toMatchObject({ attempts: 1 });
  });

  it('is not so for another project', async () => {
    const latch = new Latch();
    const [one, another] = [projectId, randomUUID()];
    const objectId = newObjectId();
    behaviours.set(one, () => latch.opened);
    const [held] = await store({ objectId });
    await eventually('the first is begun', () => idsCalled().includes(held));
    const [id] = await storeEvents(host.database, host.sealer, [{ projectId: another, objectId }]);
    second.wake();
    await untilHandled(id ?? '');
    // Still in its first attempt.
    expect(await readEventRow(host.database, held)).toMatchObject({ status: 'pending', last_error: null });
    latch.open();
    await untilHandled(held);
  });

  it('while different objects, and events without one, run side by side', async () => {
    const all = new Latch();
    let begun = 0;
    behave(async () => {
      begun += 1;
      if (begun === 4) all.open();
      await all.opened;
    });
    const ids = await store({ objectId: newObjectId() }, { objectId: newObjectId() }, {}, {});
    await Promise.all(ids.map(untilHandled));
    expect(begun).toBe(4);
  });

  it('holds for many events of few objects, and each is handled once', async () => {
    const [ofOne, overall] = [new Overlaps(), new Overlaps()];
    behave((call) =>
      overall.during('all', () =>
        ofOne.during(objectOf(call), async () => {
          await write(call);
          await call.context.transaction.query('SELECT pg_sleep(0.002)');
        }),
      ),
    );
    const objects = Array.from({ length: 5 }, newObjectId);
    const events = Array.from({ length: 60 }, (_, index) => ({ objectId: objects[index % 5] ?? null }));
    const ids = await store(...events);
    second.wake();
    await Promise.all(ids.map(untilHandled));
    expect(ofOne.most).toBe(1);
    expect(overall.most).toBeGreaterThan(1);
    expect(idsCalled().sort()).toEqual([...ids].sort());
    for (const id of ids) expect(await effectsOf(id)).toHaveLength(1);
  });

  it('an event in the hands of one host is left alone by the other when its lease is over', async () => {
    const latch = new Latch();
    const id = newEventId();
    behave(({ event }) => (event.id === id ? latch.opened : undefined));
    // A lease that is over as soon as it is taken.
    await host.database.query(
      `CREATE FUNCTION no_lease() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN NEW.available_at := now(); RETURN NEW; END $$`,
    );
    await host.database.query(
      `CREATE TRIGGER no_lease BEFORE UPDATE ON stripe_events FOR EACH ROW
       WHEN (NEW.event_id = '${id}') EXECUTE FUNCTION no_lease()`,
    );
    try {
      await store({ id });
      await eventually('it is begun', () => idsCalled().includes(id));
      const [next] = await storeEvents(host.database, host.sealer, [{ projectId }]);
      second.wake();
      await untilHandled(next ?? '');
      latch.open();
      await untilHandled(id);
      expect(idsCalled().filter((each) => each === id)).toHaveLength(1);
      expect(await readEventRow(host.database, id)).toMatchObject({ attempts: 1 });
    } finally {
      latch.open();
      await host.database.query('DROP FUNCTION no_lease CASCADE');
    }
  });

  it('ends with a failure: the next one need not wait for the pause', async () => {
    const objectId = newObjectId();
    const bad = newEventId();
    behave(({ event }) => {
      if (event.id === bad) throw new CardDeclined('no');
    });
    const [, good] = await store({ id: bad, objectId }, { objectId });
    await untilFailed(bad, 1);
    await untilHandled(good ?? '');
  });
});

it('handlers that take longer than the limit are rolled back, aborted, and called again', async () => {
  const ids = [newEventId(), newEventId(), newEventId(), newEventId()] as const;
  const [hanging, , eager, late] = ids;
  const [end, lateWritten] = [new Latch(), new Latch()];
  const refused: unknown[] = [];
  behave(async (call) => {
    await write(call);
    const { signal, attempt } = call.context;
    if (attempt > 1) return;
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    const tryToWrite = () => write(call).catch((error: unknown) => refused.push(error));
    // One hangs, one ends when it is aborted, and two go on writing: at once, and later.
    if (call.event.id === hanging) return end.opened;
    await aborted;
    if (call.event.id === eager) for (let index = 0; index < 20; index++) await tryToWrite();
    if (call.event.id === late) {
      await untilFailed(late, 1);
      await tryToWrite();
      lateWritten.open();
      await end.opened;
    }
  });
  await store(...ids.map((id) => ({ id, type: 'charge.succeeded' })));
  await eventually('all have begun', () => idsCalled().length === LANES);
  const calledInTime = calls.get(projectId) ?? [];

  for (const id of ids) expect((await untilFailed(id, 1)).last_error).toMatch(/\bHandlerTimeout$/);
  for (const { context } of calledInTime) expect(context.signal.aborted).toBe(true);
  await lateWritten.opened;
  expect(refused.length).toBeGreaterThan(0);
  for (const id of ids) expect(await effectsOf(id)).toEqual([]);
  // Of an attempt whose time was over, no further handler is begun.
  expect(handlersCalled()).toEqual(ids.map(() => 'Billing.onCharge'));

  for (const id of ids) {
    await retry(id);
    expect(await untilHandled(id)).toMatchObject({ attempts: 2, last_error: null });
    expect(await effectsOf(id)).toEqual(['Billing.onCharge', 'Shipping.onCharge']);
  }
  end.open();
});

describe('stopping a host', () => {
  it('ends what runs, and gives back at once what it had only claimed', async () => {
    const leaving = await startHost(host.database);
    const worker = leaving.app.get(EventWorker);
    const stop = jest.spyOn(worker, 'beforeApplicationShutdown');
    const latch = new Latch();
    let closed = false;
    await pauseOthers(async () => {
      behave(async (call) => {
        await write(call);
        await latch.opened;
      });
      const ids = await storeEvents(
        host.database,
        host.sealer,
        Array.from({ length: 16 }, () => ({ projectId })),
      );
      leaving.wake();
      await eventually('all are claimed, and each lane has begun', async () => {
        const rows = await Promise.all(ids.map((id) => readEventRow(host.database, id)));
        return rows.every(({ is_due }) => !is_due) && idsCalled().length === LANES;
      });
      const begun = idsCalled();
      const closing = leaving.stop().then(() => (closed = true));
      await eventually('it is told to stop', () => stop.mock.calls.length > 0);
      expect(closed).toBe(false);
      latch.open();
      await closing;

      expect(idsCalled()).toEqual(begun);
      expect(begun.length).toBeLessThan(ids.length);
      for (const id of ids) {
        const wasBegun = begun.includes(id);
        expect(await readEventRow(host.database, id)).toMatchObject(
          wasBegun
            ? { status: 'handled', attempts: 1 }
            : { status: 'pending', attempts: 0, is_due: true, last_error: null },
        );
        expect(await effectsOf(id)).toHaveLength(wasBegun ? 1 : 0);
      }
    });
  });

  /** Stops the file's own host meanwhile, so that the leaving one takes everything. */
  async function pauseOthers(work: () => Promise<void>): Promise<void> {
    await host.app.close();
    try {
      await work();
    } finally {
      host = await startHost(host.database);
    }
  }
});

describe('an event that cannot be opened', () => {
  const damage = (id: string) =>
    queryWithoutTriggers(
      host.database,
      `UPDATE stripe_events SET available_at = now(), payload_sealed =
         overlay(payload_sealed PLACING CASE substr(payload_sealed, 40, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM 40)
       WHERE event_id = $1`,
      [id],
    );

  it('stays stored and is tried again, and others go on', async () => {
    const canary = randomUUID();
    const id = newEventId();
    const far = '2100-01-01T00:00:00Z';
    await store({ id, availableAt: far, payload: eventPayload({ id, type: canary }) });
    await damage(id);
    const [good] = await store({});
    await untilHandled(good);
    const row = await untilFailed(id, 1);
    expect(row).toMatchObject({ status: 'pending', last_error: 'UnsealError' });
    expect(idsCalled()).toEqual([good]);
    expect(log).not.toContain(canary);
    await setAttempts(id, MAX_ATTEMPTS - 1);
    await retry(id);
    await until(id, 'given up', ({ status }) => status === 'failed');
  });

  it('is handled once the ring has its key again', async () => {
    const { ring } = host.keys;
    const [id] = await store({ availableAt: '2100-01-01T00:00:00Z' });
    host.keys.replace(testKeyRing());
    try {
      await retry(id);
      expect(await untilFailed(id, 1)).toMatchObject({ status: 'pending', last_error: 'UnsealError' });
    } finally {
      host.keys.replace(ring);
    }
    await retry(id);
    expect(await untilHandled(id)).toMatchObject({ attempts: 2 });
  });

  it('under another project, mode or id is not taken for one of it', async () => {
    const [id, other] = [newEventId(), newEventId()];
    await store(
      { id, availableAt: '2100-01-01T00:00:00Z' },
      { id: other, availableAt: '2100-01-01T00:00:00Z' },
    );
    await host.database.query(
      `UPDATE stripe_events SET payload_sealed = (SELECT payload_sealed FROM stripe_events WHERE event_id = $2)
       WHERE event_id = $1`,
      [id, other],
    );
    await retry(id);
    expect(await untilFailed(id, 1)).toMatchObject({ last_error: 'UnsealError' });
    expect(idsCalled()).toEqual([]);
  });
});

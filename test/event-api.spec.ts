import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { CurrentKeyRing } from '../src/payments/key-ring/current-key-ring.js';
import type { StripeEventListResponse } from '../src/payments/stripe-webhooks/stripe-event.dto.js';
import { EVENT_STATUSES } from '../src/payments/stripe-webhooks/event-status.js';
import { fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  projectPath,
  webhookPath,
  startTestService,
  testKeyRing,
  type TestService,
} from './support/service.js';
import {
  eventPayload,
  newEventId,
  newObjectId,
  readEventRow,
  storeEvents,
  type EventToStore,
} from './support/stored-events.js';
import { sendWebhook, signatureOf, snapshotEvent, thinEvent } from './support/webhooks.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
/** As many as a page has when no limit is asked. */
const DEFAULT_LIMIT = 20;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;
/** So that the service's own worker leaves a pending event alone. */
const FAR_AWAY = '2100-01-01T00:00:00.000Z';

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const get = (rest = '', id = projectId, subject: string | null = 'alice') =>
  service.request('GET', projectPath(id, `events${rest}`), { subject });
const post = (rest: string, id = projectId, subject: string | null = 'alice') =>
  service.request('POST', projectPath(id, `events${rest}`), { subject });

/** Stores events of the project that are done with, unless they say otherwise. */
const store = (...events: Partial<EventToStore>[]) =>
  storeEvents(
    service.database,
    service.app.get(Sealer),
    events.map((event) => ({ projectId, status: 'handled', ...event })),
  ) as Promise<[string, ...string[]]>;

async function page(query = ''): Promise<StripeEventListResponse> {
  const { status, json } = await get(query);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as StripeEventListResponse;
}
const idsOf = ({ events }: StripeEventListResponse) => events.map(({ id }) => id);

async function pagesOf(
  limit: number,
  query = '',
  betweenPages = () => Promise.resolve(),
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const next: StripeEventListResponse = await page(
      `?limit=${limit}${query}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    pages.push(idsOf(next));
    cursor = next.next_cursor;
    await betweenPages();
  }
  return pages;
}

describe('the list of events', () => {
  it('is empty before the first event', async () => {
    const { status, headers, json } = await get();
    expect({ status, json }).toEqual({ status: 200, json: { events: [], next_cursor: null } });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('shows where each stands, newest first, and never a payload', async () => {
    const canary = randomUUID();
    const objectId = newObjectId();
    const [pending] = await store({
      status: 'pending',
      availableAt: FAR_AWAY,
      objectId,
      payload: JSON.stringify({ canary }),
    });
    const [failed] = await store({
      status: 'failed',
      mode: 'live',
      type: 'charge.failed',
      attempts: 12,
      lastError: 'Shop.on: TypeError',
      receivedAt: '2020-01-01T00:00:00Z',
    });
    const { json, text } = await get();
    expect(json).toStrictEqual({
      events: [
        {
          id: pending,
          mode: 'test',
          type: 'invoice.paid',
          object_id: objectId,
          created_at: TIME,
          received_at: TIME,
          status: 'pending',
          attempts: 0,
          next_attempt_at: FAR_AWAY,
          finished_at: null,
          last_error: null,
        },
        {
          id: failed,
          mode: 'live',
          type: 'charge.failed',
          object_id: null,
          created_at: TIME,
          received_at: '2020-01-01T00:00:00.000Z',
          status: 'failed',
          attempts: 12,
          next_attempt_at: null,
          finished_at: TIME,
          last_error: 'Shop.on: TypeError',
        },
      ],
      next_cursor: null,
    });
    const [row] = await service.database.query<{ payload_sealed: string }>(
      'SELECT payload_sealed FROM stripe_events WHERE event_id = $1',
      [pending],
    );
    expect(text).not.toContain(canary);
    expect(text).not.toContain(row?.payload_sealed ?? '');
  });

  it('is of the project alone, however its id is written', async () => {
    const [id] = await store({});
    const other = await service.createProject();
    expect((await get('', other)).json).toEqual({ events: [], next_cursor: null });
    expect((await get('', projectId.toUpperCase())).json).toMatchObject({ events: [{ id }] });
  });

  it.each([
    ['mode', 'live'],
    ['type', 'charge.failed'],
    ['status', 'failed'],
    ['object_id', 'ch_wanted'],
  ])('is narrowed by %s', async (name, value) => {
    const wanted = { mode: 'live', type: 'charge.failed', status: 'failed', objectId: 'ch_wanted' } as const;
    const key = name === 'object_id' ? 'objectId' : (name as 'mode' | 'type' | 'status');
    const [has] = await store({ [key]: wanted[key] }, {}, { objectId: 'ch_other' });
    const others = Object.entries(wanted).filter(([each]) => each !== key);
    await store(Object.fromEntries(others));
    expect(idsOf(await page(`?${name}=${value}`))).toEqual([has]);
  });

  it('is narrowed by all filters together', async () => {
    const all = { mode: 'live', type: 'charge.failed', status: 'failed', objectId: 'ch_1' } as const;
    const [wanted] = await store(
      all,
      { ...all, mode: 'test' },
      { ...all, type: 'charge.fail' },
      { ...all, status: 'skipped' },
      { ...all, objectId: 'ch_11' },
    );
    const query = '?mode=live&type=charge.failed&status=failed&object_id=ch_1';
    expect(idsOf(await page(query))).toEqual([wanted]);
  });

  it.each(EVENT_STATUSES)('finds those that are %s', async (status) => {
    await store(...EVENT_STATUSES.map((each) => ({ status: each, availableAt: FAR_AWAY })));
    expect((await page(`?status=${status}`)).events.map((event) => event.status)).toEqual([status]);
  });

  it.each([
    'mode=TEST',
    'mode=',
    'mode=test&mode=test',
    'status=done',
    'status=',
    'type=',
    'type=%00',
    'type=a%20b',
    `type=${'a'.repeat(256)}`,
    'type=a&type=b',
    'object_id=',
    'object_id=%00',
    'object_id=%C3%BC',
    `object_id=${'a'.repeat(256)}`,
    'object_id=a&object_id=b',
    ...['0', '101', '-1', '1.5', '1e1', 'ten', '', '%201', '0x10', '9'.repeat(400), '1&limit=2'].map(
      (limit) => `limit=${limit}`,
    ),
  ])('refuses %s', async (query) => {
    const name = /^\w+/.exec(query)?.[0] ?? '';
    expectInvalid(await get(`?${query}`), [{ loc: ['query', name], type: 'out_of_range' }]);
  });
});

describe('paging through events', () => {
  it.each([1, 2, 3, 7, 8, 100])(
    'by %i gives each once, newest first, also those of one time',
    async (limit) => {
      const receivedAt = '2025-05-05T05:05:05.005Z';
      const same = await store(
        ...['evt_B', 'evt_a', 'evt_10', 'evt_9', 'evt_-'].flatMap((id) => [
          { id, receivedAt },
          { id, receivedAt, mode: 'live' as const },
        ]),
      );
      const [newest] = await store({ receivedAt: '2025-05-05T05:05:05.006Z' });
      const [oldest] = await store({ receivedAt: '2025-05-05T05:05:05.004Z' });
      const pages = await pagesOf(limit);
      const all = pages.flat();
      expect(all[0]).toBe(newest);
      expect(all.at(-1)).toBe(oldest);
      expect([...all].sort()).toEqual([...same, newest, oldest].sort());
      expect(pages).toHaveLength(Math.ceil(12 / limit));
      expect((await pagesOf(100)).flat()).toEqual(all);
    },
  );

  it('keeps to the filters', async () => {
    const wanted = await store(...Array.from({ length: 5 }, () => ({ objectId: 'in_1' })));
    await store(...Array.from({ length: 5 }, () => ({ objectId: 'in_2' })));
    const pages = await pagesOf(2, '&object_id=in_1');
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat().sort()).toEqual([...wanted].sort());
  });

  it('gives each once also while new ones arrive', async () => {
    const first = await store(...Array.from({ length: 7 }, () => ({ receivedAt: '2025-01-01T00:00:00Z' })));
    const pages = await pagesOf(2, '', async () => {
      await store({});
    });
    expect(pages.flat().sort()).toEqual([...first].sort());
  });

  it(`gives ${DEFAULT_LIMIT} unless asked for another number`, async () => {
    await store(...Array.from({ length: DEFAULT_LIMIT + 1 }, () => ({})));
    const first = await page();
    expect(first.events).toHaveLength(DEFAULT_LIMIT);
    const rest = await page(`?cursor=${first.next_cursor ?? ''}`);
    expect(rest.events).toHaveLength(1);
    expect(rest.next_cursor).toBeNull();
  });

  const cursor = (text: string) => Buffer.from(text).toString('base64url');
  it.each([
    ['', 'nothing'],
    ['x', 'garbage'],
    ['%00', 'a NUL character'],
    [cursor('1 test'), 'a time and mode without an id'],
    [cursor('-1 test evt_1'), 'a negative time'],
    [cursor(`${'9'.repeat(16)} test evt_1`), 'a time beyond all'],
    [cursor('1 Test evt_1'), 'another mode'],
    [cursor('1 test evt 1'), 'an id with a space'],
    [cursor('1 test evt_\0'), 'an id with a NUL'],
    [cursor(`1 test ${'e'.repeat(256)}`), 'an id that is too long'],
    [`${cursor('1 test evt_1')}&cursor=${cursor('2 test evt_1')}`, 'two cursors'],
  ])('refuses cursor=%s, which is %s', async (wrong) => {
    expectInvalid(await get(`?cursor=${wrong}`), [{ loc: ['query', 'cursor'], type: 'invalid_cursor' }]);
  });

  it.each(['0', '999999999999999'])('a cursor of the time %s does no harm', async (time) => {
    const [id] = await store({});
    expect(idsOf(await page(`?cursor=${cursor(`${time} test evt_1`)}`))).toEqual(time === '0' ? [] : [id]);
  });
});

describe('one event', () => {
  it('is shown with what was sent', async () => {
    const id = newEventId();
    const payload = `{ "id": "${id}", "b": [1.50, null, {"ü": "\\u0000\\ud83d\\ude00"}], "a": {}, "toString": 1, "__proto__": {"x": 1}, "livemode": true }`;
    await store({ id, mode: 'live', payload });
    const { status, headers, json } = await get(`/live/${id}`);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const { payload: shown, ...event } = json as { payload: unknown };
    expect(JSON.stringify(shown)).toBe(JSON.stringify(JSON.parse(payload)));
    expect(event).toStrictEqual((await page()).events[0]);
  });

  it('is shown under an id in any letter case of its project', async () => {
    const [id] = await store({});
    expect((await get(`/test/${id}`, projectId.toUpperCase())).json).toMatchObject({ id, payload: { id } });
  });

  const TARGETS: [string, (path: string, id?: string) => ReturnType<typeof get>][] = [
    ['GET', (path, id) => get(path, id)],
    ['replay', (path, id) => post(`${path}/replay`, id)],
  ];

  describe.each(TARGETS)('%s', (_name, ask) => {
    it('is of the project and mode alone', async () => {
      const [id] = await store({ status: 'failed' });
      const other = await service.createProject();
      expectError(await ask(`/test/${id}`, other), 404, 'event_not_found');
      expectError(await ask(`/live/${id}`), 404, 'event_not_found');
      expect((await readEventRow(service.database, id)).status).toBe('failed');
    });

    it.each([
      'evt_none',
      'evt_%F0%9F%98%80',
      '%20',
      'a%2Fb',
      '..%2F..%2Fconfig',
      "'%20OR%20true--",
      '%25',
      '%EF%BF%BD',
      '%00',
      'evt_%00',
      'e'.repeat(256),
      'e'.repeat(1_000),
      '__proto__',
    ])('knows no event %s', async (id) => {
      await store({ id: 'evt_', status: 'failed' });
      expectError(await ask(`/test/${id}`), 404, 'event_not_found');
      expect((await readEventRow(service.database, 'evt_')).status).toBe('failed');
      await service.database.query("DELETE FROM stripe_events WHERE event_id = 'evt_'");
    });

    it('does not take an id with a NUL character for one without', async () => {
      const [id] = await store({ status: 'failed' });
      expectError(await ask(`/test/${id}%00`), 404, 'event_not_found');
      expect((await readEventRow(service.database, id)).status).toBe('failed');
    });

    it.each(['TEST', 'Live', 'x', '%00'])('knows no mode %s', async (mode) => {
      const [id] = await store({ status: 'failed' });
      expect((await ask(`/${mode}/${id}`)).status).toBe(404);
      expect((await readEventRow(service.database, id)).status).toBe('failed');
    });
  });

  it('that cannot be opened is 409, and the list still shows it', async () => {
    const [id] = await store({});
    const keys = service.app.get(CurrentKeyRing);
    const { ring } = keys;
    keys.replace(testKeyRing());
    try {
      expectError(await get(`/test/${id}`), 409, 'secret_unreadable');
      expect(idsOf(await page())).toEqual([id]);
    } finally {
      keys.replace(ring);
    }
    expect((await get(`/test/${id}`)).status).toBe(200);
  });

  it('that was given the payload of another is 409', async () => {
    const [id, other] = await store({}, { payload: eventPayload({ id: 'evt_other' }) });
    await service.database.query(
      `UPDATE stripe_events SET payload_sealed = (SELECT payload_sealed FROM stripe_events WHERE event_id = $2)
       WHERE event_id = $1`,
      [id, other],
    );
    expectError(await get(`/test/${id}`), 409, 'secret_unreadable');
  });
});

describe('replaying', () => {
  it.each(['failed', 'skipped'] as const)('an event that %s has it handled again', async (status) => {
    const [id] = await store({ status, attempts: 12, lastError: 'Shop.on: Error' });
    const answer = await post(`/test/${id}/replay`);
    expect(answer.json).toMatchObject({
      id,
      status: 'pending',
      attempts: 0,
      finished_at: null,
      last_error: null,
      next_attempt_at: TIME,
    });
    expect(answer.json).not.toHaveProperty('payload');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const row = await eventually('it is handled', async () => {
      const each = await readEventRow(service.database, id);
      return each.status === 'handled' && each;
    });
    expect(row).toMatchObject({ attempts: 1, last_error: null });
  });

  it('an event refuses every field, which would be ignored, and takes an empty object', async () => {
    const [id] = await store({ status: 'failed', attempts: 3 });
    const path = projectPath(projectId, `events/test/${id}/replay`);
    expectInvalid(await service.request('POST', path, { body: { type: 'invoice.paid' } }), [
      { loc: ['body', 'type'], type: 'extra_forbidden' },
    ]);
    expectError(await service.request('POST', path, { body: '[' }), 400, 'malformed_body');
    expect(await readEventRow(service.database, id)).toMatchObject({ status: 'failed', attempts: 3 });
    expect((await service.request('POST', path, { body: {} })).status).toBe(200);
  });

  it.each(['handled', 'pending'] as const)('an event that is %s is refused', async (status) => {
    const [id] = await store({ status, attempts: 3, availableAt: FAR_AWAY });
    const before = await readEventRow(service.database, id);
    expectError(await post(`/test/${id}/replay`), 409, 'event_not_replayable');
    expect(await readEventRow(service.database, id)).toMatchObject({
      status,
      attempts: 3,
      is_due: before.is_due,
    });
  });

  it('twice at once has it done once', async () => {
    const [id] = await store({ status: 'failed' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(`/test/${id}/replay`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(409)]);
  });

  it.each([
    ['', 2],
    ['?mode=test', 1],
    ['?mode=live', 1],
  ])('all%s concerns those that failed, of this project only', async (query, count) => {
    const other = await service.createProject();
    await store({ status: 'failed', projectId: other });
    const left = { availableAt: FAR_AWAY, attempts: 7 };
    const [inTest, inLive, skipped, pending] = await store(
      { status: 'failed', attempts: 12, lastError: 'Shop.on: Error' },
      { status: 'failed', attempts: 12, mode: 'live' },
      { status: 'skipped', ...left },
      { status: 'pending', ...left },
    );
    const { status, headers, json } = await post(`/replay${query}`);
    expect({ status, json }).toEqual({ status: 200, json: { replayed: count } });
    expect(headers.get('cache-control')).toBe('no-store');
    for (const [id, mode] of [
      [inTest, 'test'],
      [inLive ?? '', 'live'],
    ] as const) {
      if (query === '' || query.endsWith(mode)) {
        const row = await eventually('it is handled', async () => {
          const each = await readEventRow(service.database, id);
          return each.status === 'handled' && each;
        });
        expect(row).toMatchObject({ attempts: 1, last_error: null });
      } else {
        expect(await readEventRow(service.database, id)).toMatchObject({ status: 'failed', attempts: 12 });
      }
    }
    expect(await readEventRow(service.database, skipped ?? '')).toMatchObject({
      status: 'skipped',
      attempts: 7,
    });
    expect(await readEventRow(service.database, pending ?? '')).toMatchObject({
      status: 'pending',
      attempts: 7,
    });
    expect((await get('?status=failed', other)).json).toMatchObject({ events: [{ status: 'failed' }] });
  });

  it('all when there are none is fine', async () => {
    expect((await post('/replay')).json).toEqual({ replayed: 0 });
  });

  it.each(['mode=x', 'mode=', 'mode=test&mode=live'])('all with %s is refused', async (query) => {
    const [id] = await store({ status: 'failed' });
    expectInvalid(await post(`/replay?${query}`), [{ loc: ['query', 'mode'], type: 'out_of_range' }]);
    expect((await readEventRow(service.database, id)).status).toBe('failed');
  });
});

describe.each([
  ['GET', ''],
  ['GET', '?limit=x'],
  ['GET', '/test/evt_shown'],
  ['POST', '/test/evt_shown/replay'],
  ['POST', '/replay'],
  ['POST', '/replay?mode=x'],
])('%s …/events%s', (method, rest) => {
  it('is for the owner alone, which is checked before anything else', async () => {
    await store({ id: 'evt_shown', status: 'failed' });
    const ask = (id: string, subject: string | null) =>
      service.request(method, projectPath(id, `events${rest}`), { subject });
    expectError(await ask(projectId, null), 401, 'not_authenticated');
    expectError(await ask(projectId, 'mallory'), 403, 'not_project_owner');
    expectError(await ask(UNKNOWN_ID, 'alice'), 404, 'project_not_found');
    expectInvalid(await ask('x', 'alice'), [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
    expect(await page('?status=failed')).toMatchObject({ events: [{ id: 'evt_shown', attempts: 0 }] });
  });
});

it('events are gone from sight with their project', async () => {
  const [id] = await store({ status: 'failed' });
  await service.request('DELETE', `/api/v1/projects/${projectId}`);
  expectError(await get(), 404, 'project_not_found');
  expectError(await get(`/test/${id}`), 404, 'project_not_found');
  expectError(await post(`/test/${id}/replay`), 404, 'project_not_found');
});

it('without the database each is 503', async () => {
  const broken = await startTestService();
  const id = await broken.createProject();
  await broken.app.get(DataSource).destroy();
  for (const [method, rest] of [
    ['GET', 'events'],
    ['GET', 'events/test/evt_1'],
    ['POST', 'events/test/evt_1/replay'],
    ['POST', 'events/replay'],
  ] as const) {
    expectError(await broken.request(method, projectPath(id, rest)), 503, 'dependency_unavailable');
  }
  await broken.stop().catch(() => broken.database.drop());
});

describe('the filter by type', () => {
  it('takes the patterns that handlers take', async () => {
    const types = [
      'invoice.paid',
      'invoice.payment_failed',
      'invoiceitem.created',
      'v2.core.account[requirements].updated',
    ];
    for (const type of types) await store({ type });
    const shownBy = async (pattern: string) => {
      const { events } = await page(`?type=${encodeURIComponent(pattern)}`);
      return events.map(({ type }) => type).sort();
    };
    expect(await shownBy('invoice.*')).toEqual(types.slice(0, 2));
    expect(await shownBy('invoice.paid')).toEqual(types.slice(0, 1));
    expect(await shownBy('v2.core.account[requirements].*')).toEqual(types.slice(3));
    expect(await shownBy('*')).toEqual([...types].sort());
    // No character of a pattern but the last means anything.
    expect(await shownBy('invoice_.*')).toEqual([]);
  });

  it.each(['type=', 'type=invoice', 'type=Invoice.paid', 'type=%25', 'type=a.b&type=c.d', 'type=invoice.p*'])(
    'refuses what is no pattern: %s',
    async (query) => {
      expectInvalid(await get(`?${query}`), [{ loc: ['query', 'type'], type: 'out_of_range' }]);
    },
  );
});

it.each(['test_secret_key', 'live_secret_key', 'test_webhook_secret'] as const)(
  'a %s in the place of a filter or an id never reaches the database',
  async (field) => {
    const pasted = fakeCredential(field);
    const spy = jest.spyOn(Client.prototype, 'query');
    try {
      for (const name of ['type', 'object_id', 'mode', 'status', 'cursor', 'limit'])
        expect((await get(`?${name}=${pasted}`)).status).toBe(422);
      expect((await get(`/test/${pasted}`)).status).toBe(404);
      expect((await post(`/test/${pasted}/replay`)).status).toBe(404);
      expect(JSON.stringify(spy.mock.calls.map(([query]) => query))).not.toContain(pasted);
    } finally {
      spy.mockRestore();
    }
  },
);

describe('replaying some types', () => {
  const replay = (body: unknown) =>
    service.request('POST', projectPath(projectId, 'events/replay'), { body });
  const statusOf = async (id: string) => (await readEventRow(service.database, id)).status;

  it('leaves the others', async () => {
    const [invoice] = await store({ type: 'invoice.paid', status: 'failed' });
    const [charge] = await store({ type: 'charge.failed', status: 'failed' });
    expect((await replay({ type: 'invoice.*' })).json).toEqual({ replayed: 1 });
    expect(await statusOf(charge)).toBe('failed');
    expect(await statusOf(invoice)).not.toBe('failed');
    expect((await replay({})).json).toEqual({ replayed: 1 });
  });

  it.each<[unknown, string, string]>([
    [{ type: 'invoice' }, 'type', 'out_of_range'],
    [{ type: 7 }, 'type', 'out_of_range'],
    [{ type: ['invoice.paid'] }, 'type', 'out_of_range'],
    [{ types: 'invoice.paid' }, '', 'extra_forbidden'],
  ])('refuses %j', async (body, field, type) => {
    const [id] = await store({ status: 'failed' });
    const { status, json } = await replay(body);
    expect(status).toBe(422);
    expect(json).toMatchObject({ detail: [{ type, ...(field !== '' && { loc: ['body', field] }) }] });
    expect(await statusOf(id)).toBe('failed');
  });
});

describe('whatever was taken can be shown', () => {
  const secret = fakeCredential('test_webhook_secret', 'of the fuzzed');

  async function takeAndShow(text: string): Promise<void> {
    const path = webhookPath(projectId, 'test');
    const { status } = await sendWebhook(service, path, text, signatureOf(text, secret));
    if (status !== 200) return;
    const { id } = JSON.parse(text) as { id: string };
    const shown = await get(`/test/${encodeURIComponent(id)}`);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(shown.text.endsWith(`,"payload":${text}}`)).toBe(true);
    expect(shown.json).toMatchObject({ id, mode: 'test' });
  }

  beforeEach(async () => {
    const body = { test_webhook_secret: secret };
    await service.request('PUT', configPath(projectId), { body });
  });

  it.each([6_000, 200_000])('though it is nested %i deep', async (depth) => {
    const text = JSON.stringify(snapshotEvent('test', { id: newEventId(), note: 0 }));
    const nested = text.replace('"note":0', `"note":${'['.repeat(depth)}${']'.repeat(depth)}`);
    const { status } = await sendWebhook(
      service,
      webhookPath(projectId, 'test'),
      nested,
      signatureOf(nested, secret),
    );
    expect(status).toBe(200);
    await takeAndShow(nested);
  });

  it('whatever it holds', async () => {
    const changes = fc.dictionary(
      fc.constantFrom('type', 'created', 'data', 'note', '__proto__', 'constructor', 'toJSON', 'payload'),
      fc.jsonValue({ maxDepth: 4 }),
      { maxKeys: 3 },
    );
    const spaces = fc.constantFrom('', ' ', '\n\t');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(snapshotEvent, thinEvent),
        changes,
        spaces,
        async (make, more, space) => {
          await takeAndShow(JSON.stringify(make('test', more), null, space));
        },
      ),
      { numRuns: 60 },
    );
  });
});

import fc from 'fast-check';
import { snapshotEvent, thinEvent, type EventPayload } from '../../../test/support/webhooks.js';
import { MODES } from '../domain/credentials.js';
import { readEvent, type ReceivedEvent } from './received-event.js';

const read = (event: unknown, mode: 'test' | 'live' = 'test') => readEvent(JSON.stringify(event), mode);
/** The same, where an event is expected. */
function readGood(event: unknown): ReceivedEvent {
  const read = readEvent(JSON.stringify(event), 'test');
  if (typeof read === 'string') throw new Error(read);
  return read;
}

const SHAPES = [
  ['a snapshot event', snapshotEvent],
  ['a thin event', thinEvent],
] as const;

describe('an event', () => {
  it('with a snapshot is read', () => {
    expect(read(snapshotEvent('test', { id: 'evt_1' }))).toStrictEqual({
      id: 'evt_1',
      type: 'invoice.paid',
      objectId: 'in_1',
      createdAt: new Date('2026-01-01T00:00:00.000Z'),
    });
  });

  it('that is thin is read', () => {
    expect(read(thinEvent('test', { id: 'evt_1' }))).toStrictEqual({
      id: 'evt_1',
      type: 'v1.billing.meter.error_report_triggered',
      objectId: 'mtr_1',
      createdAt: new Date('2026-01-01T00:00:00.123Z'),
    });
  });

  it.each([
    ['a snapshot without an id', snapshotEvent('test', { data: { object: { object: 'balance' } } })],
    ['no related object', thinEvent('test', { related_object: undefined })],
    ['null for its related object', thinEvent('test', { related_object: null })],
  ])('with %s is about no object', (_, event) => {
    expect(read(event)).toMatchObject({ id: event.id, objectId: null });
  });

  it.each(SHAPES)('of the other mode is none: %s', (_, make) => {
    for (const mode of MODES) {
      const other = mode === 'test' ? 'live' : 'test';
      expect(read(make(mode), mode)).toMatchObject({ id: expect.any(String) as unknown });
      expect(read(make(mode), other)).toBe('other_mode');
    }
  });

  it.each(SHAPES)('that does not name its mode as a boolean is none: %s', (_, make) => {
    for (const livemode of [undefined, null, 'false', 'true', 0, 1, '', {}]) {
      for (const mode of MODES) expect(read(make(mode, { livemode }), mode)).toBe('unreadable');
    }
  });

  it('of the test mode at a live address is Connect’s when a connected account is named', () => {
    expect(read(snapshotEvent('test', { account: 'acct_1' }), 'live')).toBe('connect_test');
    expect(read(thinEvent('test', { context: 'acct_1' }), 'live')).toBe('connect_test');
    expect(read(snapshotEvent('live', { account: 'acct_1' }), 'test')).toBe('other_mode');
    for (const account of [null, 7, '', {}])
      expect(read(snapshotEvent('test', { account }), 'live')).toBe('other_mode');
  });

  const WRONG: [string, EventPayload][] = [
    ['no id', { id: undefined }],
    ['null for an id', { id: null }],
    ['a number for an id', { id: 7 }],
    ['an empty id', { id: '' }],
    ['a space in its id', { id: 'evt_1 2' }],
    ['a line feed behind its id', { id: 'evt_1\n' }],
    ['a NUL in its id', { id: 'evt_\u0000' }],
    ['an id beyond ASCII', { id: 'evt_é' }],
    ['300 characters of id', { id: `evt_${'a'.repeat(296)}` }],
    ['256 characters of id', { id: `evt_${'a'.repeat(252)}` }],
    ['no type', { type: undefined }],
    ['a list for a type', { type: ['invoice.paid'] }],
    ['an empty type', { type: '' }],
    ['300 characters of type', { type: 'a'.repeat(300) }],
    ['a NUL in its type', { type: 'invoice\u0000paid' }],
    ['no created', { created: undefined }],
    ['null for created', { created: null }],
    ['no time in created', { created: 'yesterday' }],
    ['no object', { object: undefined }],
    ['another object', { object: 'charge' }],
    ['a name of Object.prototype for an object', { object: 'constructor' }],
  ];
  it.each(WRONG)('with %s is none', (_, changes) => {
    for (const [, make] of SHAPES) expect(read(make('test', changes))).toBe('unreadable');
  });

  it.each([
    ['without data', { data: undefined }],
    ['with null for data', { data: null }],
    ['with a list for data', { data: [] }],
    ['with empty data', { data: {} }],
    ['with a text for its object', { data: { object: 'in_1' } }],
    ['with a list for its object', { data: { object: [] } }],
    ['with a time as text', { created: '2026-01-01T00:00:00Z' }],
    ['created beyond all times', { created: 1e300 }],
    ['created before 1970', { created: -1 }],
    ['created before all times', { created: -1e300 }],
  ])('with a snapshot, %s, is none', (_, changes) => {
    expect(read(snapshotEvent('test', changes))).toBe('unreadable');
  });

  it('that is thin, with its time as a number, is none', () => {
    expect(read(thinEvent('test', { created: 1_767_225_600 }))).toBe('unreadable');
  });

  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [4_102_444_800, '2100-01-01T00:00:00.000Z'],
  ])('may be created at %i', (created, time) => {
    expect(readGood(snapshotEvent('test', { created })).createdAt).toEqual(new Date(time));
  });

  it('takes an id of 255 characters', () => {
    const id = `evt_${'a'.repeat(251)}`;
    expect(readGood(snapshotEvent('test', { id })).id).toBe(id);
  });

  it('takes nothing from a prototype', () => {
    const event = JSON.stringify(snapshotEvent('test'));
    expect(readEvent(`{"__proto__":${event}}`, 'test')).toBe('unreadable');
    expect(readEvent(`${event.slice(0, -1)},"__proto__":{"livemode":true}}`, 'live')).toBe('other_mode');
  });
});

describe('whatever else', () => {
  it.each(['', ' ', 'null', 'true', '1', '"text"', '[]', '{}', '{', 'undefined', 'NaN', '{"id":1}x'])(
    'is JSON or not, %p is no event',
    (payload) => {
      for (const mode of MODES) expect(readEvent(payload, mode)).toBe('unreadable');
    },
  );

  it('is a list of an event is no event', () => {
    expect(read([snapshotEvent('test')])).toBe('unreadable');
  });

  it('comes, is checked without an error, and what is read fits its columns', () => {
    const anyMember = fc.oneof(fc.jsonValue(), fc.string(), fc.double(), fc.constant(undefined));
    const anyChanges = fc.dictionary(
      fc.constantFrom('id', 'type', 'created', 'data', 'related_object', 'livemode', 'object', '__proto__'),
      anyMember,
      { maxKeys: 2 },
    );
    fc.assert(
      fc.property(fc.constantFrom(snapshotEvent, thinEvent), anyChanges, (make, changes) => {
        const event = read(make('test', changes));
        if (typeof event === 'string') return;
        expect(event.id).toMatch(/^[!-~]{1,255}$/);
        expect(event.type).toMatch(/^[^\0]{1,255}$/);
        expect(event.objectId ?? 'x').toMatch(/^[^\0]{1,255}$/);
        expect(event.createdAt.getTime()).not.toBeNaN();
      }),
      { numRuns: 2_000 },
    );
  });
});

import { inDays, isWithinReach, readTime } from './token-expiry.js';

it.each([
  ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00.000Z'],
  ['2026-03-01T12:00:00.1239-05:30', '2026-03-01T17:30:00.123Z'],
  ['2028-02-29T23:59:59Z', '2028-02-29T23:59:59.000Z'],
])('reads %s', (text, time) => {
  expect(readTime(text)?.toJSON()).toBe(time);
});

it.each([
  ...['2026-03-01', '2026-03-01T12:00:00', '2026-03-01 12:00:00Z', '2026-03-01T12:00Z', 'tomorrow', ''],
  ...['2026-02-29T12:00:00Z', '2026-13-01T12:00:00Z', '2026-04-31T12:00:00Z', '2026-03-01T24:00:00Z'],
  ...['2026-03-01T12:60:00Z', '2026-03-01T12:00:00+25:00', '1772366400000', '2026-03-01T12:00:00Z\n'],
])('takes %j for no time', (text) => {
  expect(readTime(text)).toBeUndefined();
});

it('reaches from now, which is too late, over 365 days', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const isAllowed = (ms: number) => isWithinReach(new Date(now.getTime() + ms), now);
  const year = inDays(365, now).getTime() - now.getTime();
  expect([-1, 0, 1, year, year + 1].map(isAllowed)).toEqual([false, false, true, true, false]);
});

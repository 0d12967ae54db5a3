const DAY_MS = 86_400_000;
/** RFC 3339 section 5.6: without an offset a time may be any of 24. */
const TIME = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** How long a token may be valid at most, in days: what leaks must end by itself. */
export const MAX_DAYS = 365;
/** How long a token is valid unless its maker says otherwise, in days. */
export const USUAL_DAYS = 90;

/** A time with its offset from UTC (RFC 3339), to a millisecond; undefined for any other text, also for a day that no calendar has. */
export function readTime(text: string): Date | undefined {
  const [, day = ''] = TIME.exec(text.toUpperCase()) ?? [];
  const [time, midnight] = [new Date(text.toUpperCase()), new Date(`${day}T00:00:00Z`)];
  if (Number.isNaN(time.getTime()) || Number.isNaN(midnight.getTime())) return undefined;
  // Dates of JavaScript take 31 February for 3 March.
  return midnight.toISOString().startsWith(day) ? time : undefined;
}

/** Whether a token may end then: later than now, and within {@link MAX_DAYS}. */
export function isWithinReach(end: Date, now = new Date()): boolean {
  const left = end.getTime() - now.getTime();
  return left > 0 && left <= MAX_DAYS * DAY_MS;
}

/** The time so many days from now. */
export function inDays(days: number, now = new Date()): Date {
  return new Date(now.getTime() + days * DAY_MS);
}

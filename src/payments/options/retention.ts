import type { EventRetentionDays } from './payments.options.js';

/** Stripe keeps an event, and sends it again when asked, for 30 days, and tries each time for up to three more. */
const MIN_DAYS = 35;
const MAX_DAYS = 3_650;

/** What is wrong with a retention, behind its name. */
export const RETENTION_FAULT =
  `must be a number of days from ${MIN_DAYS} to ${MAX_DAYS}, or forever: ` +
  'Stripe sends events again for 30 days, and one that is no longer known would be handled twice';

/** Whether finished events may be kept for so many days, and no longer. */
export function isRetention(days: unknown): days is EventRetentionDays {
  if (days === 'forever') return true;
  return Number.isSafeInteger(days) && Number(days) >= MIN_DAYS && Number(days) <= MAX_DAYS;
}

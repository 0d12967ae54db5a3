import type { EventStatus } from '../../payments/stripe-webhooks/event-status.js';

/** What events may be listed by, in the order of their lives. */
export const EVENT_STATUSES = Object.keys({
  pending: true,
  handled: true,
  skipped: true,
  failed: true,
} satisfies Record<EventStatus, true>) as readonly EventStatus[];

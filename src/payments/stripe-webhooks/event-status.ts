/**
 * The status of an event: waiting for its handlers (again, after a failure), handled, skipped because no handler takes it,
 * or given up after too many attempts.
 */
export const EVENT_STATUSES = ['pending', 'handled', 'skipped', 'failed'] as const;

export type EventStatus = (typeof EVENT_STATUSES)[number];

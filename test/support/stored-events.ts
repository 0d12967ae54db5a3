import { randomUUID } from 'node:crypto';
import type { Sealer } from '../../src/payments/crypto/sealer.js';
import { Secret } from '../../src/payments/crypto/secret.js';
import type { Mode } from '../../src/payments/domain/credentials.js';
import type { EventStatus } from '../../src/payments/stripe-webhooks/event-status.js';
import { eventContext } from '../../src/payments/crypto/sealer.js';
import type { TestDatabase } from './database.js';

/** An event to put into the table; what is left out is generated. */
export interface EventToStore {
  projectId: string;
  id?: string;
  mode?: Mode;
  type?: string;
  objectId?: string | null;
  status?: EventStatus;
  attempts?: number;
  lastError?: string | null;
  /** ISO 8601; default: now. */
  receivedAt?: string;
  /** Default: now. */
  availableAt?: string;
  /** Default: one that fits the rest. */
  payload?: string;
}

/** A row of `stripe_events`, and how long it has to wait by the database's clock. */
export interface EventRow {
  event_id: string;
  status: EventStatus;
  attempts: number;
  last_error: string | null;
  is_finished: boolean;
  is_due: boolean;
  seconds_left: number;
}

export function newEventId(): string {
  return `evt_${randomUUID().replaceAll('-', '')}`;
}

export function newObjectId(): string {
  return `obj_${randomUUID().replaceAll('-', '')}`;
}

/** The body of a webhook, as Stripe forms it. */
export function eventPayload({
  id,
  mode = 'test',
  type = 'invoice.paid',
  objectId = null,
}: Omit<EventToStore, 'projectId'>): string {
  const object = { ...(objectId !== null && { id: objectId }), object: type.split('.')[0] };
  return JSON.stringify({
    id,
    object: 'event',
    created: 1_764_000_000,
    data: { object },
    livemode: mode === 'live',
    type,
  });
}

/** Puts events into the table in one statement, so that a worker sees all or none. Returns their ids. */
export async function storeEvents(
  database: Pick<TestDatabase, 'query'>,
  sealer: Sealer,
  events: EventToStore[],
): Promise<string[]> {
  const rows = events.map((event) => {
    const { projectId, id = newEventId(), mode = 'test', type = 'invoice.paid', objectId = null } = event;
    const payload = event.payload ?? eventPayload({ id, mode, type, objectId });
    return {
      project_id: projectId,
      mode,
      event_id: id,
      type,
      object_id: objectId,
      received_at: event.receivedAt ?? null,
      available_at: event.availableAt ?? null,
      payload_sealed: sealer.seal(new Secret(payload), eventContext(projectId, mode, id)),
      status: event.status ?? 'pending',
      attempts: event.attempts ?? 0,
      last_error: event.lastError ?? null,
    };
  });
  await database.query(
    `INSERT INTO stripe_events (project_id, mode, event_id, type, object_id, created_at, received_at, payload_sealed,
       status, attempts, available_at, finished_at, last_error)
     SELECT project_id, mode, event_id, type, object_id, now(), coalesce(received_at, now()), payload_sealed,
       status, attempts, coalesce(available_at, now()), CASE WHEN status <> 'pending' THEN now() END, last_error
     FROM jsonb_to_recordset($1::jsonb) AS event (project_id text, mode text, event_id text, type text,
       object_id text, received_at timestamptz, available_at timestamptz, payload_sealed text, status text,
       attempts integer, last_error text)`,
    [JSON.stringify(rows)],
  );
  return rows.map(({ event_id }) => event_id);
}

/** Reads an event's row back. */
export async function readEventRow(
  database: Pick<TestDatabase, 'query'>,
  eventId: string,
): Promise<EventRow> {
  const [row] = await database.query<EventRow>(
    `SELECT event_id, status, attempts, last_error, finished_at IS NOT NULL AS is_finished,
       available_at <= now() AS is_due, extract(epoch FROM available_at - now())::float8 AS seconds_left
     FROM stripe_events WHERE event_id = $1`,
    [eventId],
  );
  if (row === undefined) throw new Error(`no event ${eventId}`);
  return row;
}

/** Lets pending events be taken up now: as if their pause, or the lease of a worker that died, were over. */
export async function makeDue(database: Pick<TestDatabase, 'query'>, eventId?: string): Promise<void> {
  await database.query(
    `UPDATE stripe_events SET available_at = now()
     WHERE status = 'pending' AND ($1::text IS NULL OR event_id = $1)`,
    [eventId ?? null],
  );
}

import {
  bigint,
  boolean,
  float,
  integer,
  nullable,
  statement,
  text,
  varchar,
  word,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/** An event that a worker has claimed. */
export interface ClaimedEvent {
  project_id: string;
  mode: Mode;
  event_id: string;
  type: string;
  object_id: string | null;
  attempts: number;
}

/**
 * Claims events that are due, the longest due first: no other worker claims them before the lease expires. An attempt counts
 * from here on, so that an event which crashes its process is given up at some point, too. The lock does not conflict with that
 * of `STORE_EVENT`: an event skipped because of it would wait until the lease expires.
 */
export const CLAIM_EVENTS = statement({
  name: 'stripe_events_claim',
  parameters: { batch: bigint, lease_seconds: float },
  columns: {
    project_id: varchar,
    mode: word<Mode>(),
    event_id: varchar,
    type: varchar,
    object_id: nullable(varchar),
    attempts: integer,
  },
  text: `
  UPDATE {schema}.stripe_events AS event
  SET attempts = attempts + 1, available_at = now() + make_interval(secs => :lease_seconds)
  FROM (
    SELECT project_id, mode, event_id FROM {schema}.stripe_events AS waiting
    WHERE status = 'pending' AND available_at <= now()
      AND NOT EXISTS (
        SELECT FROM {schema}.stripe_removed_projects AS removed WHERE removed.project_id = waiting.project_id
      )
    ORDER BY available_at LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
  ) AS due
  WHERE event.project_id = due.project_id AND event.mode = due.mode AND event.event_id = due.event_id
  RETURNING event.project_id, event.mode, event.event_id, event.type, event.object_id, event.attempts`,
});

/** How the statements below recognize that a worker still holds its claim. */
const CLAIM = { project_id: text, mode: word<Mode>(), event_id: text, attempts: integer };

/** The values of a claim. */
export function claimOf({
  project_id,
  mode,
  event_id,
  attempts,
}: ClaimedEvent): Omit<ClaimedEvent, 'type' | 'object_id'> {
  return { project_id, mode, event_id, attempts };
}

/**
 * Begins the handling of a claimed event, inside the handlers' transaction: locks its row, and its object for this
 * transaction, and sets how long handlers may pause. Returns no row when another worker has claimed it since.
 */
export const BEGIN_EVENT = statement({
  name: 'stripe_events_begin',
  parameters: { ...CLAIM, object_name: text, longest_pause: text },
  columns: { payload_sealed: text, is_alone: boolean, longest_pause: text, trace_parent: nullable(varchar) },
  text: `
  SELECT payload_sealed, pg_try_advisory_xact_lock(hashtextextended(:object_name, 0)) AS is_alone,
    set_config('idle_in_transaction_session_timeout', :longest_pause, true) AS longest_pause, trace_parent
  FROM {schema}.stripe_events
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'
  FOR NO KEY UPDATE SKIP LOCKED`,
});

/** Marks it as handled, inside the same transaction. */
export const END_EVENT = statement({
  name: 'stripe_events_end',
  parameters: CLAIM,
  columns: {},
  text: `
  UPDATE {schema}.stripe_events SET status = 'handled', finished_at = now(), last_error = NULL
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'`,
});

/** Releases a claimed event as if it had not been claimed; no worker claims it before the pause is over. */
export const PUT_BACK_EVENT = statement({
  name: 'stripe_events_put_back',
  parameters: { ...CLAIM, pause_seconds: float },
  columns: {},
  text: `
  UPDATE {schema}.stripe_events
  SET attempts = attempts - 1, available_at = now() + make_interval(secs => :pause_seconds)
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'`,
});

/** No handler takes it. */
export const SKIP_EVENT = statement({
  name: 'stripe_events_skip',
  parameters: CLAIM,
  columns: {},
  text: `
  UPDATE {schema}.stripe_events SET status = 'skipped', finished_at = now(), last_error = NULL
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'`,
});

/** Records a failure. Without a pause there is no next attempt. */
export const FAIL_EVENT = statement({
  name: 'stripe_events_fail',
  parameters: { ...CLAIM, pause_seconds: nullable(float), error: varchar },
  columns: {},
  text: `
  UPDATE {schema}.stripe_events SET
    status = CASE WHEN :pause_seconds::float8 IS NULL THEN 'failed' ELSE status END,
    available_at = now() + make_interval(secs => coalesce(:pause_seconds::float8, 0)),
    finished_at = CASE WHEN :pause_seconds::float8 IS NULL THEN now() END,
    last_error = :error
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'`,
});

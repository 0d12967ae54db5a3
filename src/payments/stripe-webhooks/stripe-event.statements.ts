import type { Statement } from '../database/run-statement.js';
import { timeColumn } from '../database/result-types.js';
import type { Mode } from '../domain/credentials.js';
import type { EventStatus } from './stripe-event.entity.js';

/**
 * Stores an event unless it is stored already, and only while the webhook secret that verified it is one that the
 * configuration accepts, whatever else has changed. `$1` project id, `$2` mode, `$3` the sealed secret, `$4` event id,
 * `$5` type, `$6` object id, `$7` created at, `$8` payload, `$9` its fingerprint, or null for a previous secret. Returns
 * the configuration's version and whether the secret is its present one, or no row. An event that is stored already is
 * locked for a moment, so that this transaction, too, writes and waits for a synchronous standby: the event may have been
 * stored without one.
 */
export const STORE_EVENT: Record<Mode, Statement> = { test: storeEvent('test'), live: storeEvent('live') };

function storeEvent(mode: Mode): Statement {
  const name = `${mode}_previous_webhook_secret`;
  return {
    name: `stripe_events_store_${mode}`,
    text: `
  WITH config AS (
    SELECT version, ${mode}_webhook_secret_fingerprint IS NOT DISTINCT FROM $9::text AS is_present
    FROM stripe_configs WHERE project_id = $1::uuid AND is_active
      AND (${mode}_webhook_secret_fingerprint = $9::text OR (${name}_sealed = $3::text AND ${name}_expires_at > now()))
  ), stored AS (
    INSERT INTO stripe_events (project_id, mode, event_id, type, object_id, created_at, payload_sealed)
    SELECT $1::uuid, $2::text, $4::text, $5::text, $6::text, $7::timestamptz, $8::text FROM config
    ON CONFLICT DO NOTHING
    RETURNING event_id
  ), again AS (
    SELECT event_id FROM stripe_events
    WHERE project_id = $1::uuid AND mode = $2::text AND event_id = $4::text AND NOT EXISTS (SELECT FROM stored)
    FOR KEY SHARE SKIP LOCKED
  )
  SELECT version, is_present, (SELECT count(*) FROM again)::integer AS again FROM config`,
  };
}

/** An event that a worker has taken up. */
export interface ClaimedEvent {
  project_id: string;
  mode: Mode;
  event_id: string;
  type: string;
  object_id: string | null;
  attempts: number;
}

/**
 * Takes up events whose time has come: nobody else does before the lease is over. `$1` how many, `$2` the lease in
 * seconds. An attempt counts from here on, so that an event which ends its process is given up some day, too. The lock lets
 * {@link STORE_EVENT} have its own at the same time: what it skipped would wait for the end of the lease.
 */
export const CLAIM_EVENTS: Statement = {
  name: 'stripe_events_claim',
  text: `
  UPDATE stripe_events AS event SET attempts = attempts + 1, available_at = now() + make_interval(secs => $2)
  FROM (
    SELECT project_id, mode, event_id FROM stripe_events
    WHERE status = 'pending' AND available_at <= now()
      AND NOT EXISTS (SELECT FROM stripe_removed_projects AS removed WHERE removed.project_id = stripe_events.project_id)
    ORDER BY available_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS due
  WHERE event.project_id = due.project_id AND event.mode = due.mode AND event.event_id = due.event_id
  RETURNING event.project_id, event.mode, event.event_id, event.type, event.object_id, event.attempts`,
};

const CLAIMED = "project_id = $1 AND mode = $2 AND event_id = $3 AND attempts = $4 AND status = 'pending'";

/**
 * Begins the handling of a claimed event, inside the handlers' transaction: locks its row, and its object for this
 * transaction. `$1`-`$4` as {@link claimOf}, `$5` name of the object, `$6` how long handlers may pause, as a setting.
 * Returns no row when another worker has it by now; a text instead of a boolean, which the application may parse its own way.
 */
export const BEGIN_EVENT = `
  SELECT payload_sealed, pg_try_advisory_xact_lock(hashtextextended($5, 0))::text AS is_alone,
    set_config('idle_in_transaction_session_timeout', $6, true)
  FROM stripe_events WHERE ${CLAIMED} FOR NO KEY UPDATE SKIP LOCKED`;

/** Ends it inside the same transaction. `$1`-`$4` as {@link claimOf}. */
export const END_EVENT = `UPDATE stripe_events SET status = 'handled', finished_at = now(), last_error = NULL WHERE ${CLAIMED}`;

/** Gives a claimed event back as if it had not been taken up. `$1`-`$5` as {@link putBack}. */
export const PUT_BACK_EVENT: Statement = {
  name: 'stripe_events_put_back',
  text: `UPDATE stripe_events SET attempts = attempts - 1, available_at = now() + make_interval(secs => $5)
    WHERE ${CLAIMED}`,
};

/** @param pause until somebody may take it up, in seconds */
export function putBack(event: ClaimedEvent, pause: number): unknown[] {
  return [...claimOf(event), pause];
}

/** Nobody wants it. `$1`-`$4` as {@link claimOf}. */
export const SKIP_EVENT: Statement = {
  name: 'stripe_events_skip',
  text: `UPDATE stripe_events SET status = 'skipped', finished_at = now(), last_error = NULL WHERE ${CLAIMED}`,
};

/** Notes a failure. `$1`-`$4` as {@link claimOf}, `$5` pause until the next attempt in seconds or null, `$6` error. */
export const FAIL_EVENT: Statement = {
  name: 'stripe_events_fail',
  text: `
  UPDATE stripe_events SET
    status = CASE WHEN $5::float8 IS NULL THEN 'failed' ELSE status END,
    available_at = now() + make_interval(secs => coalesce($5::float8, 0)),
    finished_at = CASE WHEN $5::float8 IS NULL THEN now() END,
    last_error = $6
  WHERE ${CLAIMED}`,
};

/** By what the statements above know that a worker still has an event. */
export function claimOf({ project_id, mode, event_id, attempts }: ClaimedEvent): unknown[] {
  return [project_id, mode, event_id, attempts];
}

const VIEW = `project_id, mode, event_id, type, object_id, status, attempts, last_error,
  ${['created_at', 'received_at', 'finished_at'].map((column) => timeColumn(column)).join(', ')},
  ${timeColumn("CASE WHEN status = 'pending' THEN available_at END", 'next_attempt_at')}`;

/** As `matchesEventPattern`; null names every type. */
function ofType(pattern: string): string {
  return `(${pattern}::text IS NULL OR CASE WHEN right(${pattern}, 1) = '*' THEN starts_with(type, left(${pattern}, -1)) ELSE type = ${pattern} END)`;
}

/** Which events a list shows; null: any. */
export interface EventFilter {
  mode: Mode | null;
  /** A pattern: `invoice.paid`, `invoice.*`. */
  type: string | null;
  status: EventStatus | null;
  objectId: string | null;
}

/**
 * `$1` project id, `$2` mode, `$3` type, `$4` status, `$5` object id, `$6`-`$8` the last event of the page before by
 * arrival, mode and id (or null), `$9` how many. Newest first.
 */
export const LIST_EVENTS: Statement = {
  name: 'stripe_events_list',
  text: `
  SELECT ${VIEW} FROM stripe_events
  WHERE project_id = $1
    AND ($2::text IS NULL OR mode = $2) AND ${ofType('$3')}
    AND ($4::text IS NULL OR status = $4) AND ($5::text IS NULL OR object_id = $5)
    AND ($6::timestamptz IS NULL OR (received_at, mode, event_id) < ($6, $7::text, $8::text))
  ORDER BY stripe_events.received_at DESC, mode DESC, event_id DESC LIMIT $9`,
};

/** `$1` project id, `$2` mode, `$3` event id. */
export const FIND_EVENT: Statement = {
  name: 'stripe_events_find',
  text: `SELECT ${VIEW}, payload_sealed FROM stripe_events WHERE project_id = $1 AND mode = $2 AND event_id = $3`,
};

const REPLAY = `
  UPDATE stripe_events SET status = 'pending', attempts = 0, available_at = now(), finished_at = NULL, last_error = NULL`;

/** Lets an event be handled again that failed or that nobody wanted. `$1` project id, `$2` mode, `$3` event id. */
export const REPLAY_EVENT: Statement = {
  name: 'stripe_events_replay',
  text: `${REPLAY} WHERE project_id = $1 AND mode = $2 AND event_id = $3 AND status IN ('failed', 'skipped')
  RETURNING ${VIEW}`,
};

/** Likewise all that failed. `$1` project id, `$2` mode or null, `$3` pattern of types or null. */
export const REPLAY_FAILED: Statement = {
  name: 'stripe_events_replay_failed',
  text: `
  WITH replayed AS (
    ${REPLAY} WHERE project_id = $1 AND status = 'failed' AND ($2::text IS NULL OR mode = $2)
      AND ${ofType('$3')} RETURNING 1
  )
  SELECT count(*)::integer AS count FROM replayed`,
};

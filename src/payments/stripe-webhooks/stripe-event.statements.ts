import {
  bigint,
  boolean,
  integer,
  milliseconds,
  nullable,
  statement,
  text,
  time,
  timestamp,
  varchar,
  word,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';
import type { EventStatus } from './event-status.js';

/**
 * Stores an event unless it is stored already, and only while the webhook secret that verified it is one that the
 * configuration accepts, whatever else has changed: the sealed secret, and its fingerprint, or null for a previous secret.
 * The configuration's row is locked, so that who erases events can wait for those that are being stored; changes of it are not held up.
 * Returns the configuration's version and whether the secret is its present one, or no row. An event that is stored already is
 * locked for a moment, so that this transaction, too, writes and waits for a synchronous standby: the event may have been
 * stored without one.
 */
export const STORE_EVENT = statement({
  name: 'stripe_events_store',
  parameters: {
    project_id: text,
    mode: word<Mode>(),
    secret_sealed: text,
    fingerprint: nullable(text),
    event_id: text,
    type: text,
    object_id: nullable(text),
    created_at: timestamp,
    payload_sealed: text,
    trace_parent: nullable(text),
  },
  columns: { version: integer, is_present: boolean, again: integer },
  text: `
  WITH config AS (
    SELECT version, fingerprints ->> (:mode::text || '_webhook_secret') IS NOT DISTINCT FROM :fingerprint::text AS is_present
    FROM {schema}.stripe_configs
    WHERE project_id = :project_id::text AND is_active AND removed_at IS NULL AND (
      fingerprints ->> (:mode::text || '_webhook_secret') = :fingerprint::text
      OR (
        sealed ->> (:mode::text || '_previous_webhook_secret') = :secret_sealed::text
        AND (expires_at ->> (:mode::text || '_previous_webhook_secret'))::numeric > extract(epoch FROM now()) * 1000
      )
    )
    FOR KEY SHARE
  ), stored AS (
    INSERT INTO {schema}.stripe_events (
      project_id, mode, event_id, type, object_id, created_at, payload_sealed, trace_parent
    )
    SELECT :project_id::text, :mode::text, :event_id::text, :type::text, :object_id::text, :created_at::timestamptz,
      :payload_sealed::text, :trace_parent::text
    FROM config
    ON CONFLICT DO NOTHING
    RETURNING event_id
  ), again AS (
    SELECT event_id FROM {schema}.stripe_events
    WHERE project_id = :project_id::text AND mode = :mode::text AND event_id = :event_id::text
      AND NOT EXISTS (SELECT FROM stored)
    FOR KEY SHARE SKIP LOCKED
  )
  SELECT version, is_present, (SELECT count(*) FROM again)::integer AS again FROM config`,
});

const VIEW = {
  project_id: varchar,
  mode: word<Mode>(),
  event_id: varchar,
  type: varchar,
  object_id: nullable(varchar),
  status: word<EventStatus>(),
  attempts: integer,
  last_error: nullable(varchar),
  created_at: time,
  received_at: time,
  finished_at: nullable(time),
  next_attempt_at: nullable(time),
};

/** Which events a list shows; null: any. */
export interface EventFilter {
  mode: Mode | null;
  /** A pattern: `invoice.paid`, `invoice.*`. */
  type: string | null;
  status: EventStatus | null;
  objectId: string | null;
}

/**
 * The events that match a filter, newest first, after the last event of the previous page by arrival, mode and id;
 * null: from the newest on.
 */
export const LIST_EVENTS = statement({
  name: 'stripe_events_list',
  parameters: {
    project_id: text,
    mode: nullable(word<Mode>()),
    type: nullable(text),
    status: nullable(word<EventStatus>()),
    object_id: nullable(text),
    before_received_at: nullable(timestamp),
    before_mode: nullable(text),
    before_event_id: nullable(text),
    size: bigint,
  },
  columns: VIEW,
  text: `
  SELECT project_id, mode, event_id, type, object_id, status, attempts, last_error,
    extract(epoch FROM created_at) * 1000 AS created_at, extract(epoch FROM received_at) * 1000 AS received_at,
    extract(epoch FROM finished_at) * 1000 AS finished_at,
    extract(epoch FROM CASE WHEN status = 'pending' THEN available_at END) * 1000 AS next_attempt_at
  FROM {schema}.stripe_events AS event
  WHERE project_id = :project_id
    AND (:mode::text IS NULL OR mode = :mode)
    AND (:type::text IS NULL
      OR CASE WHEN right(:type, 1) = '*' THEN starts_with(type, left(:type, -1)) ELSE type = :type END)
    AND (:status::text IS NULL OR status = :status) AND (:object_id::text IS NULL OR object_id = :object_id)
    AND (:before_received_at::timestamptz IS NULL
      OR (event.received_at, mode, event_id) < (:before_received_at, :before_mode::text, :before_event_id::text))
  ORDER BY event.received_at DESC, mode DESC, event_id DESC LIMIT :size`,
});

export const FIND_EVENT = statement({
  name: 'stripe_events_find',
  parameters: { project_id: text, mode: word<Mode>(), event_id: text },
  columns: { ...VIEW, payload_sealed: nullable(text) },
  text: `
  SELECT project_id, mode, event_id, type, object_id, status, attempts, last_error,
    extract(epoch FROM created_at) * 1000 AS created_at, extract(epoch FROM received_at) * 1000 AS received_at,
    extract(epoch FROM finished_at) * 1000 AS finished_at,
    extract(epoch FROM CASE WHEN status = 'pending' THEN available_at END) * 1000 AS next_attempt_at, payload_sealed
  FROM {schema}.stripe_events WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id`,
});

/** Replays an event that failed or was skipped, unless its contents were erased. */
export const REPLAY_EVENT = statement({
  name: 'stripe_events_replay',
  parameters: { project_id: text, mode: word<Mode>(), event_id: text },
  columns: VIEW,
  text: `
  UPDATE {schema}.stripe_events
  SET status = 'pending', attempts = 0, available_at = now(), finished_at = NULL, last_error = NULL
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND status IN ('failed', 'skipped')
    AND payload_sealed IS NOT NULL
  RETURNING project_id, mode, event_id, type, object_id, status, attempts, last_error,
    ${milliseconds('created_at')} AS created_at, ${milliseconds('received_at')} AS received_at,
    ${milliseconds('finished_at')} AS finished_at, ${milliseconds('available_at')} AS next_attempt_at`,
});

/** Replays some that failed, of a mode and a pattern of types; null: any. Says how many. */
export const REPLAY_FAILED = statement({
  name: 'stripe_events_replay_failed',
  parameters: { project_id: text, mode: nullable(word<Mode>()), type: nullable(text) },
  columns: { count: integer },
  text: `
  WITH replayed AS (
    UPDATE {schema}.stripe_events AS event
    SET status = 'pending', attempts = 0, available_at = now(), finished_at = NULL, last_error = NULL
    FROM (
      SELECT project_id, mode, event_id FROM {schema}.stripe_events
      WHERE project_id = :project_id AND status = 'failed' AND (:mode::text IS NULL OR mode = :mode)
        AND (:type::text IS NULL
          OR CASE WHEN right(:type, 1) = '*' THEN starts_with(type, left(:type, -1)) ELSE type = :type END)
      LIMIT 500 FOR NO KEY UPDATE
    ) AS failed
    WHERE event.project_id = failed.project_id AND event.mode = failed.mode AND event.event_id = failed.event_id
    RETURNING 1
  )
  SELECT count(*)::integer AS count FROM replayed`,
});

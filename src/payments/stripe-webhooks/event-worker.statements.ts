import {
  bigint,
  boolean,
  float,
  integer,
  listOf,
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
  /** What is locked while an event of its object is handled, see `lock.ts`; null: it is about no object. */
  lock_name: string | null;
}

/**
 * The projects of the events that are longest due, one row for each event. Where one project fills the list, others are found by
 * {@link NEXT_DUE_PROJECTS}. Its index holds this order alone, so that no statement by project is planned on it. Those of removed
 * projects are among them: {@link CLAIM_EVENTS} ends them.
 */
export const LONGEST_DUE = statement({
  name: 'stripe_events_longest_due',
  parameters: { limit: bigint },
  columns: { project_id: varchar },
  text: `
  SELECT project_id FROM {schema}.stripe_events
  WHERE status = 'pending' AND attempts >= 0 AND available_at <= now()
  ORDER BY available_at LIMIT :limit`,
});

/**
 * The projects after one, in the order of their ids, that have events which are due. It goes from one project to the next
 * through the index, so that it costs the same whether they have one event or a million. Where the tables are spread it finds the
 * next one alone.
 */
export const NEXT_DUE_PROJECTS = statement({
  name: 'stripe_events_next_due_projects',
  parameters: { after: text, limit: bigint },
  columns: { project_id: varchar },
  text: `
  WITH RECURSIVE due (project_id) AS (
    (
      SELECT project_id FROM {schema}.stripe_events
      WHERE status = 'pending' AND available_at <= now() AND project_id > :after
      ORDER BY project_id, available_at LIMIT 1
    )
    UNION ALL
    SELECT (
      SELECT later.project_id FROM {schema}.stripe_events AS later
      WHERE later.status = 'pending' AND later.available_at <= now() AND later.project_id > due.project_id
      ORDER BY later.project_id, later.available_at LIMIT 1
    )
    FROM due WHERE due.project_id IS NOT NULL
  )
  SELECT project_id FROM due
  WHERE project_id IS NOT NULL
  LIMIT :limit`,
  spreadText: `
  SELECT project_id FROM {schema}.stripe_events
  WHERE status = 'pending' AND available_at <= now() AND project_id > :after
  ORDER BY project_id, available_at LIMIT 1`,
});

/** @param alsoNamed that a column is one of the projects: Citus finds the machine by it, PostgreSQL by what stands beside it */
const claim = (alsoNamed: (column: string) => string): string => `
  WITH due AS MATERIALIZED (
    SELECT waiting.*, is_removed
    FROM (
      SELECT id, share, EXISTS (
        SELECT FROM {schema}.stripe_configs AS config WHERE config.project_id = named.id${alsoNamed('config.project_id')} AND removed_at IS NOT NULL
      ) AS is_removed
      FROM unnest(:project_ids::text[], :shares::integer[]) AS named (id, share)
    ) AS project
    CROSS JOIN LATERAL (
      SELECT project_id, mode, event_id, available_at FROM {schema}.stripe_events
      WHERE status = 'pending' AND available_at <= now() AND project_id = project.id${alsoNamed('project_id')}
      ORDER BY available_at LIMIT CASE WHEN is_removed THEN 100 ELSE share END FOR NO KEY UPDATE SKIP LOCKED
    ) AS waiting
  ), claimed AS (
    UPDATE {schema}.stripe_events AS event
    SET attempts = CASE WHEN is_removed THEN attempts ELSE attempts + 1 END,
      available_at = now() + make_interval(secs => :lease_seconds),
      status = CASE WHEN is_removed THEN 'skipped' ELSE status END,
      finished_at = now() + CASE WHEN is_removed THEN interval '0' END
    FROM due
    WHERE event.project_id = due.project_id AND event.mode = due.mode AND event.event_id = due.event_id${alsoNamed('event.project_id')}
    RETURNING event.project_id, event.mode, event.event_id, event.type, event.object_id, event.attempts, due.available_at,
      is_removed, 'object ' || (hashtextextended(event.mode || event.object_id, 0) & 63) AS lock_name
  ), locks AS (
    INSERT INTO {schema}.stripe_config_locks (project_id, name)
    SELECT DISTINCT project_id, lock_name FROM claimed WHERE lock_name IS NOT NULL AND NOT is_removed ORDER BY 1, 2
    ON CONFLICT DO NOTHING
  )
  SELECT project_id, mode, event_id, type, object_id, attempts, lock_name FROM claimed WHERE NOT is_removed ORDER BY available_at`;

/**
 * Claims so many events of each of some projects, the longest due first: no other worker claims them before the lease expires. An
 * attempt counts from here on, so that an event which crashes its process is given up at some point, too. The lock does not
 * conflict with that of `STORE_EVENT`: an event skipped because of it would wait until the lease expires. What
 * is due of a removed project is skipped and not returned, in larger batches: its removal passes over what a worker holds.
 *
 * Makes the rows that are locked for the objects of events: some for each project, so that several objects have one. The order of
 * making them keeps two claims from waiting for each other.
 */
export const CLAIM_EVENTS = statement({
  name: 'stripe_events_claim',
  parameters: { project_ids: listOf(text), shares: listOf(integer), lease_seconds: float },
  columns: {
    project_id: varchar,
    mode: word<Mode>(),
    event_id: varchar,
    type: varchar,
    object_id: nullable(varchar),
    attempts: integer,
    lock_name: nullable(text),
  },
  text: claim(() => ''),
  spreadText: claim((column) => ` AND ${column} = ANY (:project_ids::text[])`),
});

/** How the statements below recognize that a worker still holds its claim. */
const CLAIM = { project_id: text, mode: word<Mode>(), event_id: text, attempts: integer };

/** The values of a claim. */
export function claimOf({
  project_id,
  mode,
  event_id,
  attempts,
}: ClaimedEvent): Omit<ClaimedEvent, 'type' | 'object_id' | 'lock_name'> {
  return { project_id, mode, event_id, attempts };
}

/**
 * Begins the handling of a claimed event, inside the handlers' transaction: locks its row, and that of its object, for this
 * transaction, and sets how long handlers may pause. Returns no row when another worker has claimed it since. It is not alone while
 * another event of its object is handled, or its row is not there.
 */
export const BEGIN_EVENT = statement({
  name: 'stripe_events_begin',
  parameters: { ...CLAIM, lock_name: nullable(text), longest_pause: text },
  columns: { payload_sealed: text, is_alone: boolean, longest_pause: text, trace_parent: nullable(varchar) },
  text: `
  WITH object AS (
    SELECT name FROM {schema}.stripe_config_locks WHERE project_id = :project_id AND name = :lock_name::text
    FOR NO KEY UPDATE SKIP LOCKED
  )
  SELECT payload_sealed, (:lock_name::text IS NULL OR EXISTS (SELECT FROM object)) AS is_alone,
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
    finished_at = now() + CASE WHEN :pause_seconds::float8 IS NULL THEN interval '0' END,
    last_error = :error
  WHERE project_id = :project_id AND mode = :mode AND event_id = :event_id AND attempts = :attempts AND status = 'pending'`,
});

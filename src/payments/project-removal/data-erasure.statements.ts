import {
  bigint,
  boolean,
  integer,
  nullable,
  statement,
  text,
  time,
  timestamp,
  varchar,
  withoutLocks,
} from '../database/statement.js';

/** Erases some events of a project, and says how many; skips those that are with their handlers. */
export const ERASE_EVENTS = statement({
  name: 'stripe_events_erase',
  parameters: { project_id: text, batch: bigint },
  columns: { count: integer },
  text: `
  WITH erased AS (
    DELETE FROM {schema}.stripe_events AS event USING (
      SELECT project_id, mode, event_id FROM {schema}.stripe_events WHERE project_id = :project_id
      LIMIT :batch FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE event.project_id = found.project_id AND event.mode = found.mode AND event.event_id = found.event_id
    RETURNING 1
  )
  SELECT count(*)::integer AS count FROM erased`,
});

/** Whether events of a project are stored. */
export const HAS_EVENTS = statement({
  name: 'stripe_events_has',
  parameters: { project_id: text },
  columns: { found: boolean },
  text: 'SELECT EXISTS (SELECT FROM {schema}.stripe_events WHERE project_id = :project_id) AS found',
});

/**
 * Erases the contents of some events of a project behind one, by mode and id, and what they are about, that came until a time;
 * skips those that are with their handlers. Says of how many, and which was the last. That they were received stays known. Those
 * that waited or had failed cannot be handled any more, and are skipped.
 */
export const ERASE_CONTENTS = statement({
  name: 'stripe_events_erase_contents',
  parameters: { project_id: text, until: timestamp, after_mode: text, after_event_id: text, batch: bigint },
  columns: { count: integer, mode: nullable(text), event_id: nullable(varchar) },
  text: `
  WITH erased AS (
    UPDATE {schema}.stripe_events AS event SET payload_sealed = NULL, object_id = NULL,
      status = CASE WHEN event.status = 'handled' THEN 'handled' ELSE 'skipped' END,
      finished_at = coalesce(event.finished_at, found.erased_at)
    FROM (
      SELECT project_id, mode, event_id, now() AS erased_at FROM {schema}.stripe_events
      WHERE project_id = :project_id AND (mode, event_id) > (:after_mode::text, :after_event_id::text)
        AND received_at <= :until::timestamptz AND payload_sealed IS NOT NULL
      ORDER BY mode, event_id LIMIT :batch FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE event.project_id = found.project_id AND event.mode = found.mode AND event.event_id = found.event_id
    RETURNING event.mode, event.event_id
  )
  SELECT count(*)::integer AS count, (array_agg(mode ORDER BY mode DESC, event_id DESC))[1] AS mode,
    (array_agg(event_id ORDER BY mode DESC, event_id DESC))[1] AS event_id
  FROM erased`,
});

/** Whether events of a project that came until a time are stored with their contents. */
export const HAS_CONTENTS = statement({
  name: 'stripe_events_has_contents',
  parameters: { project_id: text, until: timestamp },
  columns: { found: boolean },
  text: `
  SELECT EXISTS (
    SELECT FROM {schema}.stripe_events
    WHERE project_id = :project_id AND received_at <= :until::timestamptz AND payload_sealed IS NOT NULL
  ) AS found`,
});

/**
 * Waits until events of a project that are being stored are there: storing one holds a lock of the configuration's row with which
 * this one conflicts, and finds under it whether the configuration still accepts events. Says until when those came that were
 * accepted before, rounded as `received_at` is. The database's clock may have been ahead when the newest came.
 */
export const WAIT_FOR_STORED = statement({
  name: 'stripe_events_wait_for_stored',
  parameters: { project_id: text },
  columns: { until: time },
  text: `
  WITH waited AS MATERIALIZED (
    SELECT project_id FROM {schema}.stripe_configs WHERE project_id = :project_id::text FOR UPDATE
  )
  SELECT extract(epoch FROM greatest(
    now(), (SELECT max(received_at) FROM {schema}.stripe_events WHERE project_id = :project_id::text)
  )::timestamptz(3)) * 1000 AS until
  FROM waited`,
});

/** Erases what else is known of a project: its account at Stripe, and its endpoints there but those that Stripe did not remove. */
export const ERASE_STATES = statement({
  name: 'stripe_config_states_erase',
  parameters: { project_id: text },
  columns: {},
  text: `
  WITH states AS (
    DELETE FROM {schema}.stripe_config_states WHERE project_id = :project_id
  ), limits AS (
    DELETE FROM {schema}.stripe_call_limits WHERE project_id = :project_id
  ), locks AS (
    DELETE FROM {schema}.stripe_config_locks WHERE project_id = :project_id AND name IN (
      SELECT name FROM {schema}.stripe_config_locks WHERE project_id = :project_id FOR UPDATE SKIP LOCKED
    )
  )
  DELETE FROM {schema}.stripe_webhook_endpoints
  WHERE project_id = :project_id AND (
    removed_at IS NOT NULL OR (idempotency_key IS NULL AND (endpoint_id IS NULL OR made_at IS NULL))
  )`,
});

const ERASE = `
  WITH found AS (
    SELECT project_id, version FROM {schema}.stripe_config_audit WHERE actor = :actor
    ORDER BY project_id, version LIMIT :batch FOR UPDATE
  ), configs AS (
    UPDATE {schema}.stripe_configs SET changed_by = ''
    WHERE changed_by = :actor AND project_id IN (SELECT project_id FROM found)
  ), erased AS (
    UPDATE {schema}.stripe_config_audit AS entry SET actor = NULL, actor_salt = NULL
    FROM found WHERE entry.project_id = found.project_id AND entry.version = found.version
    RETURNING 1
  )
  SELECT count(*)::integer AS count FROM erased`;

/**
 * Erases who made the change from some rows of the trail, and from their configurations where it was the last change. The digest
 * that binds a row to its actor stays. One statement: by the rows a configuration is found, also when it is repeated.
 */
export const ERASE_ACTOR = statement({
  name: 'stripe_config_audit_erase_actor',
  parameters: { actor: text, batch: bigint },
  columns: { count: integer },
  text: ERASE,
  spreadText: withoutLocks(ERASE),
});

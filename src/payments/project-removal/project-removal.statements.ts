import { bigint, integer, nullable, statement, text, varchar, word } from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/**
 * Notes in the project's row that it was removed, behind every change of it that is under way: a first one that is not committed yet
 * has the same key. Later ones find the note under the row's lock, also where they had begun before.
 */
export const NOTE_REMOVED_PROJECT = statement({
  name: 'stripe_configs_note_removed',
  parameters: { project_id: text },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_configs AS config (project_id, is_active, removed_at) VALUES (:project_id::text, false, now())
  ON CONFLICT (project_id) DO UPDATE SET removed_at = excluded.removed_at WHERE config.removed_at IS NULL`,
});

/**
 * Skips some events that wait for their handlers and some that have failed, and says how many. Those that a worker is busy with
 * are passed over; where they are not handled, the worker that would claim them next skips them.
 */
export const SKIP_UNHANDLED = statement({
  name: 'stripe_events_skip_of_removed_project',
  parameters: { project_id: text, batch: bigint },
  columns: { count: integer },
  text: `
  WITH waiting AS (
    SELECT project_id, mode, event_id FROM {schema}.stripe_events WHERE project_id = :project_id AND status = 'pending'
    LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
  ), failed AS (
    SELECT project_id, mode, event_id FROM {schema}.stripe_events WHERE project_id = :project_id AND status = 'failed'
    LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
  ), skipped AS (
    UPDATE {schema}.stripe_events AS event SET status = 'skipped', finished_at = now()
    FROM (SELECT * FROM waiting UNION ALL SELECT * FROM failed) AS found
    WHERE event.project_id = found.project_id AND event.mode = found.mode AND event.event_id = found.event_id
    RETURNING 1
  )
  SELECT count(*)::integer AS count FROM skipped`,
});

/** The webhook endpoints that this service created and that Stripe did not remove. */
export const FIND_LEFT = statement({
  name: 'stripe_webhook_endpoints_find_left',
  parameters: { project_id: text },
  columns: { mode: word<Mode>(), id: nullable(varchar) },
  text: `
  SELECT mode, endpoint_id AS id FROM {schema}.stripe_webhook_endpoints
  WHERE project_id = :project_id AND removed_at IS NULL
    AND (idempotency_key IS NOT NULL OR (endpoint_id IS NOT NULL AND made_at IS NOT NULL))
  ORDER BY mode`,
});

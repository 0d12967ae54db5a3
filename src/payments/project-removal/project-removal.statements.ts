import { bigint, integer, nullable, statement, text, varchar, word } from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/** Waits for pending changes of the project; later ones find the record. */
export const NOTE_REMOVED_PROJECT = statement({
  name: 'stripe_removed_projects_note',
  parameters: { project_id: text },
  columns: {},
  text: `
  WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended('stripe-config-removal:' || :project_id::text, 0))
  )
  INSERT INTO {schema}.stripe_removed_projects (project_id) SELECT :project_id::text FROM waited ON CONFLICT DO NOTHING`,
});

/** Skips some events that wait for their handlers, and says how many; those that a worker has claimed are left to it. */
export const SKIP_PENDING = statement({
  name: 'stripe_events_skip_of_removed_project',
  parameters: { project_id: text, batch: bigint },
  columns: { count: integer },
  text: `
  WITH skipped AS (
    UPDATE {schema}.stripe_events AS event SET status = 'skipped', finished_at = now()
    FROM (
      SELECT project_id, mode, event_id FROM {schema}.stripe_events WHERE project_id = :project_id AND status = 'pending'
      LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
    ) AS waiting
    WHERE event.project_id = waiting.project_id AND event.mode = waiting.mode AND event.event_id = waiting.event_id
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

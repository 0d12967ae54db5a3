import { integer, nullable, statement, time, timestamp, withoutLocks } from '../database/statement.js';

/** How many events {@link DELETE_OLD_EVENTS} deletes at once. */
export const DELETE_BATCH = 500;

const DELETE_OLD = `
  WITH old AS (
    SELECT project_id, mode, event_id, finished_at FROM {schema}.stripe_events
    WHERE status IN ('handled', 'skipped') AND finished_at >= :from::timestamptz
      AND finished_at < now() - make_interval(days => :days::integer)
    ORDER BY finished_at LIMIT 500 FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM {schema}.stripe_events AS event USING old
    WHERE event.project_id = old.project_id AND event.mode = old.mode AND event.event_id = old.event_id
      AND event.status IN ('handled', 'skipped')
    RETURNING old.finished_at
  )
  SELECT count(*)::integer AS count, extract(epoch FROM max(finished_at)) * 1000 AS last FROM deleted`;

/**
 * Deletes some events that were handled or skipped longer ago than a number of days, the oldest first, from a time on; skips
 * locked ones. Says how many, and when the last of them was finished. The size of the batch is no parameter: for a plan that is
 * made once PostgreSQL would take it for a tenth of all rows, and read the whole table.
 */
export const DELETE_OLD_EVENTS = statement({
  name: 'stripe_events_delete_old',
  parameters: { days: integer, from: timestamp },
  columns: { count: integer, last: nullable(time) },
  text: DELETE_OLD,
  spreadText: withoutLocks(DELETE_OLD),
});

import { bigint, integer, nullable, statement, time } from '../database/statement.js';

/**
 * Since when the event has been due that is due the longest, by the database's clock, and how many were given up, of which no more
 * than a limit are counted: it costs the same whether there are a thousand events or a billion. Removed projects' events are not handed on.
 */
export const MEASURE_EVENTS = statement({
  name: 'stripe_events_measure',
  parameters: { most: bigint },
  columns: { now: time, due_since: nullable(time), dead: integer },
  text: `
  SELECT extract(epoch FROM now()) * 1000 AS now, (
    SELECT extract(epoch FROM available_at) * 1000 FROM {schema}.stripe_events AS waiting
    WHERE status = 'pending' AND attempts >= 0 AND available_at <= now()
      AND (SELECT removed_at FROM {schema}.stripe_configs AS config WHERE config.project_id = waiting.project_id) IS NULL
    ORDER BY available_at LIMIT 1
  ) AS due_since, (
    SELECT count(*)::integer FROM (SELECT 1 AS one FROM {schema}.stripe_events WHERE status = 'failed' LIMIT :most) AS failed
  ) AS dead`,
});

import { integer, nullable, statement, text, varchar } from '../database/statement.js';

/**
 * Counts a call, or returns no row when there were too many within the last minute. The newest stands first, and no more are kept than
 * may be made. `excluded` has the time: Citus lets an update on conflict call no function that has.
 */
export const COUNT_CALL = statement({
  name: 'stripe_call_limits_count',
  parameters: { project_id: varchar, max: integer },
  columns: { project_id: varchar },
  text: `
  INSERT INTO {schema}.stripe_call_limits AS stored (project_id, calls) VALUES (:project_id, ARRAY[now()])
  ON CONFLICT (project_id) DO UPDATE SET
    calls = excluded.calls || trim_array(stored.calls, greatest(cardinality(stored.calls) + 1 - :max::integer, 0))
  WHERE coalesce(excluded.calls[1] - stored.calls[:max::integer] >= interval '60 seconds', true)
  RETURNING project_id`,
});

/** When the oldest call is out of the window, in seconds from now. */
export const FIND_WAIT = statement({
  name: 'stripe_call_limits_find_wait',
  parameters: { project_id: text },
  columns: { seconds: nullable(integer) },
  text: `
  SELECT ceil(extract(epoch FROM min(call) + interval '60 seconds' - now()))::integer AS seconds
  FROM {schema}.stripe_call_limits CROSS JOIN unnest(calls) AS call
  WHERE project_id = :project_id AND call > now() - interval '60 seconds'`,
});

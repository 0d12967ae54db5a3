import { bigint, integer, nullable, statement, text, varchar } from '../database/statement.js';

/** Counts a call, or returns no row when there were too many within the last minute. */
export const COUNT_CALL = statement({
  name: 'stripe_call_limits_count',
  parameters: { project_id: varchar, max: bigint },
  columns: { project_id: varchar },
  text: `
  INSERT INTO {schema}.stripe_call_limits AS stored (project_id, calls) VALUES (:project_id, ARRAY[now()])
  ON CONFLICT (project_id) DO UPDATE SET
    calls = ARRAY(SELECT call FROM unnest(stored.calls) AS call WHERE call > now() - interval '60 seconds') || now()
  WHERE (SELECT count(*) FROM unnest(stored.calls) AS call WHERE call > now() - interval '60 seconds') < :max
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

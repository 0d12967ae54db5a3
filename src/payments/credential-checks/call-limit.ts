import type { DataSource } from 'typeorm';
import { runStatement, type Statement } from '../database/run-statement.js';
import { RateLimited } from '../domain/errors.js';

const WINDOW_SECONDS = 60;

const RECENT = (calls: string): string =>
  `SELECT call FROM unnest(${calls}) AS call WHERE call > now() - interval '${WINDOW_SECONDS} seconds'`;

/** Counts a call, or returns no row when there were too many. `$1` project id, `$2` how many are allowed. */
const COUNT_CALL: Statement = {
  name: 'stripe_call_limits_count',
  text: `
  INSERT INTO stripe_call_limits AS stored (project_id, calls) VALUES ($1, ARRAY[now()])
  ON CONFLICT (project_id) DO UPDATE SET calls = ARRAY(${RECENT('stored.calls')}) || now()
  WHERE (SELECT count(*) FROM (${RECENT('stored.calls')}) AS recent) < $2
  RETURNING project_id`,
};

/** When the oldest call is out of the window, in seconds from now. `$1` project id. */
const FIND_WAIT: Statement = {
  name: 'stripe_call_limits_find_wait',
  text: `
  SELECT ceil(extract(epoch FROM min(call) + interval '${WINDOW_SECONDS} seconds' - now()))::integer AS seconds
  FROM stripe_call_limits CROSS JOIN LATERAL (${RECENT('calls')}) AS recent WHERE project_id = $1`,
};

/**
 * Counts a question that is about to be asked on behalf of a project.
 *
 * @param max how many are allowed in a minute
 * @throws RateLimited when there were too many within the last minute
 */
export async function countCall(dataSource: DataSource, projectId: string, max: number): Promise<void> {
  const counted = await runStatement(dataSource, 'write', COUNT_CALL, [projectId, max]);
  if (counted.length > 0) return;
  const [wait] = await runStatement<{ seconds: number | null }>(dataSource, 'read', FIND_WAIT, [projectId]);
  throw new RateLimited(Math.max(1, wait?.seconds ?? 1));
}

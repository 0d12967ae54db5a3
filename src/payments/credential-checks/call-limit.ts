import type { DataSource } from 'typeorm';
import { runStatement, type Statement } from '../database.js';
import { RateLimited } from '../payments.errors.js';

/** How often Stripe is asked about the keys of one project, by all replicas together. */
const MAX_CALLS = 5;
const WINDOW_SECONDS = 60;

const RECENT = (calls: string): string =>
  `SELECT call FROM unnest(${calls}) AS call WHERE call > now() - interval '${WINDOW_SECONDS} seconds'`;

/** Counts a call, or returns no row when there were too many. `$1` project id. */
const COUNT_CALL: Statement = {
  name: 'stripe_call_limits_count',
  text: `
  INSERT INTO stripe_call_limits AS stored (project_id, calls) VALUES ($1, ARRAY[now()])
  ON CONFLICT (project_id) DO UPDATE SET calls = ARRAY(${RECENT('stored.calls')}) || now()
  WHERE (SELECT count(*) FROM (${RECENT('stored.calls')}) AS recent) < ${MAX_CALLS}
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
 * @throws RateLimited when there were too many within the last minute
 */
export async function countCall(dataSource: DataSource, projectId: string): Promise<void> {
  const counted = await runStatement(dataSource, 'write', COUNT_CALL, [projectId]);
  if (counted.length > 0) return;
  const [wait] = await runStatement<{ seconds: number | null }>(dataSource, 'read', FIND_WAIT, [projectId]);
  throw new RateLimited(Math.max(1, wait?.seconds ?? 1));
}

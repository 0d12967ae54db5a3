import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { RateLimited } from '../domain/errors.js';
import { COUNT_CALL, FIND_WAIT } from './call-limit.statements.js';

/**
 * Counts a call to Stripe on behalf of a project, before it is made.
 *
 * @param max how many are allowed in a minute
 * @throws RateLimited when there were too many within the last minute
 */
export async function countCall(database: Database, projectId: string, max: number): Promise<void> {
  const counted = await runStatement(database, 'write', COUNT_CALL, { project_id: projectId, max });
  if (counted.length > 0) return;
  const [wait] = await runStatement(database, 'read', FIND_WAIT, { project_id: projectId });
  throw new RateLimited(Math.max(1, wait?.seconds ?? 1));
}

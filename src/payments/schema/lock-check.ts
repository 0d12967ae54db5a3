import { sessionOn } from '../database/client-session.js';
import type { Database, Session } from '../database/database.js';
import { classifyError } from '../database/faults.js';
import { MAKE_LOCK } from '../database/lock.statements.js';
import { borrowConnection, ignoreErrorEvent, poolOf } from '../database/pool.js';
import { runStatement, runWithin } from '../database/run-statement.js';
import {
  SHARE_ADVISORY_LOCK,
  SHARE_LOCK,
  TAKE_ADVISORY_LOCK,
  TAKE_WHOLE_LOCK,
} from './lock-check.statements.js';

/** Of no project. */
const LOCK = { project_id: '', name: 'start' };
const ADVISORY_LOCK = { name: 'nest-stripe-config:start' };

/** Which locks of one connection are refused to another. */
export interface LockFindings {
  /** Those of rows: everything depends on them. */
  ofRows: boolean;
  /** Advisory ones: migrations alone depend on them. */
  advisory: boolean;
}

/**
 * Tries on two connections of the pool whether locks hold, since some engines that speak as PostgreSQL take them and lock nothing. Who
 * holds shares and who tries gets nothing, so that any number of starts may try at once. Nothing is left but the row that is locked.
 *
 * @returns undefined where the pool has one connection only
 * @throws DependencyUnavailable when two connections cannot be had
 * @throws the driver's error when one breaks
 */
export async function examineLocks(database: Database): Promise<LockFindings | undefined> {
  if (poolOf(database).options.max < 2) return undefined;
  await runStatement(database, 'write', MAKE_LOCK, LOCK);
  const client = await borrowConnection(database);
  client.on('error', ignoreErrorEvent);
  let isBroken = true;
  try {
    const holder = sessionOn(database, client);
    await holder.query({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' });
    const findings = await tryLocks(holder);
    await holder.query({ text: 'ROLLBACK' });
    isBroken = false;
    return findings;
  } finally {
    client.release(isBroken);
    client.off('error', ignoreErrorEvent);
  }
}

async function tryLocks(holder: Session): Promise<LockFindings> {
  const { database } = holder;
  const ofRows = await isRefused(
    () => runWithin(holder, SHARE_LOCK, LOCK),
    async () => (await runStatement(database, 'read', TAKE_WHOLE_LOCK, LOCK)).length === 0,
  );
  // After a refused statement the transaction takes no other.
  if (!ofRows) return { ofRows, advisory: false };
  const advisory = await isRefused(
    () => runWithin(holder, SHARE_ADVISORY_LOCK, ADVISORY_LOCK),
    async () =>
      (await runStatement(database, 'read', TAKE_ADVISORY_LOCK, ADVISORY_LOCK))[0]?.is_taken !== true,
  );
  return { ofRows, advisory };
}

/** Whether a lock is refused once it is held. An engine may also refuse the statement itself. */
async function isRefused(
  hold: () => Promise<{ is_taken: boolean }[]>,
  isRefusedToOthers: () => Promise<boolean>,
): Promise<boolean> {
  try {
    const [held] = await hold();
    return held?.is_taken === true && (await isRefusedToOthers());
  } catch (error) {
    if (classifyError(error, 'read') === 'statement') return false;
    throw error;
  }
}

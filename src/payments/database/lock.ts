import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { sessionOn } from './client-session.js';
import type { Database } from './database.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { MAKE_LOCK, TAKE_LOCK } from './lock.statements.js';
import { borrowConnection, ignoreErrorEvent } from './pool.js';
import { runStatement, runWithin } from './run-statement.js';
import type { ParametersOf } from './statement.js';
import { takeWriteTurn } from './write-turns.js';

/** How often a held lock is tried again, in milliseconds. */
const LOCK_POLL_MS = 100;

/** What is locked: something of a project, by its name. */
type LockName = ParametersOf<typeof TAKE_LOCK>;

/**
 * Runs work while no other replica runs any under the same name. The lock is a row, which every engine keeps for all of its nodes. It
 * belongs to a transaction, so that it is released with the connection, however that ends, and works behind a pooler.
 *
 * @param waitMs how long to wait for the lock
 * @param holdMs longest time for the work, after which the database may take the lock away
 * @returns undefined when the lock was not free in time
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function withLock<T>(
  database: Database,
  lock: LockName,
  { waitMs, holdMs }: { waitMs: number; holdMs: number },
  work: () => Promise<T>,
): Promise<{ result: T } | undefined> {
  await runStatement(database, 'write', MAKE_LOCK, lock);
  const endTurn = await takeWriteTurn(database, 'transaction');
  try {
    const client = await borrowConnection(database);
    client.on('error', ignoreErrorEvent);
    try {
      const isTaken = await tryToLock(database, client, lock, waitMs, holdMs);
      return isTaken ? { result: await work() } : undefined;
    } finally {
      const isBroken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      client.release(isBroken);
      client.off('error', ignoreErrorEvent);
    }
  } finally {
    endTurn();
  }
}

async function tryToLock(
  database: Database,
  client: PoolClient,
  lock: LockName,
  waitMs: number,
  holdMs: number,
): Promise<boolean> {
  const session = sessionOn(database, client);
  try {
    // Each try sees what was made since.
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await client.query("SELECT set_config('idle_in_transaction_session_timeout', $1, true)", [`${holdMs}ms`]);
    const until = performance.now() + waitMs;
    for (;;) {
      if ((await runWithin(session, TAKE_LOCK, lock)).length > 0) return true;
      if (performance.now() >= until) return false;
      await delay(LOCK_POLL_MS);
    }
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, PoolClient } from 'pg';
import type { Database } from './database.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { RESULT_TYPES } from './statement.js';
import { borrowConnection, ignoreErrorEvent } from './pool.js';
import { takeWriteTurn } from './write-turns.js';

/** How often a held lock is tried again, in milliseconds. */
const LOCK_POLL_MS = 100;

/**
 * Runs work while no other replica runs any under the same name. The lock belongs to a transaction, so that it is
 * released with the connection, however that ends, and works behind a pooler.
 *
 * @param waitMs how long to wait for the lock
 * @param holdMs longest time for the work, after which the database may take the lock away
 * @returns undefined when the lock was not free in time
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function withLock<T>(
  database: Database,
  name: string,
  { waitMs, holdMs }: { waitMs: number; holdMs: number },
  work: () => Promise<T>,
): Promise<{ result: T } | undefined> {
  const endTurn = await takeWriteTurn(database, 'transaction');
  try {
    const client = await borrowConnection(database);
    client.on('error', ignoreErrorEvent);
    try {
      return (await tryToLock(client, name, waitMs, holdMs)) ? { result: await work() } : undefined;
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

async function tryToLock(client: PoolClient, name: string, waitMs: number, holdMs: number): Promise<boolean> {
  try {
    await client.query('BEGIN');
    await client.query("SELECT set_config('idle_in_transaction_session_timeout', $1, true)", [`${holdMs}ms`]);
    return await takeLock(client, name, { waitMs, pollMs: LOCK_POLL_MS });
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

/**
 * Takes a lock for the transaction that is open on a connection.
 *
 * @param waitMs how long to wait for it, and `pollMs` how often it is tried meanwhile, in milliseconds
 * @param signal ends the wait
 * @returns false when the lock was not free in time
 */
export async function takeLock(
  client: ClientBase,
  name: string,
  { waitMs, pollMs, signal }: { waitMs: number; pollMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const until = performance.now() + waitMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>({
      text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
      values: [name],
      types: RESULT_TYPES,
    });
    if (rows[0]?.locked === true) return true;
    if (performance.now() >= until) return false;
    await delay(pollMs, undefined, { signal });
  }
}

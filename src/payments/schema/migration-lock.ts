import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { RESULT_TYPES } from '../database/statement.js';
import { MigrationLockHeld } from './migration-lock-held.js';

/** Names the advisory lock of migrations, whoever runs them. There is no table yet whose rows could be locked. */
export const MIGRATION_LOCK = 'nest-stripe-config:migrations';

/** How long a migration waits for a table in use: others queue behind it for as long. In milliseconds. */
export const TABLE_WAIT_MS = 2_000;
/** How long one try waits for the lock, and how often it checks, in milliseconds. */
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 250;
/** When the database takes the lock from a holder that does not respond, in milliseconds. */
export const SILENCE_MS = 30_000;

/**
 * Takes the lock of migrations for the transaction that is open on a connection.
 *
 * @param waitMs how long to wait for another migration, in milliseconds. Default: 10,000.
 * @param signal ends the wait
 * @throws MigrationLockHeld when another migration did not end in time
 */
export async function takeMigrationLock(
  client: ClientBase,
  waitMs = LOCK_WAIT_MS,
  signal?: AbortSignal,
): Promise<void> {
  const until = performance.now() + waitMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>({
      text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
      values: [MIGRATION_LOCK],
      types: RESULT_TYPES,
    });
    if (rows[0]?.locked === true) return;
    if (performance.now() >= until) throw new MigrationLockHeld();
    await delay(LOCK_POLL_MS, undefined, { signal });
  }
}

import { describeError } from '../payments/common/describe-error.js';
import { ExplainedError } from '../payments/domain/explained-error.js';
import { MigrationLockHeld } from '../payments/schema/migration-lock-held.js';
import { CommandFault, databaseCause } from './fault.js';

/** How long a command waits for another migration, in milliseconds. */
export const LOCK_WAIT_MS = 60_000;

/**
 * What a command says of a fault of the database, whose own message may contain a password.
 *
 * @param settings those that say where the database is, as a clause that ends with a verb
 */
export function migrationFault(error: unknown, settings: string): unknown {
  if (error instanceof ExplainedError || error instanceof CommandFault) return error;
  if (error instanceof MigrationLockHeld) {
    return new CommandFault(
      `Another session has held the lock of migrations for ${LOCK_WAIT_MS / 1_000} s: wait until it is done, or end it (pg_locks shows it, locktype advisory).`,
    );
  }
  const { error: name, errorCode } = describeError(error);
  return new CommandFault(
    `The migration failed (${errorCode ?? name}); check that ${settings} right, that the database runs, and that its user may change the schema${databaseCause(error)}.`,
  );
}

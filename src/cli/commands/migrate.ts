import { migrate, revertMigration } from '../../app/migrate.js';
import { MigrationLockHeld } from '../../payments/schema/migration-lock.js';
import { describeError } from '../../payments/common/describe-error.js';
import { SchemaFault } from '../../payments/schema/schema-findings.js';
import { CommandFault, databaseCause } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';
import { withDatabaseUrl } from '../with-database.js';

/** How long to wait for another migration, in milliseconds. */
const LOCK_WAIT_MS = 60_000;

async function change({ revert }: { revert?: true }): Promise<Result> {
  return withDatabaseUrl(async (url) => {
    try {
      return await (revert ? takeBack(url) : bringUpToDate(url));
    } catch (error) {
      throw faultOf(error);
    }
  });
}

/** The message of a fault of the database, whose own message may contain a password. */
function faultOf(error: unknown): unknown {
  if (error instanceof SchemaFault) return error;
  if (error instanceof MigrationLockHeld) {
    return new CommandFault(
      `Another session has held the lock of migrations for ${LOCK_WAIT_MS / 1_000} s: wait until it is done, or end it (pg_locks shows it, locktype advisory).`,
    );
  }
  const { error: name, errorCode } = describeError(error);
  return new CommandFault(
    `The migration failed (${errorCode ?? name}); check that DATABASE_URL is right, that the database runs, and that its user may change the schema${databaseCause(error)}.`,
  );
}

async function bringUpToDate(url: string): Promise<Result> {
  const ran = await migrate(url, { lockWaitMs: LOCK_WAIT_MS });
  say(ran.length === 0 ? 'The schema was already up to date.' : ran.map((name) => `Ran ${name}`).join('\n'));
  return { ran };
}

async function takeBack(url: string): Promise<Result> {
  const name = await revertMigration(url, { lockWaitMs: LOCK_WAIT_MS });
  say(name === undefined ? 'There was no migration to take back.' : `Took back ${name}`);
  return { tookBack: name === undefined ? [] : [name] };
}

await run(
  createProgram(
    'migrate',
    'Brings the schema of the database at DATABASE_URL, or else of the embedded one under DATA_DIR, up to date.',
  )
    .option('--revert', 'take back the newest migration instead, with the data it holds')
    .action(action(change)),
);

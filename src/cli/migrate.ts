import { Command } from 'commander';
import { MigrationLockHeld, migrate, revertMigration } from '../app/migrate.js';
import { readDatabaseEnv } from '../app/settings/command-settings.js';
import { describeError } from '../payments/http/describe-error.js';
import { SchemaFault } from '../payments/schema-findings.js';
import { CommandFault, endWith } from './fault.js';

/** How long to wait for another migration, in milliseconds. */
const LOCK_WAIT_MS = 60_000;

async function run({ revert }: { revert?: true }): Promise<void> {
  const url = readDatabaseEnv();
  try {
    process.stdout.write(`${revert ? await takeBack(url) : await bringUpToDate(url)}\n`);
  } catch (error) {
    if (error instanceof MigrationLockHeld) {
      throw new CommandFault(
        `Another session has held the lock of migrations for ${LOCK_WAIT_MS / 1_000} s: wait until it is done, or end it (pg_locks shows it, locktype advisory).`,
      );
    }
    if (error instanceof SchemaFault) throw error;
    const { error: name, errorCode } = describeError(error);
    throw new CommandFault(
      `The migration failed (${errorCode ?? name}); check that DATABASE_URL is right, that the database runs, and that its user may change the schema.`,
    );
  }
}

async function bringUpToDate(url: string): Promise<string> {
  const done = await migrate(url, { lockWaitMs: LOCK_WAIT_MS });
  return done.length === 0
    ? 'The schema was already up to date.'
    : done.map((name) => `Ran ${name}`).join('\n');
}

async function takeBack(url: string): Promise<string> {
  const name = await revertMigration(url, { lockWaitMs: LOCK_WAIT_MS });
  return name === undefined ? 'There was no migration to take back.' : `Took back ${name}`;
}

await new Command('migrate')
  .description('Brings the schema of the database at DATABASE_URL up to date.')
  .option('--revert', 'take back the newest migration instead, with the data it holds')
  .action(run)
  .parseAsync()
  .catch(endWith);

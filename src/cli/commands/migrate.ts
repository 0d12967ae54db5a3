import { migrate, revertMigration } from '../../app/migrate.js';
import { LOCK_WAIT_MS, migrationFault } from '../migration-fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';
import { withDatabaseUrl } from '../with-database.js';

async function change({ revert }: { revert?: true }): Promise<Result> {
  return withDatabaseUrl(async (url) => {
    try {
      return await (revert ? takeBack(url) : bringUpToDate(url));
    } catch (error) {
      throw migrationFault(error, 'DATABASE_URL is');
    }
  });
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

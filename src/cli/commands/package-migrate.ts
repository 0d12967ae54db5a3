import type { Command } from 'commander';
import { openCommandDatabase } from '../../app/command-database.js';
import type { HostPool } from '../../payments/database/database.js';
import { migrate, migrationSql, pendingMigrations } from '../../payments/schema/migrate.js';
import { CommandFault } from '../fault.js';
import { LOCK_WAIT_MS, migrationFault } from '../migration-fault.js';
import { action, createProgram, say, type Result } from '../program.js';

/** Where an application has, or wants, its tables. */
export interface MigrationTarget {
  url(): string;
  schema(): string | undefined;
}

async function run(target: MigrationTarget, { check, sql }: { check?: true; sql?: true }): Promise<Result> {
  const schema = target.schema();
  if (sql) {
    const text = await migrationSql({ schema });
    say(text);
    return { sql: text };
  }
  return onPool(target.url(), (pool) => (check ? checked(pool, schema) : migrated(pool, schema)));
}

async function checked(pool: HostPool, schema: string | undefined): Promise<Result> {
  const pending = await pendingMigrations(pool, { schema });
  if (pending.length > 0) {
    throw new CommandFault(`${pending.length} migration(s) are pending: ${pending.join(', ')}.`, { pending });
  }
  say('The schema is up to date.');
  return { pending };
}

async function migrated(pool: HostPool, schema: string | undefined): Promise<Result> {
  const ran = await migrate(pool, { schema, lockWaitMs: LOCK_WAIT_MS });
  say(ran.length === 0 ? 'The schema was already up to date.' : ran.map((name) => `Ran ${name}`).join('\n'));
  return { ran };
}

async function onPool<T>(url: string, work: (pool: HostPool) => Promise<T>): Promise<T> {
  let close: (() => Promise<void>) | undefined;
  try {
    const opened = await openCommandDatabase(url);
    close = opened.close;
    if (opened.database.pool === undefined) throw new CommandFault('The database was closed.');
    return await work(opened.database.pool);
  } catch (error) {
    throw migrationFault(error, 'DATABASE_URL, or PGHOST and its like, are');
  } finally {
    await close?.();
  }
}

/** `migrate`: makes the tables of an application, or brings them up to date. */
export function packageMigrateCommand(target: MigrationTarget): Command {
  return createProgram(
    'migrate',
    'Makes the tables of the module, or brings them up to date, in the schema of --schema, which is made if it is missing. It needs no TypeORM, and waits for others that migrate.',
  )
    .option('--check', 'say which migrations are pending, by the exit code 1 as well, and run none')
    .option('--sql', 'print all migrations as SQL, and run none')
    .action(action((options: { check?: true; sql?: true }) => run(target, options)));
}

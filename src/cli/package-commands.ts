import { readHostDatabaseUrl, readDatabaseSchema } from '../app/settings/command-settings.js';
import { auditCommand } from './commands/audit.js';
import { importCommand } from './commands/import.js';
import { keysCommand } from './commands/keys.js';
import { packageMigrateCommand } from './commands/package-migrate.js';
import type { CommandHost } from './command-host.js';
import { withOpenDatabase } from './open-database.js';
import { createProgram, run } from './program.js';

const CALL = 'npx nest-stripe-config';

const program = createProgram(
  'nest-stripe-config',
  'What an application with the payments module needs beside it. The database is the one at DATABASE_URL, or that of the variables which PostgreSQL’s own programs read: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE. The key ring is in the file KEY_RING_FILE, or the text KEY_RING.',
).option(
  '--schema <name>',
  'the schema of the tables (default: DATABASE_SCHEMA, or what the search path finds)',
);

const schema = (): string | undefined => program.opts<{ schema?: string }>().schema ?? readDatabaseSchema();

/** The commands of an application: it has migrated its database itself, and has no settings of the service. */
const APPLICATION: CommandHost = {
  callOf: (command) => `${CALL} ${command}`,
  withDatabase: (work) =>
    withOpenDatabase(
      {
        url: readHostDatabaseUrl(),
        schema: schema(),
        settings: 'DATABASE_URL, or PGHOST and its like,',
        advice:
          'run "npx nest-stripe-config migrate", or your own migrations with paymentsMigrations among them, or name the schema of the tables with --schema',
      },
      work,
    ),
};

/** Runs the command of the package that the arguments name. */
export async function runPackageCommand(): Promise<void> {
  program.addCommand(keysCommand(APPLICATION));
  program.addCommand(auditCommand(APPLICATION));
  program.addCommand(importCommand(APPLICATION));
  program.addCommand(packageMigrateCommand({ url: readHostDatabaseUrl, schema }));
  await run(program);
}

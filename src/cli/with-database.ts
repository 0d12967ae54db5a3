import type { DataSource } from 'typeorm';
import { readCommandDatabaseEnv, readDatabaseSchema } from '../app/settings/command-settings.js';
import { CommandFault, databaseCause } from './fault.js';

/** Signals that end a command, and their exit codes. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Lends a command the address of the service's database: DATABASE_URL, or the embedded one under DATA_DIR. */
export async function withDatabaseUrl<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = readCommandDatabaseEnv();
  if (databaseUrl !== undefined) return work(databaseUrl);
  // A PostgreSQL that was started for the command ends with the process, but not when a signal kills the process.
  for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));
  const { useEmbeddedPostgres } = await import('../embedded-postgres/embedded-postgres.js');
  const database = await useEmbeddedPostgres(dataDir);
  try {
    return await work(database.url);
  } finally {
    await database.stop();
  }
}

/** Lends a command the service's database, in DATABASE_SCHEMA if that is set, without the time limits of requests. */
export async function withDataSource<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const schema = readDatabaseSchema();
  return withDatabaseUrl(async (url) => {
    // Loaded when needed: a command that opens no database, or a `--help`, would take four times as long.
    const { commandDataSource } = await import('../app/data-source.js');
    const { requireTables } = await import('../payments/schema/schema-findings.js');
    const dataSource = commandDataSource(url, schema);
    try {
      await dataSource.initialize();
    } catch (error) {
      throw new CommandFault(
        `The database cannot be reached; check DATABASE_URL and that it runs${databaseCause(error)}.`,
      );
    }
    try {
      await requireTables(dataSource);
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  });
}

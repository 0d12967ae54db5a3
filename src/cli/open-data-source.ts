import type { DataSource } from 'typeorm';
import { CommandFault, databaseCause } from './fault.js';

/** Where the tables are, and how the users of a program are told. */
export interface CommandDatabase {
  url: string;
  /** Default: the one that the search path finds. */
  schema: string | undefined;
  /** What to check when it cannot be reached. */
  settings: string;
  /** What to do when there are no tables, as a whole sentence. */
  advice: string;
}

/** Lends a command the database, without the time limits of requests. */
export async function withOpenDataSource<T>(
  { url, schema, settings, advice }: CommandDatabase,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  // Loaded when needed: a command that opens no database, or a `--help`, would take four times as long.
  const { commandDataSource } = await import('../app/data-source.js');
  const { requireTables } = await import('../payments/schema/schema-findings.js');
  const dataSource = commandDataSource(url, schema);
  try {
    await dataSource.initialize();
  } catch (error) {
    throw new CommandFault(
      `The database cannot be reached; check ${settings} and that it runs${databaseCause(error)}.`,
    );
  }
  try {
    await requireTables(dataSource, advice);
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

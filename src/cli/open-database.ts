import { openCommandDatabase } from '../app/command-database.js';
import type { Database } from '../payments/database/database.js';
import { requireTables } from '../payments/schema/schema-findings.js';
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
export async function withOpenDatabase<T>(
  { url, schema, settings, advice }: CommandDatabase,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { database, close } = await openCommandDatabase(url, schema).catch((error: unknown) => {
    throw new CommandFault(
      `The database cannot be reached; check ${settings} and that it runs${databaseCause(error)}.`,
    );
  });
  try {
    await requireTables(database, advice);
    return await work(database);
  } finally {
    await close();
  }
}

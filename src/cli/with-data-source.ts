import type { DataSource } from 'typeorm';
import { commandDataSource } from '../app/data-source.js';
import { readDatabaseEnv, readDatabaseSchema } from '../app/settings/command-settings.js';
import { requireTables } from '../payments/schema-findings.js';
import { CommandFault } from './fault.js';

/** Lends a command the database at DATABASE_URL, in DATABASE_SCHEMA if that is set, without the time limits of requests. */
export async function withDataSource<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = commandDataSource(readDatabaseEnv(), readDatabaseSchema());
  try {
    await dataSource.initialize();
  } catch {
    throw new CommandFault('The database cannot be reached; check DATABASE_URL and that it runs.');
  }
  try {
    await requireTables(dataSource);
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

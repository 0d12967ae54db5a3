import pg from 'pg';
import type { Database } from '../payments/database/database.js';
import { poolDatabase } from '../payments/database/pool-database.js';
import { APPLICATION_NAME } from './application-name.js';

/** How long one statement of a command may run, in milliseconds. */
const STATEMENT_MS = 600_000;

/** The pool of a command, whose statements may read whole tables: longer limits than a request has, but limits. */
export const COMMAND_POOL = {
  max: 2,
  connectionTimeoutMillis: 5_000,
  statement_timeout: STATEMENT_MS,
  query_timeout: STATEMENT_MS + 500,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
};

/**
 * The database of a command. It needs no
 * TypeORM, which takes longer to load than most commands to run.
 *
 * @returns what to call when the command is done, too
 * @throws the driver's error when it cannot be reached
 */
export async function openCommandDatabase(
  url: string,
  schema?: string,
): Promise<{ database: Database; close: () => Promise<void> }> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: APPLICATION_NAME,
    ...COMMAND_POOL,
  });
  const database = poolDatabase(pool, schema);
  (await pool.connect()).release();
  return { database, close: () => pool.end() };
}

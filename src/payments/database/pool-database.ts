import type { PoolClient } from 'pg';
import { ExplainedError } from '../domain/explained-error.js';
import { sessionOn } from './client-session.js';
import type { Database, HostPool } from './database.js';
import { borrowConnection, ignoreErrorEvent, transactionStatusOf } from './pool.js';

/** What the start check says where the host runs no migrations of TypeORM. */
export const POOL_ADVICE = {
  option: 'database',
  migrate: 'run "npx nest-stripe-config migrate", or call migrate(), before the application starts',
  complete:
    'run "npx nest-stripe-config migrate" before the application starts; what was dropped or disabled by hand, make again as it does',
  faults: () => [],
};

/** The database of a host that has a pool of `pg` and no more: handlers get the connection of the transaction. */
export function poolDatabase(pool: HostPool, schema?: string): Database {
  // An idle connection that breaks would end the process where nobody listens.
  pool.on('error', ignoreErrorEvent);
  const database: Database = {
    pool,
    schema,
    advice: POOL_ADVICE,
    async begin() {
      const client = await borrowConnection(database);
      client.on('error', ignoreErrorEvent);
      const release = (): void => {
        client.off('error', ignoreErrorEvent);
        client.release();
      };
      try {
        await client.query('BEGIN');
      } catch (error) {
        client.off('error', ignoreErrorEvent);
        client.release(true);
        throw error;
      }
      return {
        ...sessionOn(database, client),
        handle: client,
        client,
        commit: () => client.query('COMMIT'),
        rollback: () => client.query('ROLLBACK'),
        release,
      };
    },
    join: (handle) => Promise.resolve(sessionOn(database, requireTransaction(handle))),
  };
  return database;
}

/** @throws ExplainedError when it is no connection, or one that is in no transaction as far as the database has reported */
export function requireTransaction(handle: unknown): PoolClient {
  if (typeof handle !== 'object' || handle === null || !('query' in handle) || !('release' in handle)) {
    throw new ExplainedError(
      'change.transaction must be the connection on which you sent BEGIN: what pool.connect() gives',
    );
  }
  const client = handle as PoolClient;
  if (transactionStatusOf(client) === 'I') {
    throw new ExplainedError('change.transaction is a connection in no transaction; send BEGIN on it first');
  }
  return client;
}

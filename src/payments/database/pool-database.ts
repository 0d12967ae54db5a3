import type { PoolClient } from 'pg';
import { ExplainedError } from '../domain/explained-error.js';
import { sessionOn } from './client-session.js';
import type { Database, HostPool, OpenTransaction, Session } from './database.js';
import { borrowConnection, guardPool, ignoreErrorEvent, requireInTransaction } from './pool.js';

/** What the start check says where the host runs no migrations of TypeORM. */
export const POOL_ADVICE = {
  option: 'database',
  migrate: 'run "npx nest-stripe-config migrate", or call migrate(), before the application starts',
  complete:
    'run "npx nest-stripe-config migrate" before the application starts; what was dropped or disabled by hand, make again as it does',
  faults: () => [],
};

/** How a library makes transactions of the connections of a pool. */
export interface PoolTransactions {
  /** Begins one on a connection that nobody else has. */
  begin(client: PoolClient): Promise<Pick<OpenTransaction, 'handle' | 'commit' | 'rollback'>>;
  /** The connection of one. @throws ExplainedError when it is none */
  clientOf(handle: unknown): PoolClient;
}

const OF_PG: PoolTransactions = {
  async begin(client) {
    await client.query('BEGIN');
    return {
      handle: client,
      commit: () => client.query('COMMIT'),
      rollback: () => client.query('ROLLBACK'),
    };
  },
  clientOf(handle) {
    if (isClient(handle)) return handle;
    throw new ExplainedError(
      'change.transaction must be the connection on which you sent BEGIN: what pool.connect() gives',
    );
  },
};

/**
 * The database of a host that has a pool of `pg`.
 *
 * @param transactions what handlers get. Default: the connection of the transaction
 */
export function poolDatabase(pool: HostPool, schema?: string, transactions = OF_PG): Database {
  const database: Database = {
    pool,
    schema,
    advice: POOL_ADVICE,
    begin: () => beginOn(database, transactions),
    join: (handle) => Promise.resolve(joined(database, transactions.clientOf(handle))),
  };
  watchFromTheStart(pool, database);
  return database;
}

/**
 * Statements in a transaction of the host.
 *
 * @throws ExplainedError as {@link requireInTransaction}
 */
export function joined(database: Database, client: PoolClient): Session {
  requireInTransaction(database, client);
  return sessionOn(database, client);
}

/** So that it is known of each connection that the host takes from now on, and which pool lent it. */
export function watchFromTheStart(pool: HostPool, database: Database): void {
  // An idle connection that breaks would end the process where nobody listens.
  pool.on('error', ignoreErrorEvent);
  guardPool(database);
}

/** Whether it may be a connection of a pool. */
export function isClient(value: unknown): value is PoolClient {
  return typeof value === 'object' && value !== null && 'query' in value && 'release' in value;
}

async function beginOn(database: Database, transactions: PoolTransactions): Promise<OpenTransaction> {
  const client = await borrowConnection(database);
  client.on('error', ignoreErrorEvent);
  const release = (isBroken: boolean): void => {
    client.off('error', ignoreErrorEvent);
    client.release(isBroken);
  };
  try {
    const transaction = await transactions.begin(client);
    return {
      ...sessionOn(database, client),
      ...transaction,
      client,
      release() {
        release(false);
      },
    };
  } catch (error) {
    release(true);
    throw error;
  }
}

import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { withinDeadline } from '../common/deadline.js';
import { DependencyUnavailable } from '../domain/errors.js';

/** What the typings of `pg` leave out. */
interface Watched {
  /** False from when a statement is sent until its answer has come to its end. */
  readyForQuery?: boolean;
  /** The statement whose answer is awaited; the second name is that of older versions. */
  _activeQuery?: object | null;
  activeQuery?: object | null;
  /** Missing in the native driver. */
  connection?: {
    on(event: 'readyForQuery', listener: (message: { status?: TransactionStatus }) => void): void;
  };
}

/** What PostgreSQL says behind each answer: no transaction, an open one, or one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** Longest wait for what comes right behind an error, in milliseconds. */
const END_OF_ANSWER_MS = 1_000;

/** Longest wait for a connection, and for the answer of a statement, where a host's pool has no limits, in milliseconds. */
const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;

const guarded = new WeakSet<Pool>();
const statuses = new WeakMap<PoolClient, TransactionStatus | undefined>();
const unfit = new WeakSet<PoolClient>();

/** The data source's connections for writing. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}

/**
 * Closes a connection that is given back inside a transaction, or before its last statement was answered, whoever had
 * borrowed it. TypeORM gives such connections back when ROLLBACK itself timed out, or a nested transaction was left
 * open: what the next borrower writes is acknowledged, and undone later.
 */
export function guardPool(dataSource: DataSource): void {
  const pool = poolOf(dataSource);
  if (guarded.has(pool)) return;
  guarded.add(pool);
  pool.on('acquire', watch);
  pool.on('release', (_error: unknown, client) => {
    const isClean = !isInTransaction(client) && !isBusy(client) && !unfit.has(client);
    // The pool drops a connection that is being ended.
    if (!isClean) void client.end();
  });
}

/** The pool's own clients have no more to say of this than the messages that they are sent. */
function watch(client: PoolClient): void {
  if (statuses.has(client)) return;
  statuses.set(client, undefined);
  const { connection } = client as Watched;
  connection?.on('readyForQuery', ({ status }) => {
    statuses.set(client, status);
  });
}

/** What the last complete answer on a connection said; undefined when there was none since it was first borrowed. */
export function transactionStatusOf(client: PoolClient): TransactionStatus | undefined {
  return statuses.get(client);
}

/** Whether a transaction of whoever borrowed the connection is open, as far as the database has said. */
export function isInTransaction(client: PoolClient): boolean {
  return (transactionStatusOf(client) ?? 'I') !== 'I';
}

/** Whether a statement has not been answered, be it with an error. */
export function isBusy(client: PoolClient): boolean {
  const watched: Watched = client;
  // In newer versions reading the older name gives a warning.
  const active = '_activeQuery' in watched ? watched._activeQuery : watched.activeQuery;
  return active !== undefined && active !== null;
}

/**
 * Waits until the database has said where the transaction stands: behind an error that comes a little later.
 *
 * @throws AbortError when it does not
 */
export async function endOfAnswer(client: PoolClient): Promise<void> {
  if ((client as Watched).readyForQuery !== false) return;
  await once(client, 'drain', { signal: AbortSignal.timeout(END_OF_ANSWER_MS) });
}

/** Lets a borrowed connection be closed when it is given back, for somebody may still hold it. */
export function neverReuse(client: PoolClient): void {
  unfit.add(client);
}

/**
 * Lends a connection of the pool for longer than a statement. Release it when done, with `true` when it may be broken.
 *
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function borrowConnection(dataSource: DataSource): Promise<PoolClient> {
  if (!dataSource.isInitialized) throw new DependencyUnavailable('database');
  guardPool(dataSource);
  const pool = poolOf(dataSource);
  try {
    return await ((pool.options.connectionTimeoutMillis ?? 0) > 0 ? pool.connect() : connectWithin(pool));
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

/** As the pool would, had it a limit: what comes later goes back. */
function connectWithin(pool: Pool): Promise<PoolClient> {
  const connect = (signal: AbortSignal): Promise<PoolClient> => {
    const connecting = pool.connect();
    signal.addEventListener('abort', () => {
      connecting.then((client) => {
        client.release();
      }, ignoreErrorEvent);
    });
    return connecting;
  };
  return withinDeadline(CONNECT_MS, connect, () => new Error('timeout exceeded when trying to connect'));
}

/** How long a statement may take on a pool that has no limit of its own, in milliseconds; undefined where it has one. */
export function answerLimit(dataSource: DataSource): number | undefined {
  // The typings know it of clients only.
  const { query_timeout: limit = 0 } = poolOf(dataSource).options as { query_timeout?: number };
  return limit === 0 ? ANSWER_MS : undefined;
}

/**
 * A connection that breaks while a statement runs says so twice: to the statement, and by an event that would end the
 * process if nobody listened. The pool listens only to idle ones.
 */
export function ignoreErrorEvent(): void {
  // The statement is told.
}

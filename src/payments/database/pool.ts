import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import { withinDeadline } from '../common/deadline.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { ExplainedError } from '../domain/explained-error.js';
import { record, secondsSince } from '../telemetry/meter.js';
import type { Database, HostPool } from './database.js';

/** What the typings of `pg` leave out. */
interface Watched {
  /** False from when a statement is sent until its answer has come to its end. */
  readyForQuery?: boolean;
  /** The statement whose answer is pending; the second name is that of older versions. */
  _activeQuery?: object | null;
  activeQuery?: object | null;
  /** Missing in the native driver. */
  connection?: {
    on(event: 'readyForQuery', listener: (message: { status?: TransactionStatus }) => void): void;
  };
}

/** What PostgreSQL reports after each answer: no transaction, an open one, or a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** Longest wait for the status after an error, in milliseconds. */
const END_OF_ANSWER_MS = 1_000;

/** Longest wait for a connection, and for the answer of a statement, where a host's pool has no limits, in milliseconds. */
const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;

/** The pool by which the module reaches its database. */
export const POOL_ATTRIBUTES = { 'db.client.connection.pool.name': 'stripe-config' };

const guarded = new WeakSet<Pool>();
const statuses = new WeakMap<PoolClient, TransactionStatus | undefined>();
/** The connections that a pool has lent, and that were not given back. */
const lent = new WeakMap<Pool, Set<PoolClient>>();
const unfit = new WeakSet<PoolClient>();

/**
 * The connections of a database.
 *
 * @throws DependencyUnavailable while the host has not opened it
 */
export function poolOf({ pool }: Pick<Database, 'pool'>): Pool {
  if (pool === undefined) throw new DependencyUnavailable('database');
  return pool as Pool;
}

/** Whether it is a pool of `pg`. */
export function isPool(value: unknown): value is HostPool {
  if (typeof value !== 'object' || value === null) return false;
  const { connect, on, totalCount, options } = value as Record<string, unknown>;
  return typeof connect === 'function' && typeof on === 'function' && totalCount !== undefined && !!options;
}

/**
 * Closes a connection that is released inside a transaction, or before its last statement was answered, whoever had
 * acquired it. TypeORM releases such connections when ROLLBACK itself timed out, or a nested transaction was left
 * open: writes of the next user would be acknowledged, and rolled back later.
 */
export function guardPool(database: Pick<Database, 'pool'>): void {
  const pool = poolOf(database);
  if (guarded.has(pool)) return;
  guarded.add(pool);
  const lentNow = new Set<PoolClient>();
  lent.set(pool, lentNow);
  pool.on('acquire', (client) => {
    lentNow.add(client);
    watch(client);
  });
  pool.on('release', (_error: unknown, client) => {
    lentNow.delete(client);
    const isClean = !isInTransaction(client) && !isBusy(client) && !unfit.has(client);
    // The pool removes a connection that is being ended.
    if (!isClean) void client.end();
  });
}

/** The pool's clients do not expose this, so it is read from the messages that they receive. */
function watch(client: PoolClient): void {
  if (statuses.has(client)) return;
  const { connection } = client as Watched;
  // A connection that has answered nothing yet is in no transaction.
  statuses.set(client, connection === undefined ? undefined : 'I');
  connection?.on('readyForQuery', ({ status }) => {
    statuses.set(client, status);
  });
}

/** The status after the last complete answer on a connection; undefined where it cannot be read. */
export function transactionStatusOf(client: PoolClient): TransactionStatus | undefined {
  return statuses.get(client);
}

/** Whether a transaction is open on the acquired connection, as far as the database has reported. */
export function isInTransaction(client: PoolClient): boolean {
  return (transactionStatusOf(client) ?? 'I') !== 'I';
}

/** The connections that a pool has lent since it is guarded, and that were not given back. */
export function lentBy(pool: Pool): PoolClient[] {
  return [...(lent.get(pool) ?? [])];
}

/**
 * Refuses a connection on which the host has begun no transaction, as far as the database has reported.
 *
 * @throws ExplainedError when it is in none, was given back, or is another pool's
 */
export function requireInTransaction(database: Pick<Database, 'pool'>, client: PoolClient): void {
  if (!lentBy(poolOf(database)).includes(client)) {
    throw new ExplainedError(
      'change.transaction has ended, or is of another database or pool than the options of PaymentsModule name; begin one there',
    );
  }
  if (transactionStatusOf(client) === 'I') {
    throw new ExplainedError('change.transaction is in no transaction; begin one before (BEGIN)');
  }
}

/** Whether a statement is still unanswered; an error is an answer. */
export function isBusy(client: PoolClient): boolean {
  const watched: Watched = client;
  // In newer versions reading the older name causes a warning.
  const active = '_activeQuery' in watched ? watched._activeQuery : watched.activeQuery;
  return active !== undefined && active !== null;
}

/**
 * Waits until the database has reported the status of the transaction: after an error it arrives a little later.
 *
 * @throws AbortError when it does not
 */
export async function endOfAnswer(client: PoolClient): Promise<void> {
  if ((client as Watched).readyForQuery !== false) return;
  await once(client, 'drain', { signal: AbortSignal.timeout(END_OF_ANSWER_MS) });
}

/** Lets an acquired connection be closed when it is released, since it may still be in use. */
export function neverReuse(client: PoolClient): void {
  unfit.add(client);
}

/**
 * Lends a connection of the pool for longer than a statement. Release it when done, with `true` when it may be broken.
 *
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function borrowConnection(database: Pick<Database, 'pool'>): Promise<PoolClient> {
  guardPool(database);
  const pool = poolOf(database);
  const startedAt = performance.now();
  try {
    return await ((pool.options.connectionTimeoutMillis ?? 0) > 0 ? pool.connect() : connectWithin(pool));
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  } finally {
    record('db.client.connection.wait_time', secondsSince(startedAt), POOL_ATTRIBUTES);
  }
}

/** As the pool would, had it a limit: a connection that arrives later is released. */
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

/** How long a connection of a pool is waited for, in milliseconds. */
export function connectLimit(database: Pick<Database, 'pool'>): number {
  const { connectionTimeoutMillis: limit = 0 } = poolOf(database).options;
  return limit > 0 ? limit : CONNECT_MS;
}

/** How long a statement may take on a pool that has no limit of its own, in milliseconds; undefined where it has one. */
export function answerLimit(database: Pick<Database, 'pool'>): number | undefined {
  // The typings declare it for clients only.
  const { query_timeout: limit = 0 } = poolOf(database).options as { query_timeout?: number };
  return limit === 0 ? ANSWER_MS : undefined;
}

/**
 * A connection that breaks while a statement runs reports it twice: to the statement, and by an event that would crash
 * the process without a listener. The pool listens only on idle ones.
 */
export function ignoreErrorEvent(): void {
  // The statement gets the error.
}

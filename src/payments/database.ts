import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { DependencyUnavailable, PaymentsError } from './payments.errors.js';
import { RESULT_TYPES } from './result-types.js';
import { inSchemaOf } from './schema.js';

/** Injection token of the module's TypeORM DataSource. */
export const PAYMENTS_DATA_SOURCE = Symbol('PaymentsDataSource');

/** Whether running a statement changes anything, and so whether a lost answer leaves its outcome unknown. */
export type StatementKind = 'read' | 'write';

/** An SQL text with a name, under which PostgreSQL keeps its plan on each connection. */
export interface Statement {
  /** One text has one name, in the whole process. */
  readonly name: string;
  readonly text: string;
  /** The tables that it names beside the module's own. */
  readonly tables?: readonly string[];
}

const MAX_ATTEMPTS = 3;
/** How often a lock that somebody holds is tried, in milliseconds. */
const LOCK_POLL_MS = 100;

/**
 * Runs one statement in its own transaction on a pooled connection.
 *
 * It goes to the pool of TypeORM's driver instead of through a `QueryRunner`, because a connection on which a
 * query timed out or broke must leave the pool, which `QueryRunner.release()` does not see to.
 *
 * @param values never interpolated, always bound
 * @throws DependencyUnavailable when the database cannot be reached or does not answer in time
 * @throws PaymentsError `write_outcome_unknown` when a write was sent and its outcome is not known
 * @throws the driver's own error for everything else (a violated constraint, a wrong statement)
 */
export async function runStatement<Row>(
  dataSource: DataSource,
  kind: StatementKind,
  { name, text, tables }: Statement,
  values: unknown[],
): Promise<Row[]> {
  for (let attempt = 1; ; attempt++) {
    const client = await borrowConnection(dataSource);
    client.on('error', ignore);
    try {
      const sql = inSchemaOf(dataSource, text, tables);
      // Before its schema was found a statement may have been prepared on this connection as it stands.
      const query = { name: sql === text ? name : `${name}.`, text: sql, values, types: RESULT_TYPES };
      // By itself a statement only conflicts where another isolation than PostgreSQL's default was made the default.
      if (attempt > 1) await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      const { rows } = await client.query(query);
      if (attempt > 1) await client.query('COMMIT');
      client.release();
      return rows as Row[];
    } catch (error) {
      const fault = judge(error, kind);
      client.release(attempt > 1 || (fault !== 'statement' && fault !== 'conflict'));
      if (fault === 'conflict' && attempt < MAX_ATTEMPTS) continue;
      if (fault === 'connection' && kind === 'write') {
        throw new PaymentsError(
          'write_outcome_unknown',
          'The answer of the database was lost, so it is not known whether the change was made; repeating the same request is safe.',
          { cause: error },
        );
      }
      if (fault === 'statement') throw error;
      throw new DependencyUnavailable('database', { cause: error });
    } finally {
      client.off('error', ignore);
    }
  }
}

/**
 * Does something while no other replica does anything under the same name. The lock belongs to a transaction, so that
 * it goes with the connection, however that ends, and works behind a pooler.
 *
 * @param waitMs how long to wait for the lock
 * @param holdMs longest time for the work, after which the database may take the lock away
 * @returns undefined when the lock was not to be had in time
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function withLock<T>(
  dataSource: DataSource,
  name: string,
  { waitMs, holdMs }: { waitMs: number; holdMs: number },
  work: () => Promise<T>,
): Promise<{ result: T } | undefined> {
  const client = await borrowConnection(dataSource);
  client.on('error', ignore);
  try {
    return (await tryToLock(client, name, waitMs, holdMs)) ? { result: await work() } : undefined;
  } finally {
    const isBroken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    client.release(isBroken);
    client.off('error', ignore);
  }
}

async function tryToLock(client: PoolClient, name: string, waitMs: number, holdMs: number): Promise<boolean> {
  const until = performance.now() + waitMs;
  try {
    await client.query('BEGIN');
    await client.query("SELECT set_config('idle_in_transaction_session_timeout', $1, true)", [`${holdMs}ms`]);
    for (;;) {
      const { rows } = await client.query<{ locked: boolean }>({
        text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
        values: [name],
        types: RESULT_TYPES,
      });
      if (rows[0]?.locked === true) return true;
      if (performance.now() >= until) return false;
      await delay(LOCK_POLL_MS);
    }
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

/**
 * A connection that breaks while a statement runs says so twice: to the statement, and by an event that would end the
 * process if nobody listened. The pool listens only to idle ones.
 */
function ignore(): void {
  // The statement is told.
}

/**
 * Lends a connection of the pool for longer than a statement. Release it when done, with `true` when it may be broken.
 *
 * @throws DependencyUnavailable when the database cannot be reached
 */
export async function borrowConnection(dataSource: DataSource): Promise<PoolClient> {
  if (!dataSource.isInitialized) throw new DependencyUnavailable('database');
  const pool = (dataSource.driver as PostgresDriver).master as Pool;
  try {
    return await pool.connect();
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

/**
 * What an error of the driver means, by its SQLSTATE
 * (PostgreSQL manual, appendix A):
 * - `conflict`: rolled back because of another transaction, worth another try
 * - `unavailable`: the server refused or cancelled the statement, so nothing was changed; for a write also when
 *   something that it needs is missing or forbidden (the audit trail), which is no fault of the request
 * - `connection`: the connection broke or the answer never came
 * - `statement`: the statement itself was wrong or violated a rule
 */
function judge(error: unknown, kind: StatementKind): 'conflict' | 'unavailable' | 'connection' | 'statement' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return 'connection';
  if (code === '40001' || code === '40P01') return 'conflict';
  // statement timeout, lock timeout, read-only standby, insufficient resources
  if (code === '57014' || code === '55P03' || code === '25006' || code.startsWith('53')) return 'unavailable';
  // insufficient privilege, something undefined; never because of a bound value
  if (kind === 'write' && code.startsWith('42')) return 'unavailable';
  // operator intervention, connection exception
  if (code.startsWith('57P') || code.startsWith('08')) return 'connection';
  return 'statement';
}

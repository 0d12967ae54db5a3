import type { PoolClient, QueryConfig } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { durably, classifyError, outcomeUnknown, type Fault, type StatementKind } from './faults.js';
import { answerLimit, borrowConnection, ignoreErrorEvent, isInTransaction } from './pool.js';
import { takeWriteTurn } from './write-turns.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { RESULT_TYPES } from './statement.js';
import { schemaOf } from './schema-name.js';
import { prepareText, valuesInOrder, type SqlTypes, type Statement, type ValuesOf } from './statement.js';

/** Injection token of the module's TypeORM DataSource. */
export const PAYMENTS_DATA_SOURCE = Symbol('PaymentsDataSource');

const MAX_ATTEMPTS = 3;

/**
 * Runs one statement in its own transaction on a pooled connection.
 *
 * It goes to the pool of TypeORM's driver instead of through a `QueryRunner`, because a connection on which a
 * query timed out or broke must leave the pool, which `QueryRunner.release()` does not ensure.
 *
 * @param values never interpolated, always bound
 * @throws DependencyUnavailable when the database cannot be reached or does not answer in time
 * @throws PaymentsError `write_outcome_unknown` when a write was sent and its outcome is not known, or when it was done
 *   and a synchronous standby may not have it
 * @throws the driver's own error for everything else (a violated constraint, a wrong statement)
 */
export async function runStatement<Parameters extends SqlTypes, Columns extends SqlTypes>(
  dataSource: DataSource,
  kind: StatementKind,
  statement: Statement<Parameters, Columns>,
  values: ValuesOf<Parameters>,
): Promise<ValuesOf<Columns>[]> {
  if (kind === 'read') return runOnPool(dataSource, kind, statement, values);
  const endTurn = await takeWriteTurn(dataSource, 'statement');
  try {
    return await runOnPool(dataSource, kind, statement, values);
  } finally {
    endTurn();
  }
}

/**
 * Runs a statement where TypeORM's own `query` would, on a connection of its pool or in its transaction. Its rows are read by
 * the parsers that the application has registered with the driver.
 */
export async function runWithin<Parameters extends SqlTypes, Columns extends SqlTypes>(
  on: DataSource | EntityManager,
  statement: Statement<Parameters, Columns>,
  values: ValuesOf<Parameters>,
): Promise<ValuesOf<Columns>[]> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- TypeORM 0.3 knows it by no other name
  const { sql, order } = prepareText(statement, schemaOf('isInitialized' in on ? on : on.connection));
  return on.query<ValuesOf<Columns>[]>(sql, valuesInOrder(statement, order, values));
}

async function runOnPool<Row>(
  dataSource: DataSource,
  kind: StatementKind,
  statement: Statement<SqlTypes, SqlTypes>,
  values: Readonly<Record<string, unknown>>,
): Promise<Row[]> {
  for (let attempt = 1; ; attempt++) {
    const client = await borrowConnection(dataSource);
    const schema = schemaOf(dataSource);
    const { sql, order } = prepareText(statement, schema);
    // Before its schema was found a statement may have been prepared on this connection without one.
    const query = {
      name: schema === undefined ? statement.name : `${statement.name}.`,
      text: sql,
      values: valuesInOrder(statement, order, values),
      types: RESULT_TYPES,
      query_timeout: answerLimit(dataSource),
    };
    const outcome = await runOn<Row>(client, kind, query, attempt > 1);
    if (!('fault' in outcome)) return outcome.rows;
    const { fault, error } = outcome;
    if ((fault === 'conflict' || fault === 'left open') && attempt < MAX_ATTEMPTS) continue;
    if (fault === 'connection' && kind === 'write') throw outcomeUnknown(error);
    if (fault === 'statement') throw error;
    throw new DependencyUnavailable('database', { cause: error });
  }
}

type Outcome<Row> = { rows: Row[] } | { fault: Fault; error: unknown };

/** Runs it, and returns the connection to the pool if it can be reused. */
async function runOn<Row>(
  client: PoolClient,
  kind: StatementKind,
  query: QueryConfig,
  isRepeated: boolean,
): Promise<Outcome<Row>> {
  client.on('error', ignoreErrorEvent);
  const run = (): Promise<unknown[]> => runOnce(client, query, isRepeated);
  try {
    const rows = await (kind === 'write' ? durably(client, run) : run());
    const isLeftOpen = isInTransaction(client);
    client.release(isLeftOpen);
    if (isLeftOpen) return { fault: 'left open', error: undefined };
    return { rows: rows as Row[] };
  } catch (error) {
    const fault = classifyError(error, kind);
    client.release(isRepeated || (fault !== 'statement' && fault !== 'conflict'));
    return { fault, error };
  } finally {
    client.off('error', ignoreErrorEvent);
  }
}

async function runOnce(client: PoolClient, query: QueryConfig, isRepeated: boolean): Promise<unknown[]> {
  // By itself a statement only conflicts where another isolation than PostgreSQL's default was made the default.
  if (isRepeated) await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  const { rows } = await client.query<Record<string, unknown>>(query);
  if (isRepeated) await client.query('COMMIT');
  return rows;
}

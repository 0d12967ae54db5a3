import type { PoolClient, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { durably, judgeError, outcomeUnknown, type Fault, type StatementKind } from './faults.js';
import { answerLimit, borrowConnection, ignoreErrorEvent, isInTransaction } from './pool.js';
import { takeWriteTurn } from './write-turns.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { RESULT_TYPES } from './result-types.js';
import { inSchemaOf } from './schema-name.js';

/** Injection token of the module's TypeORM DataSource. */
export const PAYMENTS_DATA_SOURCE = Symbol('PaymentsDataSource');

/** An SQL text with a name, under which PostgreSQL keeps its plan on each connection. */
export interface Statement {
  /** One text has one name, in the whole process. */
  readonly name: string;
  readonly text: string;
  /** The tables that it names beside the module's own. */
  readonly tables?: readonly string[];
}

const MAX_ATTEMPTS = 3;

/**
 * Runs one statement in its own transaction on a pooled connection.
 *
 * It goes to the pool of TypeORM's driver instead of through a `QueryRunner`, because a connection on which a
 * query timed out or broke must leave the pool, which `QueryRunner.release()` does not see to.
 *
 * @param values never interpolated, always bound
 * @throws DependencyUnavailable when the database cannot be reached or does not answer in time
 * @throws PaymentsError `write_outcome_unknown` when a write was sent and its outcome is not known, or when it was done
 *   and a synchronous standby may not have it
 * @throws the driver's own error for everything else (a violated constraint, a wrong statement)
 */
export async function runStatement<Row>(
  dataSource: DataSource,
  kind: StatementKind,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  if (kind === 'read') return runOnPool<Row>(dataSource, kind, statement, values);
  const endTurn = await takeWriteTurn(dataSource, 'statement');
  try {
    return await runOnPool<Row>(dataSource, kind, statement, values);
  } finally {
    endTurn();
  }
}

async function runOnPool<Row>(
  dataSource: DataSource,
  kind: StatementKind,
  { name, text, tables }: Statement,
  values: unknown[],
): Promise<Row[]> {
  for (let attempt = 1; ; attempt++) {
    const client = await borrowConnection(dataSource);
    const sql = inSchemaOf(dataSource, text, tables);
    // Before its schema was found a statement may have been prepared on this connection as it stands.
    const query = {
      name: sql === text ? name : `${name}.`,
      text: sql,
      values,
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

/** Runs it, and gives the connection back if it can be used again. */
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
    const fault = judgeError(error, kind);
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

import type { PoolClient, QueryConfig } from 'pg';
import { durably, classifyError, outcomeUnknown, type Fault, type StatementKind } from './faults.js';
import { recordOperation } from './operation-metrics.js';
import { answerLimit, borrowConnection, ignoreErrorEvent, isInTransaction } from './pool.js';
import { takeWriteTurn } from './write-turns.js';
import type { Database, Session } from './database.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { RESULT_TYPES } from './statement.js';
import { isSpread, schemaOf } from './schema-name.js';
import {
  prepareText,
  valuesInOrder,
  type PreparedText,
  type SqlTypes,
  type Statement,
  type ValuesOf,
} from './statement.js';

const MAX_ATTEMPTS = 3;

/**
 * Runs one statement in its own transaction on a pooled connection.
 *
 * It goes to the pool and not through the host's library, because a connection on which a query timed out or broke must leave
 * the pool, which TypeORM's `QueryRunner.release()` does not ensure.
 *
 * @param values never interpolated, always bound
 * @throws DependencyUnavailable when the database cannot be reached or does not answer in time
 * @throws PaymentsError `write_outcome_unknown` when a write was sent and its outcome is not known, or when it was done
 *   and a synchronous standby may not have it
 * @throws the driver's own error for everything else (a violated constraint, a wrong statement)
 */
export async function runStatement<Parameters extends SqlTypes, Columns extends SqlTypes>(
  database: Database,
  kind: StatementKind,
  statement: Statement<Parameters, Columns>,
  values: ValuesOf<Parameters>,
): Promise<ValuesOf<Columns>[]> {
  if (kind === 'read') return runOnPool(database, kind, statement, values);
  const endTurn = await takeWriteTurn(database, 'statement');
  try {
    return await runOnPool(database, kind, statement, values);
  } finally {
    endTurn();
  }
}

/** Runs a statement in a transaction. */
export async function runWithin<Parameters extends SqlTypes, Columns extends SqlTypes>(
  session: Session,
  statement: Statement<Parameters, Columns>,
  values: ValuesOf<Parameters>,
): Promise<ValuesOf<Columns>[]> {
  const { sql, order } = prepared(session.database, statement);
  const startedAt = performance.now();
  try {
    const rows = await session.query({ text: sql, values: valuesInOrder(statement, order, values) });
    recordOperation(statement, startedAt);
    return rows as ValuesOf<Columns>[];
  } catch (error) {
    recordOperation(statement, startedAt, { fault: 'statement', error });
    throw error;
  }
}

/** Runs statements: each by itself, or all in one transaction. */
export type Run = <Parameters extends SqlTypes, Columns extends SqlTypes>(
  kind: StatementKind,
  statement: Statement<Parameters, Columns>,
  values: ValuesOf<Parameters>,
) => Promise<ValuesOf<Columns>[]>;

/**
 * Runs statements in a transaction that the host has begun, or each by itself.
 *
 * @throws ExplainedError when it is no transaction of this database
 */
export async function runIn(database: Database, transaction: object | undefined): Promise<Run> {
  if (transaction === undefined) {
    return (kind, statement, values) => runStatement(database, kind, statement, values);
  }
  const session = await database.join(transaction);
  return (_kind, statement, values) => runWithin(session, statement, values);
}

async function runOnPool<Row>(
  database: Database,
  kind: StatementKind,
  statement: Statement<SqlTypes, SqlTypes>,
  values: Readonly<Record<string, unknown>>,
): Promise<Row[]> {
  for (let attempt = 1; ; attempt++) {
    const client = await borrowConnection(database);
    const schema = schemaOf(database);
    const { sql, order } = prepared(database, statement);
    const query = {
      name: preparedName(statement, schema),
      text: sql,
      values: valuesInOrder(statement, order, values),
      types: RESULT_TYPES,
      query_timeout: answerLimit(database),
    };
    const startedAt = performance.now();
    const outcome = await runOn<Row>(client, kind, query, attempt > 1);
    recordOperation(statement, startedAt, 'fault' in outcome ? outcome : undefined);
    if (!('fault' in outcome)) return outcome.rows;
    const { fault, error } = outcome;
    if ((fault === 'conflict' || fault === 'left open') && attempt < MAX_ATTEMPTS) continue;
    if (fault === 'connection' && kind === 'write') throw outcomeUnknown(error);
    if (fault === 'statement') throw error;
    throw new DependencyUnavailable('database', { cause: error });
  }
}

/** A statement as this database takes it. */
function prepared(database: Database, statement: Statement<SqlTypes, SqlTypes>): PreparedText {
  return prepareText(statement, schemaOf(database), isSpread(database));
}

const schemas: (string | undefined)[] = [undefined];

/**
 * One for each schema: before it was found a statement may have been prepared on this connection without one, and a host may have
 * the module twice on one pool. Names have 63 characters at most, so the schema itself has no room.
 */
function preparedName(
  { name }: Pick<Statement<SqlTypes, SqlTypes>, 'name'>,
  schema: string | undefined,
): string {
  if (!schemas.includes(schema)) schemas.push(schema);
  const index = schemas.indexOf(schema);
  return index === 0 ? name : `${name}.${index}`;
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

import type { PoolClient } from 'pg';
import { QueryFailedError, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { DependencyUnavailable } from '../domain/errors.js';
import { NotReplicated, durably, classifyError, outcomeUnknown } from './faults.js';
import {
  endOfAnswer,
  guardPool,
  isBusy,
  neverReuse,
  transactionStatusOf,
  type TransactionStatus,
} from './pool.js';
import { takeWriteTurn } from './write-turns.js';
import { ExplainedError } from '../domain/explained-error.js';

/** The work did not leave its transaction intact, so it cannot be committed as a whole. */
export class TransactionNotWhole extends ExplainedError {
  override name = 'TransactionNotWhole';
}

/**
 * Runs work in a transaction on a connection of the pool, with TypeORM's manager for it. The connection is reused
 * only after the transaction was seen to end, see {@link guardPool}.
 *
 * @throws DependencyUnavailable when no connection can be had
 * @throws PaymentsError `write_outcome_unknown` when the commit was sent and its outcome is not known
 * @throws TransactionNotWhole when the work ended the transaction itself, did not await a nested one, or went on after
 *   a statement had failed
 * @throws whatever the work throws, after a rollback
 */
export async function inTransaction<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const endTurn = await takeWriteTurn(dataSource, 'transaction');
  const runner = dataSource.createQueryRunner();
  try {
    const client = await connect(dataSource, runner);
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await endOfAnswer(client);
      requireStatus(client, 'T');
      await commit(client, runner);
      requireStatus(client, 'I');
      return result;
    } catch (error) {
      // After an unanswered statement a rollback would wait as well; closing the connection has the same effect.
      if (runner.isTransactionActive && !isBusy(client)) await runner.rollbackTransaction().catch(ignore);
      throw error;
    }
  } finally {
    await runner.release();
    endTurn();
  }
}

/**
 * Refuses further statements of work that exceeded its time limit. After the rollback the connection would commit each
 * statement by itself until it is released; and the work may still hold it then.
 */
export async function abandon(runner: QueryRunner, refusal: Error): Promise<void> {
  const query = runner.query.bind(runner);
  runner.query = (text: string, ...rest: []) =>
    text === 'ROLLBACK' ? query(text, ...rest) : Promise.reject(refusal);
  neverReuse((await runner.connect()) as PoolClient);
}

async function connect(dataSource: DataSource, runner: QueryRunner): Promise<PoolClient> {
  guardPool(dataSource);
  try {
    return (await runner.connect()) as PoolClient;
  } catch (error) {
    throw new DependencyUnavailable('database', { cause: error });
  }
}

async function commit(client: PoolClient, runner: QueryRunner): Promise<void> {
  try {
    await durably(client, () => runner.commitTransaction());
  } catch (error) {
    const isOfDatabase = error instanceof QueryFailedError || error instanceof NotReplicated;
    const isLost = isOfDatabase && classifyError(error, 'write') === 'connection';
    throw isLost ? outcomeUnknown(error) : error;
  }
}

/** @throws TransactionNotWhole when the database says that the transaction is not where it should be */
function requireStatus(client: PoolClient, expected: TransactionStatus): void {
  if ((transactionStatusOf(client) ?? expected) === expected) return;
  throw new TransactionNotWhole(
    'the transaction was ended, or a nested one or a failed statement was left; await what uses the manager, and leave its commit to the worker',
  );
}

function ignore(): void {
  // The first error is thrown.
}

import type { PoolClient } from 'pg';
import { DependencyUnavailable } from '../domain/errors.js';
import { ExplainedError } from '../domain/explained-error.js';
import type { Database, OpenTransaction } from './database.js';
import { classifyError, durably, outcomeUnknown } from './faults.js';
import { endOfAnswer, isBusy, neverReuse, transactionStatusOf, type TransactionStatus } from './pool.js';
import { takeWriteTurn } from './write-turns.js';

/** The work did not leave its transaction intact, so it cannot be committed as a whole. */
export class TransactionNotWhole extends ExplainedError {
  override name = 'TransactionNotWhole';
}

/**
 * Runs work in a transaction of the host's kind. The connection is reused only after the transaction was seen to end, see
 * {@link guardPool}.
 *
 * @throws DependencyUnavailable when no connection can be had
 * @throws PaymentsError `write_outcome_unknown` when the commit was sent and its outcome is not known
 * @throws TransactionNotWhole when the work ended the transaction itself, did not await a nested one, or went on after
 *   a statement had failed
 * @throws whatever the work throws, after a rollback
 */
export async function inTransaction<T>(
  database: Database,
  work: (transaction: OpenTransaction) => Promise<T>,
): Promise<T> {
  const endTurn = await takeWriteTurn(database, 'transaction');
  try {
    const transaction = await begin(database);
    const client = transaction.client as PoolClient;
    try {
      const result = await work(transaction);
      await endOfAnswer(client);
      requireStatus(client, 'T');
      await commit(transaction, client);
      requireStatus(client, 'I');
      return result;
    } catch (error) {
      // After an unanswered statement a rollback would wait as well; closing the connection has the same effect.
      if (!isBusy(client)) await transaction.rollback().catch(ignore);
      throw error;
    } finally {
      await transaction.release();
    }
  } finally {
    endTurn();
  }
}

/**
 * Ends the connection of work that exceeded its time limit, which rolls it back: what the work still sends is refused.
 */
export function abandon({ client }: OpenTransaction): void {
  neverReuse(client as PoolClient);
  void (client as PoolClient).end();
}

async function begin(database: Database): Promise<OpenTransaction> {
  try {
    return await database.begin();
  } catch (error) {
    throw error instanceof DependencyUnavailable
      ? error
      : new DependencyUnavailable('database', { cause: error });
  }
}

async function commit(transaction: OpenTransaction, client: PoolClient): Promise<void> {
  try {
    await durably(client, () => transaction.commit());
  } catch (error) {
    throw classifyError(error, 'write') === 'connection' ? outcomeUnknown(error) : error;
  }
}

/** @throws TransactionNotWhole when the database says that the transaction is not where it should be */
function requireStatus(client: PoolClient, expected: TransactionStatus): void {
  if ((transactionStatusOf(client) ?? expected) === expected) return;
  throw new TransactionNotWhole(
    'the transaction was ended, or a nested one or a failed statement was left; await what uses it, and leave its commit to the worker',
  );
}

function ignore(): void {
  // The first error is thrown.
}

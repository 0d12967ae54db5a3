import type { PoolClient } from 'pg';
import { PaymentsError } from '../domain/errors.js';
import { ExplainedError } from '../domain/explained-error.js';

/** Whether running a statement changes anything, and so whether a lost answer leaves its outcome unknown. */
export type StatementKind = 'read' | 'write';

/**
 * What an error of the driver means:
 * - `conflict`: rolled back because of another transaction, worth another try
 * - `left open`: the connection was still in somebody's transaction, where nothing is stored; another one is worth a try
 * - `unavailable`: the server refused or cancelled the statement, so nothing was changed; for a write also when
 *   something that it needs is missing or forbidden (the audit trail), which is no fault of the request
 * - `connection`: the connection broke or the answer never came
 * - `statement`: the statement itself was wrong or violated a rule
 */
export type Fault = 'conflict' | 'left open' | 'unavailable' | 'connection' | 'statement';

/** Classifies an error by its SQLSTATE (PostgreSQL manual, appendix A). */
export function classifyError(error: unknown, kind: StatementKind): Fault {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return 'connection';
  if (code === '40001' || code === '40P01') return 'conflict';
  if (code === '25P02') return 'left open';
  // statement timeout, lock timeout, read-only standby, insufficient resources
  if (code === '57014' || code === '55P03' || code === '25006' || code.startsWith('53')) return 'unavailable';
  // insufficient privilege, something undefined; never because of a bound value
  if (kind === 'write' && code.startsWith('42')) return 'unavailable';
  return isLostConnection(error, code) ? 'connection' : 'statement';
}

/**
 * Operator intervention, connection exceptions, a completion that is not known, and the time limits of an idle
 * transaction and of a transaction. Such an error may be about an earlier statement, and arrive at the next one.
 */
function isLostConnection(error: unknown, code: string): boolean {
  if (code.startsWith('57P') || code.startsWith('08')) return true;
  if (code === '40003' || code === '25P03' || code === '25P04') return true;
  // Whatever else ends the session. The word is the server's, who may speak another language.
  const { severity } = error as { severity?: unknown };
  return severity === 'FATAL' || severity === 'PANIC';
}

/** A write may have been committed, or not, or not durably. */
export function outcomeUnknown(cause?: unknown): PaymentsError {
  return new PaymentsError(
    'write_outcome_unknown',
    'The answer of the database was lost, so it is not known whether the change was made; a repeated PUT or DELETE is safe, before a POST look whether it was made.',
    { cause },
  );
}

/** A commit whose standby may not have it, so that a failover may lose it. */
export class NotReplicated extends ExplainedError {
  override name = 'NotReplicated';
}

/**
 * Runs a commit. Where the wait for a synchronous standby is cancelled, PostgreSQL says that the commit
 * succeeded, and warns that the standby may not have it.
 *
 * @throws NotReplicated after such a warning
 */
export async function durably<T>(client: PoolClient, commit: () => Promise<T>): Promise<T> {
  const doubt: { routine?: string } = {};
  // The warning has no code of its own, and its text is in the server's language.
  const notice = ({ routine }: { routine?: string | undefined }): void => {
    if (routine === 'SyncRepWaitForLSN') doubt.routine = routine;
  };
  client.on('notice', notice);
  try {
    const result = await commit();
    if (doubt.routine !== undefined)
      throw new NotReplicated('the wait for a synchronous standby was cancelled');
    return result;
  } finally {
    client.off('notice', notice);
  }
}

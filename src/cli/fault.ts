import { EmbeddedPostgresError } from '../embedded-postgres/errors.js';
import { EnvError } from '../app/settings/settings.js';
import { databaseFaultOf } from '../payments/database/database-fault.js';
import { ExplainedError } from '../payments/domain/explained-error.js';
import { describeError } from '../payments/common/describe-error.js';

/** A fault of a command, with a message for its user. */
export class CommandFault extends Error {
  override name = 'CommandFault';

  /** @param details what --json shows besides the message */
  constructor(
    message: string,
    readonly details: object = {},
  ) {
    super(message);
  }
}

/** Errors whose messages are written for the user. */
const EXPLAINED = [CommandFault, EnvError, ExplainedError, EmbeddedPostgresError];

/** The end of a sentence about the database: why it cannot be used, where that is known. */
export function databaseCause(error: unknown): string {
  const cause = databaseFaultOf(error)?.cause;
  return cause === undefined ? '' : `: ${cause}`;
}

/** The fault of a file that a command cannot write. */
export function unwritable(what: string, error: unknown): CommandFault {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return new CommandFault(
    `${what} cannot be written (${code}); check that its folder exists and that you may write to it.`,
  );
}

/** The message of a fault. Messages of drivers may contain a password, so of other errors only the code is shown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && EXPLAINED.some((type) => error instanceof type)) return error.message;
  const { error: name, errorCode } = describeError(error);
  return `Failed (${errorCode ?? name})${databaseCause(error)}`;
}

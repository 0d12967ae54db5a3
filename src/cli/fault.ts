import { EmbeddedPostgresError } from '../app/embedded-postgres.js';
import { EnvError } from '../app/settings/settings.js';
import { databaseFaultOf } from '../payments/database-fault.js';
import { ExplainedError } from '../payments/explained-error.js';
import { describeError } from '../payments/http/describe-error.js';

/** A fault of a command, with a message for its user. */
export class CommandFault extends Error {
  override name = 'CommandFault';

  /** @param details what --json tells beside the message */
  constructor(
    message: string,
    readonly details: object = {},
  ) {
    super(message);
  }
}

/** Errors whose messages are written for the user. */
const EXPLAINED = [CommandFault, EnvError, ExplainedError, EmbeddedPostgresError];

/** What is told of a fault. Messages of drivers may repeat a password, so of other errors only the code is shown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && EXPLAINED.some((type) => error instanceof type)) return error.message;
  const { error: name, errorCode } = describeError(error);
  const cause = databaseFaultOf(error)?.cause;
  return `Failed (${errorCode ?? name})${cause === undefined ? '' : `: ${cause}`}`;
}

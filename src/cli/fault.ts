import { EnvError } from '../app/settings/settings.js';
import { KeyRingError } from '../payments/crypto/key-ring.js';
import { databaseFaultOf } from '../payments/database-fault.js';
import { describeError } from '../payments/http/describe-error.js';
import { SchemaFault } from '../payments/schema-findings.js';

/** A fault of a command, with a message for its user. */
export class CommandFault extends Error {
  override name = 'CommandFault';
}

/** Ends a command that failed. Messages of drivers may repeat a password, so of other errors only the code is shown. */
export function endWith(error: unknown): void {
  process.exitCode = 1;
  if (
    error instanceof CommandFault ||
    error instanceof EnvError ||
    error instanceof KeyRingError ||
    error instanceof SchemaFault
  ) {
    process.stderr.write(`${error.message}\n`);
  } else {
    const { error: name, errorCode } = describeError(error);
    const cause = databaseFaultOf(error)?.cause;
    process.stderr.write(`Failed (${errorCode ?? name})${cause === undefined ? '' : `: ${cause}`}\n`);
  }
}

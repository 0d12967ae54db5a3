import type { Logger } from '@nestjs/common';
import { databaseFaultOf } from './database-fault.js';
import { describeError } from '../common/describe-error.js';

/**
 * Logs the faults of what is tried again and again: one once, again when the cause is another, and once more when it works
 * again.
 */
export class RepeatedFault {
  private last: string | undefined;

  /**
   * @param event what does not work
   * @param recovered what is said when it works again
   */
  constructor(
    private readonly logger: Logger,
    private readonly event: string,
    private readonly recovered: string,
  ) {}

  /** @param cause a sentence of its own with the fix, where there is one */
  failed(error: unknown, cause?: string): void {
    const known = databaseFaultOf(error);
    const { stack, ...description } = describeError(error);
    const line = { event: this.event, ...description, ...known, ...(cause !== undefined && { cause }) };
    const { causes, explanation } = description;
    const kind = JSON.stringify([
      line.error,
      line.errorCode,
      line.cause,
      known === undefined && { explanation, causes },
    ]);
    if (kind === this.last) return;
    this.last = kind;
    // Where it was thrown tells nothing that a known cause does not.
    this.logger.warn(line.cause === undefined && stack !== undefined ? { ...line, stack } : line);
  }

  worked(): void {
    if (this.last === undefined) return;
    this.last = undefined;
    this.logger.log({ event: this.recovered });
  }
}

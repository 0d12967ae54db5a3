import { databaseFaultOf } from './database-fault.js';
import { describeError } from '../common/describe-error.js';
import type { EventLogger } from '../common/event-logger.js';
import type { LogEvent } from '../domain/log-events.js';

/**
 * Logs the faults of something that is retried: a fault once, again when its cause changes, and the recovery.
 */
export class RepeatedFault<E extends string = LogEvent> {
  private last: string | undefined;

  /**
   * @param failure the event of a fault
   * @param recovery the event of its end
   */
  constructor(
    private readonly logger: EventLogger<E>,
    private readonly failure: E,
    private readonly recovery: E,
  ) {}

  /** @param cause a sentence of its own with the fix, where there is one */
  failed(error: unknown, cause?: string): void {
    const known = databaseFaultOf(error);
    const { stack, ...description } = describeError(error);
    const line = { ...description, ...known, ...(cause !== undefined && { cause }) };
    const { causes, explanation } = description;
    const kind = JSON.stringify([
      line.error,
      line.errorCode,
      line.cause,
      known === undefined && { explanation, causes },
    ]);
    if (kind === this.last) return;
    this.last = kind;
    // A stack adds nothing to a known cause.
    this.logger.write(
      this.failure,
      line.cause === undefined && stack !== undefined ? { ...line, stack } : line,
    );
  }

  worked(): void {
    if (this.last === undefined) return;
    this.last = undefined;
    this.logger.write(this.recovery);
  }
}

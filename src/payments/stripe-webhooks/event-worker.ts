import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database, type OpenTransaction } from '../database/database.js';
import { Sealer } from '../crypto/sealer.js';
import { runStatement, runWithin } from '../database/run-statement.js';
import { abandon, inTransaction } from '../database/transaction.js';
import { writeLimits } from '../database/write-turns.js';
import { describeError } from '../common/describe-error.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { PaymentsError } from '../domain/errors.js';
import { Periodic } from '../database/periodic.js';
import { EventSlots } from './event-slots.js';
import { EventHandlers, type EventHandler } from './event-handlers.js';
import {
  BEGIN_EVENT,
  END_EVENT,
  FAIL_EVENT,
  PUT_BACK_EVENT,
  SKIP_EVENT,
  claimOf,
  type ClaimedEvent,
} from './event-worker.statements.js';
import { eventContext } from '../crypto/sealer.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { withinDeadline } from '../common/deadline.js';
import { Handling } from './handling.js';
import { HandlerFailure, runHandlers } from './run-handlers.js';
import { ExplainedError } from '../domain/explained-error.js';

/** How long an event's handlers may take together, in milliseconds. */
const HANDLING_LIMIT_MS = 10_000;
/** How much later the database ends a transaction that this process did not end, in milliseconds. */
const DATABASE_MARGIN_MS = 5_000;
/** How often to look for events that were stored elsewhere or are due again, in milliseconds. */
const POLL_MS = 1_000;
/** Events that arrive this close together are claimed together, in milliseconds. */
const GATHER_MS = 20;
/** Attempts until an event is given up: the pauses between them add up to some three hours. */
const MAX_ATTEMPTS = 12;
const FIRST_PAUSE_SECONDS = 10;
const MAX_PAUSE_SECONDS = 3_600;
/** When to retry an event whose object has another one in progress, in seconds. */
const BUSY_PAUSE_SECONDS = 0.25;

/** A handler exceeded its time limit. */
class HandlerTimeout extends ExplainedError {
  override name = 'HandlerTimeout';
}

/** An event whose last attempt began and never ended: it has crashed its process each time. */
class TooManyAttempts extends Error {
  override name = 'TooManyAttempts';
}

/** Dispatches stored events to the application's handlers. Any number of workers share the events of a database. */
@Injectable()
export class EventWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new PaymentsLogger(EventWorker.name);
  private readonly periodic = new Periodic(EventWorker.name, () => this.handleDue());
  private slots: EventSlots | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'limits'>,
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly handlers: EventHandlers,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  /** Finishes the events in progress; further claimed ones are released at once. */
  async beforeApplicationShutdown(): Promise<void> {
    // From now on no event is begun, also while a claim is still under way, whose events are then put back.
    await Promise.all([this.slots?.stop(), this.periodic.stop()]);
    await this.slots?.stop();
  }

  /** Reports that there is something to do: an event was stored or is to be replayed. */
  wake(): void {
    this.periodic.wake();
  }

  /**
   * Hands on the stored events that are due now. For processes that are frozen between requests, as functions are, and so
   * cannot do it in the background: call it from a scheduler. Other workers may run at the same time.
   *
   * @returns how many were taken up; those whose handler failed are due again later, by themselves
   * @throws an error of the driver when the database cannot be reached
   */
  async runOnce(): Promise<number> {
    const slots = this.newSlots();
    let total = 0;
    try {
      for (let isMore = true; isMore && !this.periodic.isStopping;) {
        const filled = await slots.fill();
        total += filled.claimed;
        // What others have locked is due, but not to be had.
        isMore = filled.isMore && (filled.claimed > 0 || slots.isBusy);
        // Nothing is to be had until one of those that run has ended.
        await (filled.claimed > 0 ? slots.room() : slots.oneEnded());
      }
    } finally {
      await (this.periodic.isStopping ? slots.stop() : slots.end());
    }
    return total;
  }

  private newSlots(onRoom?: () => void): EventSlots {
    const { transaction } = writeLimits(this.database);
    const count = Math.min(this.options.limits.eventsAtOnce, transaction);
    return new EventSlots(this.database, count, (event) => this.handle(event), onRoom);
  }

  private async handleDue(): Promise<number> {
    // The pool is not known before.
    this.slots ??= this.newSlots(() => {
      this.wake();
    });
    const { claimed, isMore } = await this.slots.fill();
    // Not unref'd: shutdown waits for it, and the process must not exit before.
    if (claimed === 0 || !isMore) await delay(GATHER_MS);
    return claimed > 0 ? 0 : POLL_MS;
  }

  private async handle(event: ClaimedEvent): Promise<void> {
    const handlers = this.handlers.of(event.type);
    const handling = new Handling(event, handlers);
    try {
      if (event.attempts > MAX_ATTEMPTS) throw new TooManyAttempts();
      if (handlers.length === 0) {
        await runStatement(this.database, 'write', SKIP_EVENT, claimOf(event));
        handling.end('skipped');
      } else if (
        await inTransaction(this.database, (transaction) =>
          this.handleIn(transaction, event, handlers, handling),
        )
      ) {
        handling.end('handled');
      }
    } catch (error) {
      handling.end(
        isOutcomeUnknown(error) ? this.reportUnknown(event, error) : await this.recordFailure(event, error),
      );
    }
  }

  /** @returns whether its handlers ran; otherwise it is another worker's, or is put back */
  private async handleIn(
    transaction: OpenTransaction,
    event: ClaimedEvent,
    handlers: EventHandler[],
    handling: Handling,
  ): Promise<boolean> {
    const [row] = await runWithin(transaction, BEGIN_EVENT, {
      ...claimOf(event),
      lock_name: event.lock_name,
      longest_pause: `${HANDLING_LIMIT_MS + DATABASE_MARGIN_MS}ms`,
    });
    if (row === undefined) return false;
    if (!row.is_alone) {
      await runWithin(transaction, PUT_BACK_EVENT, { ...claimOf(event), pause_seconds: BUSY_PAUSE_SECONDS });
      return false;
    }
    const { project_id: projectId, mode, attempts: attempt } = event;
    const context = eventContext(projectId, mode, event.event_id);
    const payload = this.sealer.open(row.payload_sealed, context).reveal();
    await handling.within(row.trace_parent, () =>
      withinLimit(transaction, (signal) =>
        runHandlers(handlers, payload, { projectId, mode, attempt, transaction: transaction.handle, signal }),
      ),
    );
    await runWithin(transaction, END_EVENT, claimOf(event));
    return true;
  }

  /** The event is handled, or due again when its lease expires: the handlers' writes and the mark are committed together. */
  private reportUnknown(
    { project_id, mode, event_id, type, attempts }: ClaimedEvent,
    error: unknown,
  ): 'unknown' {
    this.logger.write('stripe_event.outcome_unknown', {
      projectId: project_id,
      mode,
      eventId: event_id,
      type,
      attempts,
      ...describeError(error),
    });
    return 'unknown';
  }

  private async recordFailure(event: ClaimedEvent, error: unknown): Promise<'given_up' | 'failed'> {
    const handler = error instanceof HandlerFailure ? error.handler : undefined;
    const description = describeError(error instanceof HandlerFailure ? error.cause : error);
    const { project_id: projectId, mode, event_id: eventId, type, attempts } = event;
    const isLast = attempts >= MAX_ATTEMPTS;
    this.logger.write(isLast ? 'stripe_event.given_up' : 'stripe_event.failed', {
      projectId,
      mode,
      eventId,
      type,
      attempts,
      handler,
      ...description,
    });
    const summary = [handler, description.error, description.errorCode].filter((part) => part !== undefined);
    const pause = isLast ? null : pauseAfter(attempts);
    try {
      await runStatement(this.database, 'write', FAIL_EVENT, {
        ...claimOf(event),
        pause_seconds: pause,
        error: summary.join(': ').slice(0, 255),
      });
    } catch {
      // It is due again when its lease expires.
    }
    return isLast ? 'given_up' : 'failed';
  }
}

/** @throws HandlerTimeout when the work takes too long; later writes in its transaction are refused */
function withinLimit(
  transaction: OpenTransaction,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return withinDeadline(HANDLING_LIMIT_MS, work, () => {
    abandon(transaction);
    return new HandlerTimeout('the handlers took too long');
  });
}

function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof PaymentsError && error.code === 'write_outcome_unknown';
}

function pauseAfter(attempts: number): number {
  return Math.min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), MAX_PAUSE_SECONDS);
}

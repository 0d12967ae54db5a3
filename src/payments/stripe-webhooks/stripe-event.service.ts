import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer } from '../crypto/sealer.js';
import { runStatement } from '../database/run-statement.js';
import { holdsCredential } from '../domain/credential-shape.js';
import { PaymentsError } from '../domain/errors.js';
import type { Mode } from '../domain/credentials.js';
import { EventWorker } from './event-worker.js';
import { EVENT_ID } from './received-event.js';
import type { StripeEventView } from './stripe-event.entity.js';
import {
  FIND_EVENT,
  LIST_EVENTS,
  REPLAY_EVENT,
  REPLAY_FAILED,
  type EventFilter,
} from './stripe-event.statements.js';
import { eventContext } from '../crypto/sealer.js';

/** An event's place in the list: its arrival, then its mode and id. */
export interface EventPosition {
  receivedAt: Date;
  mode: Mode;
  eventId: string;
}

/** Lists stored events, and replays them. */
@Injectable()
export class StripeEventService {
  private readonly logger = new PaymentsLogger(StripeEventService.name);

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly worker: EventWorker,
  ) {}

  /** The events of a project that arrived before a position, newest first. */
  list(
    projectId: string,
    { mode, type, status, objectId }: EventFilter,
    before: EventPosition | undefined,
    limit: number,
  ): Promise<StripeEventView[]> {
    return runStatement(this.database, 'read', LIST_EVENTS, {
      project_id: projectId,
      mode,
      type,
      status,
      object_id: objectId,
      before_received_at: before?.receivedAt ?? null,
      before_mode: before?.mode ?? null,
      before_event_id: before?.eventId ?? null,
      size: limit,
    });
  }

  /**
   * One event, and its contents as JSON: `null` once they were erased.
   *
   * @throws PaymentsError `event_not_found`, or `secret_unreadable` when no key of the ring opens it
   */
  async open(
    projectId: string,
    mode: Mode,
    eventId: string,
  ): Promise<{ event: StripeEventView; payload: string }> {
    const { payload_sealed, ...event } = await this.find(projectId, mode, eventId);
    if (payload_sealed === null) return { event, payload: 'null' };
    const payload = this.sealer.tryToOpen(payload_sealed, eventContext(event.project_id, mode, eventId));
    if (payload === undefined) {
      this.logger.write('stripe_event.unreadable', { projectId, mode, eventId });
      throw new PaymentsError(
        'secret_unreadable',
        'The stored event cannot be opened; Stripe keeps it for 30 days.',
      );
    }
    return { event, payload: payload.reveal() };
  }

  /**
   * Lets an event be handled again.
   *
   * @throws PaymentsError `event_not_found`, or `event_not_replayable` when it is waiting, was handled, or has been erased
   */
  async replay(projectId: string, mode: Mode, eventId: string): Promise<StripeEventView> {
    const values = { project_id: projectId, mode, event_id: knownId(eventId) };
    const [event] = await runStatement(this.database, 'write', REPLAY_EVENT, values);
    if (event === undefined) {
      await this.find(projectId, mode, eventId);
      throw new PaymentsError(
        'event_not_replayable',
        'Only events that failed or were skipped can be handled again; this one is waiting, was handled, or its contents were erased.',
      );
    }
    this.worker.wake();
    return event;
  }

  /**
   * Lets the events of a project that failed be handled again, and returns their number.
   *
   * @param type a pattern; null: all
   */
  async replayFailed(projectId: string, mode: Mode | null, type: string | null): Promise<number> {
    const values = { project_id: projectId, mode, type };
    let total = 0;
    // In batches, so that no statement takes longer than it may, however many have failed. Not only while batches are full: another
    // replay may have taken a part of one.
    for (let count = 1; count > 0; total += count) {
      const [row] = await runStatement(this.database, 'write', REPLAY_FAILED, values);
      count = row?.count ?? 0;
      this.worker.wake();
    }
    return total;
  }

  private async find(
    projectId: string,
    mode: Mode,
    eventId: string,
  ): Promise<StripeEventView & { payload_sealed: string | null }> {
    const values = { project_id: projectId, mode, event_id: knownId(eventId) };
    const [row] = await runStatement(this.database, 'read', FIND_EVENT, values);
    if (row === undefined) throw eventNotFound();
    return row;
  }
}

/** Anything without the form of an event's id is not sent to the database, which accepts no NUL in a text and may log parameters. */
function knownId(eventId: string): string {
  if (!EVENT_ID.test(eventId) || holdsCredential(eventId)) throw eventNotFound();
  return eventId;
}

function eventNotFound(): PaymentsError {
  return new PaymentsError('event_not_found', 'This project has no such event.');
}

import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { EventClaims, LEASE_SECONDS } from './event-claims.js';
import { PUT_BACK_EVENT, claimOf, type ClaimedEvent } from './event-worker.statements.js';
import { HeldEvents } from './held-events.js';

/** How long a claimed event may wait for a slot, in milliseconds; then another worker may have it. */
const LONGEST_WAIT_MS = (LEASE_SECONDS * 1_000) / 3;

/** A bounded number of events with their handlers: a slot that becomes free takes the next event, whatever the others do. */
export class EventSlots {
  private readonly held: HeldEvents;
  private readonly claims: EventClaims;
  private readonly running = new Set<Promise<void>>();
  private isMore = false;
  private isStopped = false;

  /**
   * @param count how many events may be with their handlers at once
   * @param handle never rejects
   * @param onRoom is called when an event has ended, more are due, and few are left here
   */
  constructor(
    private readonly database: Database,
    private readonly count: number,
    private readonly handle: (event: ClaimedEvent) => Promise<void>,
    private readonly onRoom: () => void = () => undefined,
  ) {
    this.held = new HeldEvents(count);
    this.claims = new EventClaims(database);
  }

  /**
   * Claims what is due, as much as there is room for, and begins as many as there are slots.
   *
   * @returns how many were claimed, and whether more are due
   */
  async fill(): Promise<{ claimed: number; isMore: boolean }> {
    await this.putBack(this.held.takeWaitingSince(performance.now() - LONGEST_WAIT_MS));
    const { events, isMore } = await this.claims.claim(this.held);
    this.isMore = isMore;
    this.held.add(events, performance.now());
    this.start();
    return { claimed: events.length, isMore };
  }

  /** Waits until there is room for further events, or until all have ended. */
  async room(): Promise<void> {
    while (this.running.size > 0 && !this.hasRoom) await Promise.race(this.running);
  }

  /** Waits until one of the events that are with their handlers has ended; not where there are none. */
  async oneEnded(): Promise<void> {
    if (this.running.size > 0) await Promise.race(this.running);
  }

  /** Waits until all events that are held have ended. */
  async end(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  /** Begins no further events and puts those that wait back; waits for the others. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.putBack(this.held.takeWaitingSince(Infinity)).catch(ignore);
    await this.end();
  }

  /** Whether events are with their handlers. */
  get isBusy(): boolean {
    return this.running.size > 0;
  }

  private get hasRoom(): boolean {
    return this.held.waitingCount < this.count;
  }

  private start(): void {
    for (;;) {
      const event = this.isStopped ? undefined : this.held.next();
      if (event === undefined) return;
      const run = this.handle(event).finally(() => {
        this.running.delete(run);
        this.held.end(event);
        this.start();
        if (this.isMore && this.hasRoom) this.onRoom();
      });
      this.running.add(run);
    }
  }

  private async putBack(events: readonly ClaimedEvent[]): Promise<void> {
    for (const event of events) {
      await runStatement(this.database, 'write', PUT_BACK_EVENT, { ...claimOf(event), pause_seconds: 0 });
    }
  }
}

function ignore(): void {
  // They are due again when their lease expires.
}

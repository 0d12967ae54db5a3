/** How long a request may wait for a place, in milliseconds. With the work that it does then, less than a second. */
const PATIENCE_MS = 250;
/** How many may wait. Of each little more than its head is in memory. */
const MAX_WAITING = 1_000;

/** Requests that wait for a place among those that are worked on, the longest waiting first. */
export class WaitingRequests {
  private readonly waiting = new Map<() => void, NodeJS.Timeout>();
  private waitedInVainAt = -Infinity;

  /** Whether any does. */
  get isAny(): boolean {
    return this.waiting.size > 0;
  }

  /**
   * Lets a request wait. A burst so gets its answers; where another has waited in vain within that time, the load stays, and waiting would only make all
   * slow: then the request is refused at once.
   */
  add(start: () => void, refuse: () => void): void {
    if (this.waiting.size >= MAX_WAITING || performance.now() - this.waitedInVainAt < PATIENCE_MS) {
      refuse();
      return;
    }
    const giveUp = (): void => {
      this.waitedInVainAt = performance.now();
      this.waiting.delete(start);
      refuse();
    };
    this.waiting.set(start, setTimeout(giveUp, PATIENCE_MS));
  }

  /** Forgets one whose client is gone. */
  leave(start: () => void): void {
    clearTimeout(this.waiting.get(start));
    this.waiting.delete(start);
  }

  /** Starts the next one, if any waits. */
  startNext(): void {
    for (const start of this.waiting.keys()) {
      this.leave(start);
      start();
      return;
    }
  }
}

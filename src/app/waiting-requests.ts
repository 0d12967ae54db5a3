/** How long a request may wait for a place, in milliseconds. With the work that it does then, less than a second. */
const PATIENCE_MS = 250;
/** How many may wait. Of each little more than its head is in memory. */
const MAX_WAITING = 1_000;

/** Requests that wait for a place among those that are worked on, the longest waiting first. */
export class WaitingRequests {
  private readonly waiting = new Map<() => void, NodeJS.Timeout>();
  private refusedAt = -Infinity;

  /** @param atOnce up to how many requests that are worked on one more of these may have a place */
  constructor(readonly atOnce: number) {}

  /** Whether any does. */
  get isAny(): boolean {
    return this.waiting.size > 0;
  }

  /**
   * Lets a request wait. A burst so gets its answers; where others have waited in vain within that time, the load stays, and waiting would only make all
   * slow: then the request is refused at once.
   */
  add(start: () => void, refuse: () => void): void {
    const giveUp = (): void => {
      this.refusedAt = performance.now();
      refuse();
    };
    if (this.waiting.size >= MAX_WAITING || performance.now() - this.refusedAt < PATIENCE_MS) {
      giveUp();
      return;
    }
    const giveUpLate = (): void => {
      this.waiting.delete(start);
      giveUp();
    };
    this.waiting.set(start, setTimeout(giveUpLate, PATIENCE_MS));
  }

  /** Starts the next one, if any waits. */
  startNext(): void {
    for (const [start, timer] of this.waiting) {
      clearTimeout(timer);
      this.waiting.delete(start);
      start();
      return;
    }
  }
}

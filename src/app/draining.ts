import type { Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/** A connection that looks idle may have a request in transit: this is how long it may still get an answer. */
const IDLE_GRACE_MS = 1_000;
/** How long requests that run after that may take to end, in milliseconds, when there is time. */
const DEADLINE_MS = 4_000;

/** How much time a shutdown has, in milliseconds. */
export interface DrainingTimes {
  /** How long to serve while the service reports that it is not ready, so that load balancers see it. */
  delayMs: number;
  /** How long the rest may take. */
  limitMs: number;
}

/**
 * Ends a server's work without breaking a request: not ready first, then no new connections, every further answer
 * closes its connection, and what has not ended by the deadline is cut off.
 */
@Injectable()
export class Draining {
  /** Whether the shutdown has begun: not ready, and every answer carries `Connection: close`. */
  begun = false;

  async drain(server: Server, { delayMs, limitMs }: DrainingTimes): Promise<void> {
    this.begun = true;
    await delay(delayMs);
    const deadline = new AbortController();
    const closed = new Promise<void>((resolve) => {
      // Only stops listening; close() of node:http would also cut connections that look idle.
      Listener.prototype.close.call(server, () => {
        resolve();
      });
    });
    const closedWithin = (milliseconds: number) =>
      Promise.race([
        closed,
        delay(milliseconds, undefined, { signal: deadline.signal }).catch(() => undefined),
      ]);
    await closedWithin(IDLE_GRACE_MS);
    server.closeIdleConnections();
    await closedWithin(Math.min(DEADLINE_MS, Math.max(limitMs - IDLE_GRACE_MS, 0)));
    deadline.abort();
    server.closeAllConnections();
    await closed;
  }
}

import type { Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/** A connection that looks idle may have a request on its way: it gets this long to be told to close. */
const IDLE_GRACE_MS = 1_000;
/** How long requests that run after that may take to end, in milliseconds. */
const DEADLINE_MS = 4_000;

/**
 * Ends a server's work without breaking a request: no new connections, every further answer closes its connection,
 * and what has not ended by the deadline is cut off.
 */
@Injectable()
export class Draining {
  /** Whether the shutdown has begun: not ready, and every answer carries `Connection: close`. */
  begun = false;

  async drain(server: Server): Promise<void> {
    this.begun = true;
    const deadline = new AbortController();
    const closed = new Promise<void>((resolve) => {
      // Stops listening and no more; close() of node:http would cut at once what looks idle.
      Listener.prototype.close.call(server, () => {
        resolve();
      });
    });
    const closedWithin = (limitMs: number) =>
      Promise.race([closed, delay(limitMs, undefined, { signal: deadline.signal }).catch(() => undefined)]);
    await closedWithin(IDLE_GRACE_MS);
    server.closeIdleConnections();
    await closedWithin(DEADLINE_MS);
    deadline.abort();
    server.closeAllConnections();
    await closed;
  }
}

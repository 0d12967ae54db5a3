import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/** How long requests that run at shutdown may take to end, in milliseconds. */
const DEADLINE_MS = 5_000;

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
      server.close(() => {
        resolve();
      });
    });
    server.closeIdleConnections();
    await Promise.race([closed, delay(DEADLINE_MS, undefined, { signal: deadline.signal }).catch(() => undefined)]);
    deadline.abort();
    server.closeAllConnections();
    await closed;
  }
}

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationStream } from 'pino';

/** Lines are written in batches of this size, or after this time in milliseconds, so that no request waits for a write. */
const BATCH_CHARS = 4_096;
const FLUSH_MS = 200;
/** How much may wait for a reader that does not read. Further lines are dropped and counted. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;

/**
 * Writes the lines of the log. The process does not depend on the reader: for a slow one lines are buffered up to a limit,
 * one that does not read loses lines, and one that is gone loses all of them.
 */
export class LogDestination implements DestinationStream {
  /** Called with the number of lost lines, once there is room again. */
  onDropped: ((count: number) => void) | undefined;

  private lines = '';
  private dropped = 0;
  private isGone = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param out standard output: Node writes to a pipe without waiting for its reader, other than by its number 1 */
  constructor(private readonly out: Writable) {
    // The reader is gone, which must not stop the service.
    out.on('error', () => (this.isGone = true));
    out.on('drain', () => {
      this.reportDropped();
    });
    process.once('exit', () => {
      this.flush();
    });
  }

  write(line: string): void {
    if (this.out.writableLength + this.lines.length + line.length > MAX_WAITING_CHARS) {
      this.dropped += 1;
      return;
    }
    this.lines += line;
    if (this.lines.length >= BATCH_CHARS) this.flush();
    else
      this.timer ??= setTimeout(() => {
        this.flush();
      }, FLUSH_MS).unref();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { lines } = this;
    this.lines = '';
    if (lines !== '' && !this.isGone) this.out.write(lines);
  }

  /** Waits until everything is written, but no longer than this. */
  async drained(limitMs: number): Promise<void> {
    this.flush();
    if (!this.out.writableNeedDrain) return;
    await Promise.race([once(this.out, 'drain'), delay(limitMs, undefined, { ref: false })]);
  }

  private reportDropped(): void {
    const { dropped } = this;
    this.dropped = 0;
    if (dropped > 0) this.onDropped?.(dropped);
  }
}

import { Writable } from 'node:stream';
import { LogDestination } from './log-destination.js';

/** A pipe whose reader reads when a test says so. */
class Pipe extends Writable {
  read: string[] = [];
  private waiting: (() => void)[] = [];
  private isRead = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.read.push(chunk.toString());
    if (this.isRead) done();
    else this.waiting.push(done);
  }

  resumeReading(): void {
    this.isRead = true;
    for (const done of this.waiting.splice(0)) done();
  }
}

const LINE = `${'x'.repeat(1_023)}\n`;
const LIMIT = 4 * 1024 * 1024;

describe('the log', () => {
  it('keeps so much for a reader that does not read, drops the rest, and counts it once there is room', async () => {
    const pipe = new Pipe();
    const log = new LogDestination(pipe);
    const counts: number[] = [];
    log.onDropped = (count) => counts.push(count);
    const lines = (LIMIT / LINE.length) * 2;

    for (let line = 0; line < lines; line++) log.write(LINE);

    expect(pipe.writableLength).toBeLessThanOrEqual(LIMIT);
    expect(counts).toEqual([]);
    const drained = new Promise((resolve) => pipe.once('drain', resolve));
    pipe.resumeReading();
    await drained;
    const written = pipe.read.join('').length / LINE.length;
    expect(counts).toEqual([lines - written]);
    expect(written).toBeGreaterThan(lines / 3);

    log.write('again\n');
    log.flush();
    expect(pipe.read.at(-1)).toBe('again\n');
  });

  it('is not waited for beyond the limit', async () => {
    const pipe = new Pipe();
    const log = new LogDestination(pipe);
    for (let line = 0; line < 100; line++) log.write(LINE);

    await log.drained(10);

    expect(pipe.writableNeedDrain).toBe(true);
  });

  it('ends for a reader that is gone, and nothing else does', async () => {
    const pipe = new Pipe();
    const log = new LogDestination(pipe);
    pipe.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise((resolve) => pipe.once('close', resolve));

    log.write(LINE);
    log.flush();

    expect(pipe.read).toEqual([]);
  });
});

import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Periodic } from './periodic.js';

/** Longer than any test advances the clock, unless it means this very pause. */
const LONG_MS = 1_000_000;

let warn: jest.SpiedFunction<Logger['warn']>;
let periodic: Periodic | undefined;

beforeEach(() => {
  jest.useFakeTimers();
  warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
});
afterEach(async () => {
  const stopped = periodic?.stop();
  await current?.finish(0);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  await stopped;
  periodic = current = undefined;
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Lets whatever may go on without the clock go on. */
const settle = () => jest.advanceTimersByTimeAsync(0);

/** Work of which each run is ended by the test. */
class Runs {
  count = 0;
  private end: ((outcome: number | Error) => void) | undefined;

  readonly work = () =>
    new Promise<number>((resolve, reject) => {
      this.count += 1;
      this.end = (outcome) => {
        this.end = undefined;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
    });

  get isRunning(): boolean {
    return this.end !== undefined;
  }

  async finish(outcome: number | Error): Promise<void> {
    this.end?.(outcome);
    await settle();
  }
}

/** Whose last run is ended after the test. */
let current: Runs | undefined;

async function start(runs: Runs): Promise<Periodic> {
  current = runs;
  periodic = new Periodic('Test', runs.work);
  periodic.start();
  await settle();
  return periodic;
}

/** Whether a promise is settled without the clock going on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await settle();
  return settled;
}

it('does nothing before it is started', async () => {
  const runs = new Runs();
  periodic = new Periodic('Test', runs.work);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(runs.count).toBe(0);
});

it('runs at once, and again after the pause that the run asked for', async () => {
  const runs = new Runs();
  await start(runs);
  expect(runs.count).toBe(1);

  await runs.finish(500);
  await jest.advanceTimersByTimeAsync(499);
  expect(runs.count).toBe(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs.count).toBe(2);

  await runs.finish(7_000);
  await jest.advanceTimersByTimeAsync(6_999);
  expect(runs.count).toBe(2);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs.count).toBe(3);
});

it('waits for its first run where the options say so', async () => {
  const runs = new Runs();
  current = runs;
  periodic = new Periodic('Test', runs.work);
  periodic.start(500);
  await jest.advanceTimersByTimeAsync(499);
  expect(runs.count).toBe(0);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs.count).toBe(1);
});

it('has one run at a time, however long it takes and however often it is woken', async () => {
  const runs = new Runs();
  const subject = await start(runs);
  for (let index = 0; index < 5; index++) subject.wake();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(runs.count).toBe(1);
});

describe('waking it', () => {
  it('ends the pause', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    await runs.finish(LONG_MS);
    expect(runs.count).toBe(1);
    subject.wake();
    await settle();
    expect(runs.count).toBe(2);
  });

  it('during a run leads to exactly one more at once', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    subject.wake();
    subject.wake();
    await runs.finish(LONG_MS);
    expect(runs.count).toBe(2);
    await runs.finish(LONG_MS);
    expect(runs.count).toBe(2);
  });

  it('leaves no timer of the ended pause behind', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    await runs.finish(LONG_MS);
    expect(jest.getTimerCount()).toBe(1);
    subject.wake();
    await settle();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('errors', () => {
  const warnings = () => warn.mock.calls.map(([line]) => line as unknown as { event: string; error: string });

  it('are logged once while they last, without their text, and again when they come back', async () => {
    const runs = new Runs();
    await start(runs);
    for (let index = 0; index < 3; index++) {
      await runs.finish(new RangeError('the text'));
      await jest.advanceTimersByTimeAsync(LONG_MS);
    }
    expect(warnings()).toEqual([
      expect.objectContaining({ event: expect.any(String) as unknown, error: 'RangeError' }),
    ]);
    expect(JSON.stringify(warnings())).not.toContain('the text');

    await runs.finish(0);
    await jest.advanceTimersByTimeAsync(0);
    await runs.finish(new TypeError('another'));
    expect(warnings().map(({ error }) => error)).toEqual(['RangeError', 'TypeError']);
  });

  it('are followed by another try', async () => {
    const runs = new Runs();
    await start(runs);
    await runs.finish(new Error('once'));
    expect(runs.count).toBe(1);
    await jest.advanceTimersByTimeAsync(LONG_MS);
    expect(runs.count).toBe(2);
  });

  it('do not become a storm when it is woken', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    subject.wake();
    await runs.finish(new Error('the database is down'));
    subject.wake();
    await settle();
    expect(runs.count).toBe(1);
  });

  it('thrown before anything is awaited count as well', async () => {
    let count = 0;
    periodic = new Periodic('Test', () => {
      count += 1;
      throw new Error('at once');
    });
    periodic.start();
    await jest.advanceTimersByTimeAsync(LONG_MS);
    expect(count).toBeGreaterThan(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('stopping it', () => {
  it('ends the pause, and there is no run afterwards', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    await runs.finish(LONG_MS);
    expect(await isSettled(subject.stop())).toBe(true);
    subject.wake();
    await jest.advanceTimersByTimeAsync(LONG_MS * 2);
    expect(runs.count).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends the pause after an error', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    await runs.finish(new Error('failed'));
    expect(await isSettled(subject.stop())).toBe(true);
    expect(runs.count).toBe(1);
  });

  it('waits for the run, whose signal says that it may end early', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    expect(subject.isStopping).toBe(false);
    const stopped = subject.stop();
    expect(subject.isStopping).toBe(true);
    expect(await isSettled(stopped)).toBe(false);
    expect(runs.isRunning).toBe(true);
    await runs.finish(LONG_MS);
    expect(await isSettled(stopped)).toBe(true);
    expect(runs.count).toBe(1);
  });

  it('waits for a run that fails, and for nothing more', async () => {
    const runs = new Runs();
    const subject = await start(runs);
    const stopped = subject.stop();
    await runs.finish(new Error('failed'));
    expect(await isSettled(stopped)).toBe(true);
    expect(runs.count).toBe(1);
  });

  it('is possible when it was never started', async () => {
    const runs = new Runs();
    periodic = new Periodic('Test', runs.work);
    expect(await isSettled(periodic.stop())).toBe(true);
    expect(runs.count).toBe(0);
  });
});

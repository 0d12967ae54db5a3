import { PaymentsLogger } from '../common/payments-logger.js';
import { RepeatedFault } from './repeated-fault.js';

/** How long to wait after a failure where nothing else is said, in milliseconds. */
const RETRY_MS = 1_000;

/** Repeats a task, one run at a time, until it is stopped. A failed run is repeated after a pause; its failure is logged once,
 * and again when its cause changes. */
export class Periodic {
  private readonly fault: RepeatedFault;
  private stopped = false;
  private woken = false;
  private failing = false;
  private endPause: (() => void) | undefined;
  private running = Promise.resolve();

  /**
   * @param name the context of its events in the log
   * @param work one run; returns how long to wait until the next, in milliseconds
   * @param retryMs how long to wait after a failure, in milliseconds
   */
  constructor(
    name: string,
    private readonly work: () => Promise<number>,
    private readonly retryMs = RETRY_MS,
  ) {
    this.fault = new RepeatedFault(
      new PaymentsLogger(name),
      'background_task.failed',
      'background_task.recovered',
    );
  }

  /** @param afterMs how long to wait until the first run, in milliseconds */
  start(afterMs = 0): void {
    this.running = this.run(afterMs);
  }

  /** Ends the current pause, or lets another run follow the current one at once. */
  wake(): void {
    this.woken = true;
    this.endPause?.();
  }

  /** Whether it is being stopped, so that a long run may end early. */
  get isStopping(): boolean {
    return this.stopped;
  }

  /** Waits for the current run; there is none after it. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async run(afterMs: number): Promise<void> {
    if (afterMs > 0) await this.pause(afterMs);
    while (!this.stopped) {
      this.woken = false;
      await this.pause(await this.runOnce());
    }
  }

  private async runOnce(): Promise<number> {
    try {
      const pause = await this.work();
      this.failing = false;
      this.fault.worked();
      return pause;
    } catch (error) {
      this.fault.failed(error);
      this.failing = true;
      return this.retryMs;
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopped || (this.woken && !this.failing)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.endPause = () => {
        if (this.failing && !this.stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }
}

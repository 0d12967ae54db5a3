import { readEnv } from './env.js';
import { startService } from './service.js';

/** The whole shutdown ends within ten seconds, whatever hangs; later only where SHUTDOWN_DELAY_SECONDS asks for it. */
const SHUTDOWN_LIMIT_MS = 9_500;
/** What is left for it after such a delay, in milliseconds. */
const LIMIT_AFTER_DELAY_MS = 2_500;
/** Signals that come this close together are one: a terminal's Ctrl-C arrives from the terminal and from npm. */
const SAME_SIGNAL_MS = 500;

/** Runs the service until a signal stops it, and ends the process. */
export async function run(): Promise<void> {
  try {
    const env = readEnv();
    const abort = new AbortController();
    const starting = startService(env, abort.signal);
    let stoppedAt: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      if (stoppedAt !== undefined) {
        if (performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(1);
        return;
      }
      stoppedAt = performance.now();
      // Ctrl-C comes from a terminal, without a load balancer.
      const delayMs = signal === 'SIGINT' ? 0 : env.shutdownDelaySeconds * 1_000;
      const limitMs = Math.max(SHUTDOWN_LIMIT_MS, delayMs + LIMIT_AFTER_DELAY_MS);
      // It also keeps the process alive, which the final waits do not.
      setTimeout(() => process.exit(1), limitMs);
      abort.abort();
      void starting
        // An aborted start has closed what it had opened.
        .then((service) => service.stop({ delayMs, limitMs: limitMs - delayMs }), ignore)
        .then(() => process.exit(0), fail);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    await starting.catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : 'unknown fault'}\n`);
  process.exit(1);
}

function ignore(): void {
  // It was aborted.
}

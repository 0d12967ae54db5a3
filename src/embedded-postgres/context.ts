import type { Binaries } from './binaries.js';
import type { Paths } from './paths.js';
import type { Runner } from './runner.js';

/** What a start works with. */
export interface Context {
  readonly paths: Paths;
  readonly binaries: Binaries;
  readonly runner: Runner;
  /** Ends the start. */
  readonly signal: AbortSignal | undefined;
  readonly password: string;
  /** How long another owner may hold the lock until it is believed to live, in milliseconds. */
  readonly lockPatienceMs: number;
}

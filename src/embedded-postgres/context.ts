import type { Binaries } from './binaries.js';
import type { Paths } from './paths.js';
import type { Runner } from './runner.js';

/** The context of a start. */
export interface Context {
  readonly paths: Paths;
  readonly binaries: Binaries;
  readonly runner: Runner;
  /** Aborts the start. */
  readonly signal: AbortSignal | undefined;
  readonly password: string;
  /** How long another owner may hold the lock until it counts as alive, in milliseconds. */
  readonly lockPatienceMs: number;
}

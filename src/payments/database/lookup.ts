import DataLoader from 'dataloader';
import { outsideTraces } from '../telemetry/tracing.js';

/** Most keys that one statement asks for. */
const MAX_AT_ONCE = 500;

/**
 * Finds rows by their key. Whoever asks in the same turn of the event loop shares one statement, so that many requests at once do
 * not each cost a round trip. Nothing is remembered: each answer is as new as its question.
 */
export class Lookup<Row> {
  private readonly loader: DataLoader<string, Row | undefined>;

  /**
   * @param find gives the rows of some keys, in any order; a key without a row has none. A fault is everybody's who asked, so
   *   that keys must be validated before they are asked for
   * @param keyOf the key of a row
   * @param gatherMs how long keys are gathered, in milliseconds, so that a flood of them costs so many statements and no more.
   *   Default: one turn of the event loop
   */
  constructor(
    find: (keys: readonly string[]) => Promise<readonly Row[]>,
    keyOf: (row: Row) => string,
    gatherMs?: number,
  ) {
    const gather = (send: () => void): void => {
      if (gatherMs === undefined) setImmediate(send);
      else setTimeout(send, gatherMs);
    };
    this.loader = new DataLoader(
      async (keys: readonly string[]) => {
        const found = await outsideTraces(() => find(keys));
        const rows = new Map(found.map((row) => [keyOf(row), row]));
        return keys.map((key) => rows.get(key));
      },
      { cache: false, maxBatchSize: MAX_AT_ONCE, batchScheduleFn: gather },
    );
  }

  find(key: string): Promise<Row | undefined> {
    return this.loader.load(key);
  }
}

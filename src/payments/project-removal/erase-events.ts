import { setTimeout as delay } from 'node:timers/promises';
import { DependencyUnavailable } from '../domain/errors.js';
import { ExplainedError } from '../domain/explained-error.js';
import type { RowOf } from '../database/statement.js';
import type { HAS_EVENTS } from './data-erasure.statements.js';

/** How much one statement erases, so that it stays within its time. */
export const BATCH = 500;
/** How long to wait for events that are with their handlers, in milliseconds: longer than handlers may take. */
const HANDLERS_MS = 20_000;
const HANDLERS_POLL_MS = 250;

/**
 * Erases something of all events of a project, also of those that are with their handlers now, and says of how many.
 *
 * @param erase erases it of those that nobody has locked, and says of how many
 * @param find says whether it is left of any
 * @throws DependencyUnavailable when handlers hold an event for longer than they may
 */
export async function eraseEvents(
  erase: () => Promise<number>,
  find: () => Promise<RowOf<typeof HAS_EVENTS>[]>,
): Promise<number> {
  let events = 0;
  for (let waitedMs = 0; ; waitedMs += HANDLERS_POLL_MS) {
    events += await erase();
    const [left] = await find();
    if (left?.found !== true) return events;
    if (waitedMs >= HANDLERS_MS) {
      const cause = new ExplainedError('an event of the project is still with its handlers; repeat it');
      throw new DependencyUnavailable('this service', { cause });
    }
    await delay(HANDLERS_POLL_MS);
  }
}

/** Repeats what erases a batch until there is no more, and returns how much it was. */
export async function inBatches(eraseSome: () => Promise<number>): Promise<number> {
  let total = 0;
  // Not only while batches are full: another erasure may have taken a part of one.
  for (let count = BATCH; count > 0; total += count) {
    count = await eraseSome();
  }
  return total;
}

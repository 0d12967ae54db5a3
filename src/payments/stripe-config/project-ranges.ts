import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { COUNT_CONFIGS, FIND_RANGE_END } from './project-ranges.statements.js';

/** How many configurations a range has. */
const SIZE = 5_000;

/** How many of all configurations a long reading has passed. */
export interface RangeProgress {
  done: number;
  total: number;
}

/** The projects whose ids are behind `after`, up to `upto`. */
export interface ProjectRange {
  after: string;
  upto: string;
  /** Once this range is done. */
  progress: RangeProgress;
}

/** How many configurations there are, and so chains of the trail: a removed project has a row as well. Reads every configuration. */
export async function countConfigs(database: Database): Promise<number> {
  const [row] = await runStatement(database, 'read', COUNT_CONFIGS, {});
  return row?.count ?? 0;
}

/**
 * All projects that have rows, in ranges, so that no statement reads everything: each would run into the limits of a
 * statement, hold the vacuum back, and say nothing until it ends.
 */
export async function* projectRanges(database: Database): AsyncGenerator<ProjectRange> {
  const total = await countConfigs(database);
  let done = 0;
  for (let after = ''; ;) {
    const [end] = await runStatement(database, 'read', FIND_RANGE_END, { after, size: SIZE });
    if (typeof end?.upto !== 'string') return;
    done = Math.min(total, done + SIZE);
    yield { after, upto: end.upto, progress: { done, total } };
    after = end.upto;
  }
}

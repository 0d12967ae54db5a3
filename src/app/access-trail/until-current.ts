import { DependencyUnavailable } from '../../payments/domain/errors.js';
import { ExplainedError } from '../../payments/domain/explained-error.js';

/** Others may be faster several times in a row. */
const MAX_ATTEMPTS = 10;

/**
 * Runs a statement with `lockedProjects` until it has seen its projects as they are.
 *
 * @returns its rows: none where there is no such project
 * @throws DependencyUnavailable when others were faster each time
 */
export async function untilCurrent<Row extends { is_current: boolean }>(
  run: () => Promise<Row[]>,
): Promise<Row[]> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const rows = await run();
    if (rows.every(({ is_current }) => is_current)) return rows;
  }
  const cause = new ExplainedError('others changed the access to the project at the same time; repeat it');
  throw new DependencyUnavailable('this service', { cause });
}

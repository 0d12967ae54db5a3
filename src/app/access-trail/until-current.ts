import { DependencyUnavailable } from '../../payments/domain/errors.js';
import { ExplainedError } from '../../payments/domain/explained-error.js';

/** Other replicas may be faster several times in a row. */
const MAX_ATTEMPTS = 20;
/** How long a change waits for those before it at most, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/** The last change of each project that waits or runs in this process. */
const LAST = new Map<string, Promise<void>>();

/**
 * Runs a statement with `lockedProjects` until it has seen its projects as they are. Changes of one project take turns: of those that
 * met in the database, all but one would have to begin anew, each time, and would keep connections while they wait.
 *
 * @returns its rows: none where there are no such projects
 * @throws DependencyUnavailable when it was not its turn in time, or other replicas were faster each time
 */
export function untilCurrent<Row extends { is_current: boolean }>(
  projectIds: readonly string[],
  run: () => Promise<Row[]>,
): Promise<Row[]> {
  const deadline = performance.now() + MAX_WAIT_MS;
  const before = Promise.all(projectIds.flatMap((id) => LAST.get(id) ?? []));
  const rows = before.then(() => attempt(run, deadline));
  const done = rows.then(
    () => undefined,
    () => undefined,
  );
  for (const id of projectIds) LAST.set(id, done);
  void done.then(() => {
    for (const id of projectIds) if (LAST.get(id) === done) LAST.delete(id);
  });
  return rows;
}

async function attempt<Row extends { is_current: boolean }>(
  run: () => Promise<Row[]>,
  deadline: number,
): Promise<Row[]> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS && performance.now() < deadline; attempts++) {
    const rows = await run();
    if (rows.every(({ is_current }) => is_current)) return rows;
  }
  const cause = new ExplainedError('others changed the access to the project at the same time; repeat it');
  throw new DependencyUnavailable('this service', { cause });
}

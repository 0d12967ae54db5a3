import {
  compareChains,
  type ChainEnd,
  type ChainFault,
  type FoundChainEnd,
} from '../../payments/audit/audit-chains.js';
import type { Database } from '../../payments/database/database.js';
import { runStatement } from '../../payments/database/run-statement.js';
import {
  COMPARE_ACCESS_CHAINS,
  COUNT_ACCESS_CHAINS,
  LIST_ACCESS_CHAINS,
} from './access-chains.statements.js';
import { hasAccessTables } from './verify-access.js';

/** How many chains one statement reads. */
const BATCH = 5_000;
/** Sorts before every project. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** How many chains of access there are. Reads every project. */
export async function countAccessChains(database: Database): Promise<number> {
  if (!(await hasAccessTables(database))) return 0;
  const [row] = await runStatement(database, 'read', COUNT_ACCESS_CHAINS, {});
  return row?.count ?? 0;
}

/** The ends of the chains of access to all projects, in batches. */
export async function* readAccessChainEnds(database: Database): AsyncGenerator<FoundChainEnd[]> {
  if (!(await hasAccessTables(database))) return;
  for (let after = FIRST; ;) {
    const rows = await runStatement(database, 'read', LIST_ACCESS_CHAINS, { after, size: BATCH });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ project_id, version, hash }) => ({
      projectId: project_id,
      version,
      hash: hash ?? undefined,
      isRemoved: false,
    }));
    after = last.project_id;
  }
}

/** Compares noted ends with today's trail of access: each chain must still have that row, with that hash. */
export async function findAccessChainFaults(
  database: Database,
  noted: readonly ChainEnd[],
): Promise<ChainFault[]> {
  const rows = (await hasAccessTables(database))
    ? await runStatement(database, 'read', COMPARE_ACCESS_CHAINS, {
        project_ids: noted.map(({ projectId }) => projectId),
        versions: noted.map(({ version }) => version),
      })
    : [];
  const today = new Map(rows.map((row) => [row.project_id, row]));
  return compareChains(noted, ({ projectId }) => {
    const found = today.get(projectId);
    return {
      hash: found?.hash ?? undefined,
      newestVersion: found?.newest_version ?? 0,
      isRemoved: false,
    };
  });
}

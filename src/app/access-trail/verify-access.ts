import type { Database } from '../../payments/database/database.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { FIND_ACCESS_FAULTS, FIND_ACCESS_TABLES, FIND_PROJECT_RANGE } from './verify-access.statements.js';

/** How many projects one statement verifies. */
const BATCH = 5_000;
/** Sorts before every project. */
const FIRST = '00000000-0000-0000-0000-000000000000';
/** The last that there can be. */
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A place where the trail of access is not what was written, or does not know who may what. */
export interface AccessFault {
  projectId: string;
  /** Counted from 1 in each project; of a role or a token, the newest row about it, or 0. */
  version: number;
  trail: 'access';
  fault: RowOf<typeof FIND_ACCESS_FAULTS>['fault'];
}

/** Verifies the trail of access to every project, in ranges, where the database is the service's. */
export async function findAccessFaults(database: Database): Promise<AccessFault[]> {
  const faults: AccessFault[] = [];
  if (!(await hasAccessTables(database))) return faults;
  for (let after = FIRST; after !== LAST;) {
    const values = { after, skip: BATCH - 1 };
    const [range] = await runStatement(database, 'read', FIND_PROJECT_RANGE, values);
    // The last range is open: the trail of a project that somebody has removed may lie behind all others.
    const upto = range?.upto ?? LAST;
    const rows = await runStatement(database, 'read', FIND_ACCESS_FAULTS, { after, upto });
    for (const { project_id, version, fault } of rows) {
      faults.push({ projectId: project_id, version, trail: 'access', fault });
    }
    after = upto;
  }
  return faults;
}

/** Whether the database is the service's. */
export async function hasAccessTables(database: Database): Promise<boolean> {
  const [tables] = await runStatement(database, 'read', FIND_ACCESS_TABLES, {});
  return tables?.found === true;
}

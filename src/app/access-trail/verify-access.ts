import type { Database } from '../../payments/database/database.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { FIND_ACCESS_FAULTS, FIND_ACCESS_TABLES, FIND_PROJECT_RANGE } from './access-trail.statements.js';

/** How many projects one statement verifies. */
const BATCH = 5_000;
/** Sorts before every project. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** A place where the trail of access is not what was written, or does not know a role that somebody has. */
export interface AccessFault {
  projectId: string;
  /** Counted from 1 in each project; of a role, the newest row about who has it. */
  version: number;
  trail: 'access';
  fault: RowOf<typeof FIND_ACCESS_FAULTS>['fault'];
}

/** Verifies the trail of access to every project, in ranges, where the database is the service's. */
export async function findAccessFaults(database: Database): Promise<AccessFault[]> {
  const faults: AccessFault[] = [];
  const [tables] = await runStatement(database, 'read', FIND_ACCESS_TABLES, {});
  if (tables?.found !== true) return faults;
  for (let after = FIRST; ;) {
    const [range] = await runStatement(database, 'read', FIND_PROJECT_RANGE, { after, size: BATCH });
    if (range === undefined || range.upto === null) return faults;
    const rows = await runStatement(database, 'read', FIND_ACCESS_FAULTS, { after, upto: range.upto });
    for (const { project_id, version, fault } of rows) {
      faults.push({ projectId: project_id, version, trail: 'access', fault });
    }
    after = range.upto;
  }
}

import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { projectRanges, type RangeProgress } from '../stripe-config/project-ranges.js';
import { FIND_AUDIT_FAULTS } from './audit.statements.js';

/** A place where the audit trail is not what was written. */
export interface AuditFault {
  projectId: string;
  /** The version whose row is at fault; for a missing one, the expected version. */
  version: number;
  fault: RowOf<typeof FIND_AUDIT_FAULTS>['fault'];
}

/**
 * Finds rows of the audit trail that were edited, removed or moved: every row's hash is computed again, every row
 * must follow the one before, and the last must be of the configuration's current version. Reads every row, in ranges of
 * projects.
 */
export async function findAuditFaults(
  database: Database,
  onProgress: (progress: RangeProgress) => void = () => undefined,
): Promise<AuditFault[]> {
  const faults: AuditFault[] = [];
  for await (const { after, upto, progress } of projectRanges(database)) {
    const rows = await runStatement(database, 'read', FIND_AUDIT_FAULTS, { after, upto });
    for (const { project_id, version, fault } of rows) faults.push({ projectId: project_id, version, fault });
    onProgress(progress);
  }
  return faults;
}

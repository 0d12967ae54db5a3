import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
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
 * must follow the one before, and the last must be of the configuration's current version.
 */
export async function findAuditFaults(database: Database): Promise<AuditFault[]> {
  const rows = await runStatement(database, 'read', FIND_AUDIT_FAULTS, {});
  return rows.map(({ project_id, version, fault }) => ({ projectId: project_id, version, fault }));
}

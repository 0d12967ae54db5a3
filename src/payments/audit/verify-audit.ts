import type { DataSource } from 'typeorm';
import { query } from '../database/schema-name.js';

/** A place where the audit trail is not what was written. */
export interface AuditFault {
  projectId: string;
  /** The version whose row is at fault; for a missing one, the version that ought to be there. */
  version: number;
  fault: 'edited' | 'missing or moved' | 'chain broken';
}

/**
 * Looks for rows of the audit trail that were edited, removed or moved: every row's hash is computed anew, every row
 * must follow the one before, and the last must be of the configuration's present version.
 */
export async function findAuditFaults(dataSource: DataSource): Promise<AuditFault[]> {
  const rows = await query<{ project_id: string; version: number; fault: AuditFault['fault'] }>(
    dataSource,
    `
    WITH trail AS (
      SELECT entry.project_id, entry.version, entry.hash, entry.previous_hash,
        stripe_config_audit_hash(entry) AS computed_hash,
        lag(entry.hash, 1, '') OVER chain AS expected_previous_hash,
        lag(entry.version, 1, 0) OVER chain + 1 AS expected_version
      FROM stripe_config_audit AS entry
      WINDOW chain AS (PARTITION BY entry.project_id ORDER BY entry.version)
    )
    SELECT project_id, version, 'edited' AS fault FROM trail WHERE hash <> computed_hash
    UNION ALL
    SELECT project_id, expected_version, 'missing or moved' FROM trail WHERE version <> expected_version
    UNION ALL
    SELECT project_id, version, 'chain broken' FROM trail WHERE previous_hash <> expected_previous_hash
    UNION ALL
    SELECT coalesce(config.project_id, last.project_id), coalesce(config.version, last.version), 'missing or moved'
    FROM stripe_configs AS config
    FULL JOIN (SELECT project_id, max(version) AS version FROM stripe_config_audit GROUP BY project_id) AS last
      ON last.project_id = config.project_id
    WHERE coalesce(config.version, 0) <> coalesce(last.version, 0)
    ORDER BY 1, 2`,
  );
  return rows.map(({ project_id, version, fault }) => ({ projectId: project_id, version, fault }));
}

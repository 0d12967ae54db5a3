import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import { timeColumn } from '../database/result-types.js';
import type { AuditEntryEntity } from './audit-entry.entity.js';

/** What the history shows of a row of the trail: no fingerprint and no hash. */
export type AuditView = Omit<
  AuditEntryEntity,
  'project_id' | 'fingerprints_after' | 'previous_hash' | 'hash'
>;

/** `$1` project id, `$2` only versions below this, `$3` how many. */
const HISTORY: Statement = {
  name: 'stripe_config_audit_history',
  text: `
  SELECT version, action, actor, request_id, ${timeColumn('changed_at')}, to_jsonb(fields) AS fields,
    masks_before, masks_after
  FROM stripe_config_audit WHERE project_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3`,
};

/** Reads the audit trail; the database writes it. */
@Injectable()
export class AuditService {
  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  /** The changes of a project below a version, newest first. */
  history(projectId: string, below: number, limit: number): Promise<AuditView[]> {
    return runStatement<AuditView>(this.dataSource, 'read', HISTORY, [projectId, below, limit]);
  }
}

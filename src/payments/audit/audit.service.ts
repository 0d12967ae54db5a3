import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { HISTORY } from './audit.statements.js';

/** What the history shows of a row of the trail: no fingerprint and no hash. */
export type AuditView = RowOf<typeof HISTORY>;

/** Reads the audit trail; the database writes it. */
@Injectable()
export class AuditService {
  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

  /** The changes of a project below a version, newest first. */
  history(projectId: string, below: number, limit: number): Promise<AuditView[]> {
    return runStatement(this.database, 'read', HISTORY, { project_id: projectId, below, size: limit });
  }
}

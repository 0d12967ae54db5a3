import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import { ACCESS_HISTORY, ERASE_PERSON } from './access-trail.statements.js';

/** Reads who could do what in a project; the statements of changes write it. */
@Injectable()
export class AccessTrail {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The changes below a version, newest first. */
  history(projectId: string, below: number, limit: number): Promise<RowOf<typeof ACCESS_HISTORY>[]> {
    const values = { project_id: projectId, below, size: limit };
    return runStatement(typeormDatabase(this.dataSource), 'read', ACCESS_HISTORY, values);
  }

  /** Erases who a person was from the trail of every project. It can still be verified. */
  async erase(person: string): Promise<void> {
    await runStatement(typeormDatabase(this.dataSource), 'write', ERASE_PERSON, { person });
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { runStatement, type Statement } from '../../payments/database.js';
import { timeColumn } from '../../payments/result-types.js';
import { PaymentsError } from '../../payments/payments.errors.js';
import { ProjectOwnership, type OwnedProject } from '../../payments/project-ownership.js';
import type { CreateProjectRequest, ProjectResponse } from './project.dto.js';

const COLUMNS = `id, name, description, is_active, ${timeColumn('created_at')}`;

const TABLES = ['projects'];

const FIND_OWNER: Statement = {
  name: 'projects_find_owner',
  tables: TABLES,
  text: 'SELECT owner_id FROM projects WHERE id = $1 AND is_active',
};
const LIST: Statement = {
  name: 'projects_list',
  tables: TABLES,
  text: `SELECT ${COLUMNS} FROM projects WHERE owner_id = $1 ORDER BY projects.created_at, id`,
};
const CREATE: Statement = {
  name: 'projects_create',
  tables: TABLES,
  text: `INSERT INTO projects (owner_id, name, description) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
};
const FIND: Statement = {
  name: 'projects_find',
  tables: TABLES,
  text: `SELECT ${COLUMNS} FROM projects WHERE id = $1 AND owner_id = $2`,
};
const DEACTIVATE: Statement = {
  name: 'projects_deactivate',
  tables: TABLES,
  text: `UPDATE projects SET is_active = false WHERE id = $1 AND owner_id = $2 RETURNING ${COLUMNS}`,
};

/** The standalone service's projects, and what the payments module asks of them. */
@Injectable()
export class ProjectService extends ProjectOwnership {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  override async findOwner(projectId: string): Promise<string | undefined> {
    const [row] = await runStatement<{ owner_id: string }>(this.dataSource, 'read', FIND_OWNER, [projectId]);
    return row?.owner_id;
  }

  override async listOwnedBy(subject: string): Promise<OwnedProject[]> {
    const rows = await this.list(subject);
    return rows.map(({ id, name, description, is_active, created_at }) => ({
      id,
      name,
      description,
      isActive: is_active,
      createdAt: created_at,
    }));
  }

  /** Oldest first. */
  list(subject: string): Promise<ProjectResponse[]> {
    return runStatement(this.dataSource, 'read', LIST, [subject]);
  }

  async create(subject: string, { name, description }: CreateProjectRequest): Promise<ProjectResponse> {
    const [row] = await runStatement<ProjectResponse>(this.dataSource, 'write', CREATE, [
      subject,
      name,
      description ?? null,
    ]);
    return foundOrThrow(row);
  }

  /** @throws PaymentsError `project_not_found`, also for a project of somebody else */
  async find(subject: string, projectId: string): Promise<ProjectResponse> {
    const [row] = await runStatement<ProjectResponse>(this.dataSource, 'read', FIND, [projectId, subject]);
    return foundOrThrow(row);
  }

  /**
   * Deactivates; the project's configuration can no longer be reached. Again is no error.
   *
   * @throws PaymentsError `project_not_found`, also for a project of somebody else
   */
  async deactivate(subject: string, projectId: string): Promise<void> {
    const [row] = await runStatement<ProjectResponse>(this.dataSource, 'write', DEACTIVATE, [
      projectId,
      subject,
    ]);
    foundOrThrow(row);
  }
}

function foundOrThrow(row: ProjectResponse | undefined): ProjectResponse {
  if (row === undefined) throw new PaymentsError('project_not_found', 'You have no such project.');
  return row;
}

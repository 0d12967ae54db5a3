import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { runStatement, type Statement } from '../../payments/database/run-statement.js';
import { timeColumn } from '../../payments/database/result-types.js';
import { PaymentsError } from '../../payments/domain/errors.js';
import {
  ProjectOwnership,
  type OwnedProjects,
  type ProjectPage,
} from '../../payments/domain/project-ownership.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import type { CreateProjectRequest, ProjectListResponse, ProjectResponse } from './project.dto.js';

const COLUMNS = `id, name, description, is_active, ${timeColumn('created_at')}`;

const TABLES = ['projects', 'project_owners'];

const FIND_OWNER: Statement = {
  name: 'projects_find_owner',
  tables: TABLES,
  text: 'SELECT owner_id FROM projects WHERE id = $1 AND is_active',
};
/**
 * A page, and how many there are in all. `$1` owner, `$2` and `$3` time and id of the project before the page, `$4` how many.
 * Without a project there is one row all the same, which has the number alone.
 */
export const LIST: Statement = {
  name: 'projects_list',
  tables: TABLES,
  text: `
  SELECT owned.total, page.*
  FROM (SELECT count(*)::integer AS total FROM projects WHERE owner_id = $1) AS owned
  LEFT JOIN (
    SELECT ${COLUMNS} FROM projects
    WHERE owner_id = $1 AND (projects.created_at, id) > ($2::timestamptz, $3::uuid)
    ORDER BY projects.created_at, id LIMIT $4
  ) AS page ON true
  ORDER BY page.created_at, page.id`,
};
/** Below every project. */
const FIRST = ['-infinity', '00000000-0000-0000-0000-000000000000'];
/**
 * Makes a project unless its owner has as many as may be: then there is no row. The owner's row is locked until the project
 * is there, so that of several at once none passes the limit. `$1` owner, `$2` name, `$3` description, `$4` limit.
 */
const CREATE: Statement = {
  name: 'projects_create',
  tables: TABLES,
  text: `
  WITH counted AS (
    INSERT INTO project_owners AS owner (owner_id, created) VALUES ($1::varchar, 1)
    ON CONFLICT (owner_id) DO UPDATE SET created = owner.created + 1 WHERE owner.created < $4::integer
    RETURNING 1
  )
  INSERT INTO projects (owner_id, name, description)
  SELECT $1::varchar, $2::varchar, $3::varchar FROM counted
  RETURNING ${COLUMNS}`,
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
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(MAX_PROJECTS_PER_OWNER) private readonly maxPerOwner: number,
  ) {
    super();
  }

  override async findOwner(projectId: string): Promise<string | undefined> {
    const [row] = await runStatement<{ owner_id: string }>(this.dataSource, 'read', FIND_OWNER, [projectId]);
    return row?.owner_id;
  }

  override async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects> {
    const { projects, total } = await this.list(subject, page);
    return {
      projects: projects.map(({ id, name, description, is_active, created_at }) => ({
        id,
        name,
        description,
        isActive: is_active,
        createdAt: created_at,
      })),
      total,
    };
  }

  /** Oldest first. */
  async list(subject: string, { limit, after }: ProjectPage): Promise<ProjectListResponse> {
    const position = after === undefined ? FIRST : [after.createdAt, after.id];
    const rows = await runStatement<ListRow>(this.dataSource, 'read', LIST, [subject, ...position, limit]);
    return { projects: rows.flatMap(projectIn), total: rows[0]?.total ?? 0 };
  }

  /** @throws PaymentsError `project_limit_reached` */
  async create(subject: string, { name, description }: CreateProjectRequest): Promise<ProjectResponse> {
    const [row] = await runStatement<ProjectResponse>(this.dataSource, 'write', CREATE, [
      subject,
      name,
      description ?? null,
      this.maxPerOwner,
    ]);
    if (row === undefined) throw new PaymentsError('project_limit_reached', LIMIT_REACHED);
    return row;
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

const LIMIT_REACHED =
  'You have as many projects as this service allows, deleted ones included; use one of them, or ask its operator for more.';

/** A project beside what the list says of all; null throughout where the page has none. */
type ListRow = { total: number } & (ProjectResponse | Record<keyof ProjectResponse, null>);

function projectIn({ id, name, description, is_active, created_at }: ListRow): ProjectResponse[] {
  return id === null ? [] : [{ id, name, description, is_active, created_at }];
}

function foundOrThrow(row: ProjectResponse | undefined): ProjectResponse {
  if (row === undefined) throw new PaymentsError('project_not_found', 'You have no such project.');
  return row;
}

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Database } from '../../payments/database/database.js';
import { Lookup } from '../../payments/database/lookup.js';
import { runStatement } from '../../payments/database/run-statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import type { RowOf } from '../../payments/database/statement.js';
import { UUIDS } from '../../payments/domain/project-ids.js';
import { PaymentsError } from '../../payments/domain/errors.js';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from '../../payments/domain/project-access.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import { CREATE, DEACTIVATE, FIND, FIND_OWNERS, LIST } from './project.statements.js';
import type { CreateProjectRequest, ProjectListResponse, ProjectResponse } from './project.dto.js';

/** The standalone service's projects, and their owners for the payments module. */
@Injectable()
export class ProjectService extends ProjectAccess {
  private readonly owners: Lookup<RowOf<typeof FIND_OWNERS>>;

  private readonly database: Database;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    @Inject(MAX_PROJECTS_PER_OWNER) private readonly maxPerOwner: number,
  ) {
    super();
    const database = typeormDatabase(dataSource);
    this.database = database;
    this.owners = new Lookup(
      (ids) => runStatement(database, 'read', FIND_OWNERS, { ids }),
      ({ id }) => id,
    );
  }

  override async findOwner(projectId: string): Promise<string | undefined> {
    return (await this.owners.find(UUIDS.read(projectId)))?.owner_id;
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
    const rows = await runStatement(this.database, 'read', LIST, {
      owner_id: subject,
      after_created_at: after?.createdAt ?? FIRST.createdAt,
      after_id: after?.id ?? FIRST.id,
      size: limit,
    });
    return { projects: rows.flatMap(projectIn), total: rows[0]?.total ?? 0 };
  }

  /** @throws PaymentsError `project_limit_reached` */
  async create(subject: string, { name, description }: CreateProjectRequest): Promise<ProjectResponse> {
    const [row] = await runStatement(this.database, 'write', CREATE, {
      owner_id: subject,
      name,
      description: description ?? null,
      max: this.maxPerOwner,
    });
    if (row === undefined) throw new PaymentsError('project_limit_reached', LIMIT_REACHED);
    return row;
  }

  /** @throws PaymentsError `project_not_found`, also for a project of somebody else */
  async find(subject: string, projectId: string): Promise<ProjectResponse> {
    const [row] = await runStatement(this.database, 'read', FIND, { id: projectId, owner_id: subject });
    return foundOrThrow(row);
  }

  /**
   * Deactivates; the project's configuration can no longer be reached. Idempotent.
   *
   * @throws PaymentsError `project_not_found`, also for a project of somebody else
   */
  async deactivate(subject: string, projectId: string): Promise<void> {
    const [row] = await runStatement(this.database, 'write', DEACTIVATE, {
      id: projectId,
      owner_id: subject,
    });
    foundOrThrow(row);
  }
}

/** Sorts before every project. */
const FIRST = { createdAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

const LIMIT_REACHED =
  'You have as many projects as this service allows, deleted ones included; use one of them, or ask its operator for more.';

/** A row of the list has no project where the page has none. */
function projectIn({ id, name, description, is_active, created_at }: RowOf<typeof LIST>): ProjectResponse[] {
  return id === null || name === null || is_active === null || created_at === null
    ? []
    : [{ id, name, description, is_active, created_at }];
}

function foundOrThrow(row: ProjectResponse | undefined): ProjectResponse {
  if (row === undefined) throw new PaymentsError('project_not_found', 'You have no such project.');
  return row;
}

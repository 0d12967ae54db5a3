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
import type { WrittenChange } from '../../payments/domain/change.js';
import {
  isEnough,
  ProjectAccess,
  type AccessibleProjects,
  type OwnedProjects,
  type ProjectPage,
  type ProjectRole,
} from '../../payments/domain/project-access.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';
import { AccessTrail } from '../access-trail/access-trail.service.js';
import { untilCurrent } from '../access-trail/until-current.js';
import { MemberService } from './members/member.service.js';
import { FIND_ROLES } from './members/member.statements.js';
import { ServiceTokenService } from '../service-tokens/service-token.service.js';
import { TokenAccess } from '../service-tokens/token-access.js';
import { tokenIdOf } from '../service-tokens/token-subject.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import { CREATE, DEACTIVATE, FIND, FIND_OWNERS, LIST, LIST_OWNED } from './project.statements.js';
import type { CreateProjectRequest, ProjectListResponse, ProjectResponse } from './project.dto.js';

/** The standalone service's projects, and who may what in them, for the payments module. */
@Injectable()
export class ProjectService extends ProjectAccess {
  private readonly owners: Lookup<RowOf<typeof FIND_OWNERS>>;
  private readonly roles: Lookup<RowOf<typeof FIND_ROLES>>;
  private readonly database: Database;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    @Inject(MAX_PROJECTS_PER_OWNER) private readonly maxPerOwner: number,
    private readonly members: MemberService,
    private readonly trail: AccessTrail,
    private readonly tokens: ServiceTokenService,
    private readonly tokenAccess: TokenAccess,
  ) {
    super();
    const database = typeormDatabase(dataSource);
    this.database = database;
    this.owners = new Lookup(
      (ids) => runStatement(database, 'read', FIND_OWNERS, { ids }),
      ({ id }) => id,
    );
    this.roles = new Lookup(
      (keys) => runStatement(database, 'read', FIND_ROLES, askedBy(keys)),
      ({ id, subject }) => roleKey(id, subject),
    );
  }

  override async findOwner(projectId: string): Promise<string | undefined> {
    return (await this.owners.find(UUIDS.read(projectId)))?.owner_id;
  }

  override async roleOf(projectId: string, subject: string): Promise<ProjectRole | null | undefined> {
    const id = UUIDS.read(projectId);
    const tokenId = tokenIdOf(subject);
    if (tokenId !== undefined) return this.tokenAccess.roleOf(id, tokenId);
    return (await this.roles.find(roleKey(id, subject)))?.role;
  }

  override nameActors(subjects: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.tokenAccess.namesOf(subjects);
  }

  override async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects> {
    return toAccessible(await this.listBy(LIST_OWNED, subject, page));
  }

  override async listAccessibleTo(subject: string, page: ProjectPage): Promise<AccessibleProjects> {
    return toAccessible(await this.list(subject, page));
  }

  /** Takes a person's tokens and roles in the projects of others, and then their name out of the trail of access. */
  override async erasePerson(subject: string, change: WrittenChange): Promise<void> {
    await this.tokens.eraseMaker(subject, change);
    await this.members.removeFromAll(subject, change);
    await this.trail.erase(subject);
  }

  /** The projects in which somebody has a role, oldest first; of a service token the active ones. */
  async list(subject: string, page: ProjectPage): Promise<ProjectListResponse> {
    const tokenId = tokenIdOf(subject);
    if (tokenId === undefined) return this.listBy(LIST, subject, page);
    const projects = await this.tokenAccess.projectsOf(tokenId);
    const rest = projects.filter((project) => isBehind(project, page.after));
    return { projects: rest.slice(0, page.limit), total: projects.length };
  }

  private async listBy(
    list: typeof LIST,
    subject: string,
    { limit, after }: ProjectPage,
  ): Promise<ProjectListResponse> {
    const rows = await runStatement(this.database, 'read', list, {
      subject,
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

  /** @throws PaymentsError `project_not_found`, also for a project in which the caller has no role */
  async find(subject: string, projectId: string): Promise<ProjectResponse> {
    const tokenId = tokenIdOf(subject);
    const rows =
      tokenId === undefined
        ? await runStatement(this.database, 'read', FIND, { id: projectId, subject })
        : await this.tokenAccess.projectsOf(tokenId);
    const row = rows.find(({ id }) => id === projectId);
    if (row === undefined) throw noSuchProject();
    return row;
  }

  /**
   * Deactivates; the project's configuration can no longer be reached, and who is no owner has no role in it any more. Idempotent.
   *
   * @throws PaymentsError `project_not_found`, also for a project in which the caller has no role, or `insufficient_role`
   */
  async deactivate(projectId: string, { actor, requestId }: WrittenChange): Promise<void> {
    const values = { id: projectId, actor, request_id: requestId };
    const [row] = await untilCurrent([projectId], () =>
      runStatement(this.database, 'write', DEACTIVATE, values),
    );
    if (row === undefined || row.role === null) throw noSuchProject();
    if (!isEnough(row.role, 'owner')) throw insufficientRole('owner');
  }
}

/** A UUID has 36 characters, so that none of two keys is another's. */
function roleKey(projectId: string, subject: string): string {
  return projectId + subject;
}

function askedBy(keys: readonly string[]): { ids: string[]; subjects: string[] } {
  return { ids: keys.map((key) => key.slice(0, 36)), subjects: keys.map((key) => key.slice(36)) };
}

function toAccessible({ projects, total }: ProjectListResponse): AccessibleProjects {
  return {
    projects: projects.map(({ is_active, created_at, ...project }) => ({
      ...project,
      isActive: is_active,
      createdAt: created_at,
    })),
    total,
  };
}

/** Whether a project stands after a place in the order of lists. */
function isBehind({ created_at, id }: ProjectResponse, after: ProjectPage['after']): boolean {
  if (after === undefined) return true;
  const later = created_at.getTime() - after.createdAt.getTime();
  return later > 0 || (later === 0 && id > after.id);
}

/** Sorts before every project. */
const FIRST = { createdAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

const LIMIT_REACHED =
  'You have as many projects as this service allows, deleted ones included; use one of them, or ask its operator for more.';

/** A row of the list has no project where the page has none. */
function projectIn(row: RowOf<typeof LIST>): ProjectResponse[] {
  const { id, name, description, is_active, created_at, role } = row;
  return id === null || name === null || is_active === null || created_at === null || role === null
    ? []
    : [{ id, name, description, is_active, created_at, role }];
}

function noSuchProject(): PaymentsError {
  return new PaymentsError('project_not_found', 'You have no such project.');
}

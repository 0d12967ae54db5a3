import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import type { WrittenChange } from '../../domain/change.js';
import { PaymentsError } from '../../domain/errors.js';
import { HOST_ID_FORM, idText, typeInWords } from '../../domain/host-id.js';
import { HostFault } from '../../domain/host-fault.js';
import {
  isEnough,
  PROJECT_ROLES,
  ProjectAccess,
  type AccessibleProjects,
  type OwnedProject,
  type OwnedProjects,
  type ProjectPage,
  type ProjectRole,
} from '../../domain/project-access.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { instanceOf } from '../../options/provided.js';
import { checkAccess, requestOf, ROLE, subjectOf, type HttpRequest } from '../http-request.js';

/** Asks the host's own {@link ProjectAccess}, whatever way the options name it. */
@Injectable()
export class HostProjects extends ProjectAccess implements OnModuleInit {
  private host: ProjectAccess | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projects' | 'projectIds'>,
    private readonly moduleRef: ModuleRef,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.host = await instanceOf(this.moduleRef, 'projects', this.options.projects);
  }

  /**
   * The id of a project in its canonical spelling.
   *
   * @throws ValidationFailed for what is none
   */
  readId(id: unknown): string {
    return this.options.projectIds.read(id);
  }

  /** @throws HostFault when the host gives something else than an id */
  async findOwner(projectId: string): Promise<string | null | undefined> {
    const owner = await this.ofHost().findOwner(projectId);
    if (owner === undefined || owner === null) return owner;
    const text = idText(owner);
    if (text !== undefined) return text;
    throw new HostFault(
      `findOwner of projects gave ${typeInWords(owner)} for the owner; it must give an id: ${HOST_ID_FORM}`,
    );
  }

  /** @throws HostFault when the host gives something else than a role */
  override async roleOf(projectId: string, subject: string): Promise<ProjectRole | null | undefined> {
    const host = this.ofHost();
    if (host.roleOf === undefined) {
      const owner = await this.findOwner(projectId);
      if (owner === undefined) return undefined;
      return owner === subject ? 'owner' : null;
    }
    const role = await host.roleOf(projectId, subject);
    return role === undefined || role === null ? role : roleGiven('roleOf', role);
  }

  /** @throws HostFault when the host gives something else than a page */
  async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects<string>> {
    const owned = await this.ofHost().listOwnedBy(subject, page);
    return this.pageOf('listOwnedBy', owned, page.limit);
  }

  /** @throws HostFault when the host gives something else than a page, or a project without a role */
  override async listAccessibleTo(subject: string, page: ProjectPage): Promise<AccessibleProjects<string>> {
    const listed = await this.ofHost().listAccessibleTo?.(subject, page);
    if (listed === undefined) {
      const { projects, total } = await this.listOwnedBy(subject, page);
      return { projects: projects.map((project) => ({ ...project, role: 'owner' })), total };
    }
    const { projects, total } = this.pageOf('listAccessibleTo', listed, page.limit);
    return {
      projects: projects.map((project) => ({
        ...project,
        role: roleGiven('listAccessibleTo', project.role),
      })),
      total,
    };
  }

  override async nameActors(subjects: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const host = this.ofHost();
    if (host.nameActors === undefined || subjects.length === 0) return new Map();
    return host.nameActors(subjects);
  }

  override async erasePerson(subject: string, change: WrittenChange): Promise<void> {
    await this.ofHost().erasePerson?.(subject, change);
  }

  /** @throws HostFault when it is no page */
  private pageOf<Project extends OwnedProject>(
    method: string,
    given: { projects: Project[]; total: number },
    limit: number,
  ): { projects: (Project & { id: string })[]; total: number } {
    if (!isPage(given, limit)) throw new HostFault(`${method} ${NO_PAGE}`);
    const projects = given.projects.map((project) => ({ ...project, id: this.idOf(method, project) }));
    return { projects, total: given.total };
  }

  /** @throws HostFault when it is of another form */
  private idOf(method: string, { id }: OwnedProject): string {
    const { projectIds } = this.options;
    const text = projectIds.find(id);
    if (text !== undefined) return text;
    throw new HostFault(
      `${method} of projects gave a project whose id is not ${projectIds.words}; say by the option projectIds how ids look`,
    );
  }

  private ofHost(): ProjectAccess {
    if (this.host === undefined) throw new Error('the module has not been initialized');
    return this.host;
  }
}

const NO_PAGE =
  'of projects must give { projects, total }: no more projects than its limit, and a whole number';

/** Hosts need not be written in TypeScript; one that overlooks the limit would answer with everything. */
function isPage(owned: Partial<OwnedProjects> | undefined, limit: number): boolean {
  const { projects, total } = owned ?? {};
  return Array.isArray(projects) && projects.length <= limit && Number.isInteger(total);
}

/** @throws HostFault when it is no role */
function roleGiven(method: string, given: unknown): ProjectRole {
  const role = PROJECT_ROLES.find((each) => each === given);
  if (role !== undefined) return role;
  throw new HostFault(
    `${method} of projects gave ${typeInWords(given)} that is no role; it must give ${PROJECT_ROLES.map((each) => `"${each}"`).join(', ')}${method === 'roleOf' ? ', null or undefined' : ''}`,
  );
}

/** The metadata of a handler or controller: the least role that its callers need. */
export const NEEDED_ROLE = Symbol('NeededRole');

/**
 * Lets a caller pass who has the role in the project of the path that the handler needs: `owner` where none is said. Behind
 * {@link JwtAuthGuard}.
 * It puts the project's id into its canonical spelling where the handler reads it, so that both use the same id.
 */
@Injectable()
export class ProjectOwnershipGuard implements CanActivate {
  constructor(
    private readonly projects: HostProjects,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    const places = [context.getHandler(), context.getClass()];
    const needed = this.reflector.getAllAndOverride<ProjectRole | undefined>(NEEDED_ROLE, places);
    await checkAccess(request, async () => {
      const { project_id: id } = request.params;
      request.params.project_id = await requireRole(this.projects, request, id, needed);
    });
    return true;
  }
}

/**
 * Whether the caller of a request has a role in a project.
 *
 * @param request behind {@link AccessGuard}
 * @param needed default: owner
 * @returns the id in its canonical spelling
 * @throws ValidationFailed for what is no id
 * @throws PaymentsError `project_not_found`, `not_project_owner` for a caller without any role, or `insufficient_role`
 */
export async function requireRole(
  projects: HostProjects,
  request: HttpRequest,
  id: unknown,
  needed: ProjectRole = 'owner',
): Promise<string> {
  const projectId = projects.readId(id);
  const role = await projects.roleOf(projectId, subjectOf(request));
  if (role === undefined) {
    throw new PaymentsError('project_not_found', 'There is no such project, or it is inactive.');
  }
  if (role === null) {
    throw new PaymentsError('not_project_owner', 'Only the owner of this project may do this.');
  }
  if (!isEnough(role, needed)) throw insufficientRole(needed);
  request[ROLE] = role;
  return projectId;
}

/** The refusal of a caller whose role is not enough. */
export function insufficientRole(needed: ProjectRole): PaymentsError {
  return new PaymentsError('insufficient_role', ROLE_NEEDED[needed]);
}

const ROLE_NEEDED: Record<ProjectRole, string> = {
  viewer: 'This needs the role viewer in the project.',
  admin: 'This needs the role admin in the project; ask an owner of it for that.',
  owner: 'This needs the role owner in the project; ask an owner of it to do it.',
};

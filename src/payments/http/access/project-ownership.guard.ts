import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { PaymentsError } from '../../domain/errors.js';
import { HOST_ID_FORM, idText, typeInWords } from '../../domain/host-id.js';
import { HostFault } from '../../domain/host-fault.js';
import {
  isEnough,
  PROJECT_ROLES,
  ProjectAccess,
  type OwnedProject,
  type OwnedProjects,
  type ProjectPage,
  type ProjectRole,
} from '../../domain/project-access.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { instanceOf } from '../../options/provided.js';
import { requestOf, subjectOf, type HttpRequest } from '../http-request.js';

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
    const role: unknown = await host.roleOf(projectId, subject);
    if (role === undefined || role === null) return role;
    const known = PROJECT_ROLES.find((each) => each === role);
    if (known !== undefined) return known;
    throw new HostFault(
      `roleOf of projects gave ${typeInWords(role)} that is no role; it must give ${PROJECT_ROLES.map((each) => `"${each}"`).join(', ')}, null or undefined`,
    );
  }

  /** @throws HostFault when the host gives something else than a page */
  async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects<string>> {
    const owned = await this.ofHost().listOwnedBy(subject, page);
    if (!isPage(owned, page.limit)) throw new HostFault(NO_PAGE);
    const projects = owned.projects.map((project) => ({ ...project, id: this.idOf(project) }));
    return { projects, total: owned.total };
  }

  /** @throws HostFault when it is of another form */
  private idOf({ id }: OwnedProject): string {
    const { projectIds } = this.options;
    const text = projectIds.find(id);
    if (text !== undefined) return text;
    throw new HostFault(
      `listOwnedBy of projects gave a project whose id is not ${projectIds.words}; say by the option projectIds how ids look`,
    );
  }

  private ofHost(): ProjectAccess {
    if (this.host === undefined) throw new Error('the module has not been initialized');
    return this.host;
  }
}

const NO_PAGE =
  'listOwnedBy of projects must give { projects, total }: no more projects than its limit, and a whole number';

/** Hosts need not be written in TypeScript; one that overlooks the limit would answer with everything. */
function isPage(owned: Partial<OwnedProjects> | undefined, limit: number): boolean {
  const { projects, total } = owned ?? {};
  return Array.isArray(projects) && projects.length <= limit && Number.isInteger(total);
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
    request.params.project_id = await requireRole(this.projects, request, request.params.project_id, needed);
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
  if (!isEnough(role, needed)) throw new PaymentsError('insufficient_role', ROLE_NEEDED[needed]);
  return projectId;
}

const ROLE_NEEDED: Record<ProjectRole, string> = {
  viewer: 'This needs the role viewer in the project.',
  admin: 'This needs the role admin in the project; ask an owner of it for that.',
  owner: 'This needs the role owner in the project; ask an owner of it to do it.',
};

import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { PaymentsError } from '../../domain/errors.js';
import { HOST_ID_FORM, idText, typeInWords } from '../../domain/host-id.js';
import { HostFault } from '../../domain/host-fault.js';
import {
  ProjectOwnership,
  type OwnedProject,
  type OwnedProjects,
  type ProjectPage,
} from '../../domain/project-ownership.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { instanceOf } from '../../options/provided.js';
import { requestOf, subjectOf, type HttpRequest } from '../http-request.js';

/** Asks the host's own {@link ProjectOwnership}, whatever way the options name it. */
@Injectable()
export class HostProjects extends ProjectOwnership implements OnModuleInit {
  private host: ProjectOwnership | undefined;

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

  private ofHost(): ProjectOwnership {
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

/**
 * Lets a caller pass who owns the project of the path. Behind {@link JwtAuthGuard}.
 * It puts the project's id into its canonical spelling where the handler reads it, so that both use the same id.
 */
@Injectable()
export class ProjectOwnershipGuard implements CanActivate {
  constructor(private readonly projects: HostProjects) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    request.params.project_id = await requireOwnProject(this.projects, request, request.params.project_id);
    return true;
  }
}

/**
 * Whether the caller of a request owns a project.
 *
 * @param request behind {@link AccessGuard}
 * @returns the id in its canonical spelling
 * @throws ValidationFailed for what is no id
 * @throws PaymentsError `project_not_found` or `not_project_owner`
 */
export async function requireOwnProject(
  projects: HostProjects,
  request: HttpRequest,
  id: unknown,
): Promise<string> {
  const projectId = projects.readId(id);
  const owner = await projects.findOwner(projectId);
  if (owner === undefined) {
    throw new PaymentsError('project_not_found', 'There is no such project, or it is inactive.');
  }
  if (owner !== subjectOf(request)) {
    throw new PaymentsError('not_project_owner', 'Only the owner of this project may do this.');
  }
  return projectId;
}

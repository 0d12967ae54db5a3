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
import { ProjectOwnership, type OwnedProjects, type ProjectPage } from '../../domain/project-ownership.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { instanceOf } from '../../options/provided.js';
import { requestOf, subjectOf } from '../http-request.js';

/** Asks the host's own {@link ProjectOwnership}, whatever way the options name it. */
@Injectable()
export class HostProjects extends ProjectOwnership implements OnModuleInit {
  private host: ProjectOwnership | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projects'>,
    private readonly moduleRef: ModuleRef,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.host = await instanceOf(this.moduleRef, 'projects', this.options.projects);
  }

  /** @throws HostFault when the host gives something else than an id */
  async findOwner(projectId: string): Promise<string | null | undefined> {
    const owner = await this.ofHost().findOwner(projectId);
    return owner === undefined || owner === null ? owner : idOf(owner, 'findOwner', 'the owner');
  }

  /** @throws HostFault when the host gives something else than a page */
  async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects<string>> {
    const owned = await this.ofHost().listOwnedBy(subject, page);
    if (!isPage(owned, page.limit)) throw new HostFault(NO_PAGE);
    const projects = owned.projects.map((project) => ({
      ...project,
      id: idOf(project.id, 'listOwnedBy', 'the id of a project'),
    }));
    return { projects, total: owned.total };
  }

  private ofHost(): ProjectOwnership {
    if (this.host === undefined) throw new Error('the module has not been initialized');
    return this.host;
  }
}

/** @throws HostFault naming the method that gave something else */
function idOf(id: unknown, method: string, what: string): string {
  const text = idText(id);
  if (text !== undefined) return text;
  throw new HostFault(
    `${method} of projects gave ${typeInWords(id)} for ${what}; it must be an id: ${HOST_ID_FORM}`,
  );
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
 * It puts the project's id into lower case where the handler reads it, so that both use the same id.
 */
@Injectable()
export class ProjectOwnershipGuard implements CanActivate {
  constructor(private readonly projects: HostProjects) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    const projectId = canonicalUuid(request.params.project_id, 'project_id');
    request.params.project_id = projectId;
    const owner = await this.projects.findOwner(projectId);
    if (owner === undefined) {
      throw new PaymentsError('project_not_found', 'There is no such project, or it is inactive.');
    }
    if (owner !== subjectOf(request)) {
      throw new PaymentsError('not_project_owner', 'Only the owner of this project may do this.');
    }
    return true;
  }
}

import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { PaymentsError } from '../../domain/errors.js';
import { ExplainedError } from '../../domain/explained-error.js';
import { ProjectOwnership, type OwnedProjects, type ProjectPage } from '../../domain/project-ownership.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { instanceOf } from '../../options/provided.js';
import { requestOf, subjectOf } from '../http-request.js';

/**
 * Lets a caller pass who owns the project of the path. Behind {@link JwtAuthGuard}.
 * It puts the project's id into lower case where the handler reads it, so that both use the same id.
 */
@Injectable()
export class ProjectOwnershipGuard implements CanActivate {
  constructor(private readonly projects: ProjectOwnership) {}

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

  findOwner(projectId: string): Promise<string | undefined> {
    return this.ofHost().findOwner(projectId);
  }

  /** @throws ExplainedError when the host gives something else than a page */
  async listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects> {
    const owned = await this.ofHost().listOwnedBy(subject, page);
    if (!isPage(owned, page.limit)) throw new ExplainedError(NO_PAGE);
    return owned;
  }

  private ofHost(): ProjectOwnership {
    if (this.host === undefined) throw new Error('the module has not been initialized');
    return this.host;
  }
}

const NO_PAGE = 'listOwnedBy of projects must give { projects, total }, with no more projects than its limit';

/** Hosts need not be written in TypeScript; one that overlooks the limit would answer with everything. */
function isPage(owned: Partial<OwnedProjects> | undefined, limit: number): boolean {
  const { projects, total } = owned ?? {};
  return Array.isArray(projects) && projects.length <= limit && Number.isInteger(total);
}

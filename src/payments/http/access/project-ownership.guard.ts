import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { PaymentsError } from '../../domain/errors.js';
import { ProjectOwnership } from '../../domain/project-ownership.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { requestOf, subjectOf } from '../http-request.js';

/**
 * Lets a caller pass who owns the project of the path. Behind {@link JwtAuthGuard}.
 * It puts the project's id into lower case where the handler reads it, so that both judge the same id.
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

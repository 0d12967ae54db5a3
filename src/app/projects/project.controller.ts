import { HttpStatus, Param, Query, Req } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { UUIDS } from '../../payments/domain/project-ids.js';
import { ValidBody } from '../../payments/http/body/valid-body.js';
import { changeBy, subjectOf, type HttpRequest } from '../../payments/http/http-request.js';
import { ApiAccess, ApiProjectId } from '../../payments/http/openapi/api-documentation.js';
import { NEXT_PAGE_HEADER, type LinkedPage } from '../../payments/http/parameters/next-page-link.js';
import { INVALID_CURSOR, type PageQuery } from '../../payments/http/parameters/pages.js';
import { CallerRoutes, DeleteRoute, GetRoute, PostRoute } from '../../payments/http/routes.js';
import { PROJECT_PAGES, ProjectPages, readProjectPage } from '../../payments/project-list/project-pages.js';
import { ProjectRemoval } from '../../payments/project-removal/project-removal.js';
import { SECURITY_SCHEMES } from '../openapi.js';
import {
  CreateProjectRequest,
  NAME_IS_CREDENTIAL,
  NAME_MISSING,
  ProjectListResponse,
  ProjectResponse,
} from './project.dto.js';
import { ProjectService } from './project.service.js';

@CallerRoutes('api/v1/projects', 'Projects')
@ApiAccess(Object.values(SECURITY_SCHEMES))
export class ProjectController {
  constructor(
    private readonly projects: ProjectService,
    private readonly removal: ProjectRemoval,
  ) {}

  @PostRoute({
    operationId: 'createProject',
    summary: 'Create Project',
    description: 'Makes a project of the caller’s own, who may have a limited number of them.',
    body: { type: CreateProjectRequest },
    response: ProjectResponse,
    status: HttpStatus.CREATED,
    errors: ['project_limit_reached', NAME_MISSING, NAME_IS_CREDENTIAL],
  })
  create(
    @Req() request: HttpRequest,
    @ValidBody(CreateProjectRequest) project: CreateProjectRequest,
  ): Promise<ProjectResponse> {
    return this.projects.create(subjectOf(request), project);
  }

  @GetRoute({
    operationId: 'listProjects',
    serviceTokens: true,
    summary: 'List Projects',
    description:
      'The projects that the caller has made or is a member of, active or not, oldest first, page by page.',
    response: { type: ProjectListResponse, headers: NEXT_PAGE_HEADER },
    errors: [PROJECT_PAGES.outOfRange, INVALID_CURSOR],
    decorators: [ProjectPages()],
  })
  list(@Req() request: HttpRequest, @Query() query: PageQuery): Promise<LinkedPage<ProjectListResponse>> {
    return readProjectPage(
      query,
      (page) => this.projects.list(subjectOf(request), page),
      ({ created_at: createdAt, id }) => ({ createdAt, id }),
      UUIDS,
    );
  }

  @GetRoute({
    path: ':project_id',
    operationId: 'getProject',
    serviceTokens: true,
    summary: 'Get Project',
    description: 'A project in which the caller has a role, active or not. Needs the role viewer.',
    response: ProjectResponse,
    errors: [404, 422],
    decorators: [ApiProjectId(), ApiExtension('x-required-role', 'viewer')],
  })
  find(@Req() request: HttpRequest, @Param('project_id') projectId: string): Promise<ProjectResponse> {
    return this.projects.find(subjectOf(request), UUIDS.read(projectId));
  }

  @DeleteRoute({
    path: ':project_id',
    operationId: 'deleteProject',
    summary: 'Delete Project',
    description:
      'Deactivates the project, erases its Stripe credentials, and takes and hands on no more webhooks. Webhook endpoints that this ' +
      'service made are removed from Stripe if Stripe can be reached. Ends the roles of all who are no owners. Repeat it after an error. Needs the role owner.',
    errors: [404, 422, 'insufficient_role'],
    decorators: [ApiProjectId(), ApiExtension('x-required-role', 'owner')],
  })
  async deactivate(@Req() request: HttpRequest, @Param('project_id') projectId: string): Promise<void> {
    const id = UUIDS.read(projectId);
    // In this order it can no longer be reached, and a later failure is fixed by repeating the request.
    const change = changeBy(request);
    await this.projects.deactivate(id, change);
    await this.removal.remove(id, change);
  }
}

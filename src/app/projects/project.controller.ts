import {
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  Req,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiAccess, ApiErrors, ApiProjectId } from '../../payments/http/openapi/api-documentation.js';
import { ErrorFilter } from '../../payments/http/errors/error.filter.js';
import { changeBy, subjectOf, type HttpRequest } from '../../payments/http/http-request.js';
import { NEXT_PAGE_HEADER, type LinkedPage } from '../../payments/http/parameters/next-page-link.js';
import { INVALID_CURSOR } from '../../payments/http/parameters/pages.js';
import { JsonBody } from '../../payments/http/body/json-body.js';
import { JwtAuthGuard } from '../../payments/http/access/jwt-auth.guard.js';
import { PROJECT_LIMIT, ProjectPages, readProjectPage } from '../../payments/project-list/project-pages.js';
import { ProjectRemoval } from '../../payments/project-removal/project-removal.js';
import { QueryRules } from '../../payments/http/parameters/query-rules.js';
import { canonicalUuid } from '../../payments/domain/uuid.js';
import { RequestBodyPipe } from '../../payments/http/body/request-body.pipe.js';
import { CreateProjectRequest, NAME_MISSING, ProjectListResponse, ProjectResponse } from './project.dto.js';
import { ProjectService } from './project.service.js';

/** Another's project is not found. */
const FORBIDDEN = ['insufficient_scope', 'access_denied'] as const;

@Controller('api/v1/projects')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard)
@UseInterceptors(QueryRules)
@ApiTags('Projects')
@ApiAccess()
export class ProjectController {
  constructor(
    private readonly projects: ProjectService,
    private readonly removal: ProjectRemoval,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createProject',
    summary: 'Create Project',
    description: 'Makes a project of the caller’s own, who may have a limited number of them.',
  })
  @ApiBody({ type: CreateProjectRequest })
  @ApiCreatedResponse({ description: 'Successful Response', type: ProjectResponse })
  @ApiErrors(400, 401, ...FORBIDDEN, 'project_limit_reached', 413, 415, NAME_MISSING, 503)
  create(
    @Req() request: HttpRequest,
    @JsonBody(new RequestBodyPipe(CreateProjectRequest, ['name', 'description']))
    project: CreateProjectRequest,
  ): Promise<ProjectResponse> {
    return this.projects.create(subjectOf(request), project);
  }

  @Get()
  @ProjectPages()
  @ApiOperation({
    operationId: 'listProjects',
    summary: 'List Projects',
    description: 'The caller’s own projects, active or not, oldest first, page by page.',
  })
  @ApiOkResponse({ description: 'Successful Response', type: ProjectListResponse, headers: NEXT_PAGE_HEADER })
  @ApiErrors(401, ...FORBIDDEN, PROJECT_LIMIT.outOfRange, INVALID_CURSOR, 503)
  list(
    @Req() request: HttpRequest,
    @Query('limit') limit?: unknown,
    @Query('cursor') cursor?: unknown,
  ): Promise<LinkedPage<ProjectListResponse>> {
    return readProjectPage(
      { limit, cursor },
      (page) => this.projects.list(subjectOf(request), page),
      ({ created_at: createdAt, id }) => ({ createdAt, id }),
    );
  }

  @Get(':project_id')
  @ApiOperation({
    operationId: 'getProject',
    summary: 'Get Project',
    description: 'One of the caller’s own projects, active or not.',
  })
  @ApiProjectId()
  @ApiOkResponse({ description: 'Successful Response', type: ProjectResponse })
  @ApiErrors(401, ...FORBIDDEN, 404, 422, 503)
  find(@Req() request: HttpRequest, @Param('project_id') projectId: string): Promise<ProjectResponse> {
    return this.projects.find(subjectOf(request), canonicalUuid(projectId, 'project_id'));
  }

  @Delete(':project_id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({
    operationId: 'deleteProject',
    summary: 'Delete Project',
    description:
      'Deactivates the project, erases its Stripe credentials, and takes and hands on no more webhooks. Webhook endpoints that this ' +
      'service made are removed from Stripe if Stripe can be reached. Repeat it after an error.',
  })
  @ApiProjectId()
  @ApiNoContentResponse({ description: 'Successful Response' })
  @ApiErrors(401, ...FORBIDDEN, 404, 422, 503)
  async deactivate(@Req() request: HttpRequest, @Param('project_id') projectId: string): Promise<void> {
    const id = canonicalUuid(projectId, 'project_id');
    // In this order nobody reaches it any more, and what fails behind is done when the request is repeated.
    await this.projects.deactivate(subjectOf(request), id);
    await this.removal.remove(id, changeBy(request));
  }
}

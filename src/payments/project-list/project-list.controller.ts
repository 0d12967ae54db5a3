import { Controller, Get, Header, Query, Req, UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAccess, ApiErrors } from '../http/openapi/api-documentation.js';
import { subjectOf, type HttpRequest } from '../http/http-request.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { NEXT_PAGE_HEADER, type LinkedPage } from '../http/parameters/next-page-link.js';
import { INVALID_CURSOR } from '../http/parameters/pages.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ProjectOwnership, type OwnedProject } from '../domain/project-ownership.js';
import type { StripeConfigView } from '../stripe-config/stripe-config.entity.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import { PROJECT_LIMIT, ProjectPages, readProjectPage } from './project-pages.js';
import { ProjectPaymentConfigListResponse, type ProjectPaymentConfigResponse } from './project-list.dto.js';

@Controller('api/v1/payments/projects')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard)
@UseInterceptors(QueryRules)
@ApiTags('Payments')
@ApiAccess()
export class ProjectListController {
  constructor(
    private readonly projects: ProjectOwnership,
    private readonly configs: StripeConfigService,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ProjectPages()
  @ApiOperation({
    operationId: 'listProjectPaymentConfigs',
    summary: 'List Projects Payment Config',
    description: 'The caller’s projects, oldest first, page by page, and what is configured for each.',
  })
  @ApiOkResponse({
    description: 'Successful Response',
    type: ProjectPaymentConfigListResponse,
    headers: NEXT_PAGE_HEADER,
  })
  @ApiErrors(401, 'insufficient_scope', 'access_denied', PROJECT_LIMIT.outOfRange, INVALID_CURSOR, 503)
  async list(
    @Req() request: HttpRequest,
    @Query('limit') limit?: unknown,
    @Query('cursor') cursor?: unknown,
  ): Promise<LinkedPage<ProjectPaymentConfigListResponse>> {
    const { body, ...link } = await readProjectPage(
      { limit, cursor },
      (page) => this.projects.listOwnedBy(subjectOf(request), page),
      (project) => project,
    );
    const configs = await this.configs.findMany(body.projects.map(({ id }) => id));
    const configOf = new Map(configs.map((config) => [config.project_id, config]));
    const projects = body.projects.map((project) => toItem(project, configOf.get(project.id)));
    return { body: { projects, total: body.total }, ...link };
  }
}

function toItem(project: OwnedProject, config: StripeConfigView | undefined): ProjectPaymentConfigResponse {
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    has_payment_config: config?.is_active ?? false,
    has_test_credentials: typeof config?.test_secret_key_masked === 'string',
    has_live_credentials: typeof config?.live_secret_key_masked === 'string',
    test_configured_at: config?.test_configured_at ?? null,
    live_configured_at: config?.live_configured_at ?? null,
    is_active: project.isActive,
    created_at: project.createdAt,
  };
}

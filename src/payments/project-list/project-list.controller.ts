import { Inject, Query, Req } from '@nestjs/common';
import type { AccessibleProject } from '../domain/project-access.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import { subjectOf, type HttpRequest } from '../http/http-request.js';
import { NEXT_PAGE_HEADER, type LinkedPage } from '../http/parameters/next-page-link.js';
import { INVALID_CURSOR, type PageQuery } from '../http/parameters/pages.js';
import { CallerRoutes, GetRoute } from '../http/routes.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import {
  configuredTimesOf,
  credentialFlagsOf,
  type StripeConfigView,
} from '../stripe-config/stripe-config.view.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import { ProjectPaymentConfigListResponse, type ProjectPaymentConfigResponse } from './project-list.dto.js';
import { PROJECT_PAGES, ProjectPages, readProjectPage } from './project-pages.js';

@CallerRoutes('api/v1/payments/projects', 'Payments')
export class ProjectListController {
  constructor(
    private readonly projects: HostProjects,
    private readonly configs: StripeConfigService,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projectIds'>,
  ) {}

  @GetRoute({
    operationId: 'listProjectPaymentConfigs',
    serviceTokens: true,
    summary: 'List Projects Payment Config',
    description:
      'The projects in which the caller has a role, oldest first, page by page, and what is configured for each.',
    response: { type: ProjectPaymentConfigListResponse, headers: NEXT_PAGE_HEADER },
    errors: [PROJECT_PAGES.outOfRange, INVALID_CURSOR],
    decorators: [ProjectPages()],
  })
  async list(
    @Req() request: HttpRequest,
    @Query() query: PageQuery,
  ): Promise<LinkedPage<ProjectPaymentConfigListResponse>> {
    const { body, ...link } = await readProjectPage(
      query,
      (page) => this.projects.listAccessibleTo(subjectOf(request), page),
      (project) => project,
      this.options.projectIds,
    );
    const configs = await this.configs.findMany(body.projects.map(({ id }) => id));
    const configOf = new Map(configs.map((config) => [config.project_id, config]));
    const projects = body.projects.map((project) => toItem(project, configOf.get(project.id)));
    return { body: { projects, total: body.total }, ...link };
  }
}

function toItem(
  project: AccessibleProject<string>,
  config: StripeConfigView | undefined,
): ProjectPaymentConfigResponse {
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    has_payment_config: config?.is_active ?? false,
    ...credentialFlagsOf(config),
    ...configuredTimesOf(config),
    role: project.role,
    is_active: project.isActive,
    created_at: project.createdAt,
  };
}

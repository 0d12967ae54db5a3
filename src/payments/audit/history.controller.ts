import { Param, Query, Req } from '@nestjs/common';
import { SEALED_FIELDS } from '../domain/credentials.js';
import { roleOf, type HttpRequest } from '../http/http-request.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import type { PageQuery } from '../http/parameters/pages.js';
import { NEWEST_VERSION, VERSION_PAGES } from '../http/parameters/version-pages.js';
import { GetRoute, ProjectRoutes } from '../http/routes.js';
import { AuditService, type AuditView } from './audit.service.js';
import { StripeConfigHistoryResponse, type StripeConfigChange } from './history.dto.js';

const { limit, cursor } = VERSION_PAGES.parameters();

@ProjectRoutes('config/history', 'Stripe Configuration')
export class HistoryController {
  constructor(
    private readonly audit: AuditService,
    private readonly projects: HostProjects,
  ) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getStripeConfigHistory',
    summary: 'Get Stripe Configuration History',
    description:
      'Who changed which credentials and when, newest first, as masks; without any where nothing was ever configured.',
    response: StripeConfigHistoryResponse,
    errors: [VERSION_PAGES.outOfRange],
    decorators: [cursor, limit],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: PageQuery,
    @Req() request: HttpRequest,
  ): Promise<StripeConfigHistoryResponse> {
    const { limit, after = NEWEST_VERSION } = VERSION_PAGES.read(query);
    const rows = await this.audit.history(projectId, after, limit + 1);
    const { page, nextCursor } = VERSION_PAGES.cut(rows, limit, ({ version }) => version);
    const actors = [...new Set(page.flatMap(({ actor }) => actor ?? []))];
    const names = await this.projects.nameActors(actors);
    return {
      caller_role: roleOf(request),
      changes: page.map((row) => toChange(row, names)),
      next_cursor: nextCursor ?? null,
    };
  }
}

function toChange(row: AuditView, names: ReadonlyMap<string, string>): StripeConfigChange {
  return {
    version: row.version,
    action: row.action,
    actor: row.actor,
    actor_name: row.actor === null ? null : (names.get(row.actor) ?? null),
    request_id: row.request_id,
    changed_at: row.changed_at,
    fields: SEALED_FIELDS.filter((field) => row.fields.includes(field)).map((field) => ({
      field,
      before: row.masks_before[field] ?? null,
      after: row.masks_after[field] ?? null,
    })),
  };
}

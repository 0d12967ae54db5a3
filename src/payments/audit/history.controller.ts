import { Param, Query } from '@nestjs/common';
import { SEALED_FIELDS } from '../domain/credentials.js';
import { Pages, type PageQuery } from '../http/parameters/pages.js';
import { GetRoute, ProjectRoutes } from '../http/routes.js';
import { AuditService, type AuditView } from './audit.service.js';
import { StripeConfigHistoryResponse, type StripeConfigChange } from './history.dto.js';

/** Above every version: PostgreSQL's largest integer. */
const NEWEST = 2 ** 31 - 1;

/** Each page begins below a version. */
const PAGES = new Pages<number>({
  usual: 20,
  max: 100,
  cursor: 'next_cursor of the page before',
  form: /^v(\d{1,10})$/,
  write: (version) => `v${version}`,
  read: (version) => (Number(version) > NEWEST ? undefined : Number(version)),
});
const { limit, cursor } = PAGES.parameters();

@ProjectRoutes('config/history', 'Stripe Configuration')
export class HistoryController {
  constructor(private readonly audit: AuditService) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getStripeConfigHistory',
    summary: 'Get Stripe Configuration History',
    description: 'Who changed which credentials and when, newest first, as masks.',
    response: StripeConfigHistoryResponse,
    errors: [PAGES.outOfRange],
    decorators: [cursor, limit],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: PageQuery,
  ): Promise<StripeConfigHistoryResponse> {
    const { limit, after = NEWEST } = PAGES.read(query);
    const rows = await this.audit.history(projectId, after, limit + 1);
    const { page, nextCursor } = PAGES.cut(rows, limit, ({ version }) => version);
    return { changes: page.map(toChange), next_cursor: nextCursor ?? null };
  }
}

function toChange(row: AuditView): StripeConfigChange {
  return {
    version: row.version,
    action: row.action,
    actor: row.actor,
    request_id: row.request_id,
    changed_at: row.changed_at,
    fields: SEALED_FIELDS.filter((field) => row.fields.includes(field)).map((field) => ({
      field,
      before: row.masks_before[field] ?? null,
      after: row.masks_after[field] ?? null,
    })),
  };
}

import {
  Controller,
  Get,
  Header,
  Param,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { ApiAccess, ApiErrors, ApiProjectId } from '../http/api-documentation.js';
import { ErrorFilter } from '../http/error.filter.js';
import { JwtAuthGuard } from '../http/jwt-auth.guard.js';
import { QueryRules } from '../http/query-rules.js';
import { ProjectOwnershipGuard } from '../http/project-ownership.guard.js';
import { LIMIT_OUT_OF_RANGE, LIMIT_SCHEMA, invalidCursor, readLimit } from '../http/query.js';
import { AuditService, type AuditView } from './audit.service.js';
import { StripeConfigHistoryResponse, type StripeConfigChange } from './history.dto.js';

/** Above every version: PostgreSQL's largest integer. */
const NEWEST = 2 ** 31 - 1;

@Controller('api/v1/payments/stripe/projects/:project_id/config/history')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules)
@ApiTags('Stripe Configuration')
@ApiAccess()
@ApiProjectId()
export class HistoryController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getStripeConfigHistory',
    summary: 'Get Stripe Configuration History',
    description: 'Who changed which credentials and when, newest first, as masks.',
  })
  @ApiQuery({
    name: 'limit',
    required: false,
    description: 'How many at most',
    schema: LIMIT_SCHEMA,
  })
  @ApiQuery({
    name: 'cursor',
    required: false,
    description: 'next_cursor of the page before',
    schema: { type: 'string' },
  })
  @ApiOkResponse({ description: 'Successful Response', type: StripeConfigHistoryResponse })
  @ApiErrors(401, 403, 404, 422, LIMIT_OUT_OF_RANGE, 503)
  async list(
    @Param('project_id') projectId: string,
    @Query('limit') limit?: unknown,
    @Query('cursor') cursor?: unknown,
  ): Promise<StripeConfigHistoryResponse> {
    const size = readLimit(limit);
    // One more than asked tells whether there is a next page.
    const rows = await this.audit.history(projectId, readCursor(cursor), size + 1);
    const page = rows.slice(0, size);
    const last = rows.length > size ? page.at(-1) : undefined;
    return {
      changes: page.map(toChange),
      next_cursor: last === undefined ? null : writeCursor(last.version),
    };
  }
}

function writeCursor(version: number): string {
  return Buffer.from(`v${version}`).toString('base64url');
}

function readCursor(cursor: unknown): number {
  if (cursor === undefined) return NEWEST;
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : '';
  const [, version] = /^v(\d{1,10})$/.exec(text) ?? [];
  if (version === undefined || Number(version) > NEWEST) {
    throw invalidCursor();
  }
  return Number(version);
}

function toChange(row: AuditView): StripeConfigChange {
  return {
    version: row.version,
    action: row.action,
    actor: row.actor,
    request_id: row.request_id,
    changed_at: row.changed_at,
    fields: row.fields.map((field) => ({
      field,
      before: row.masks_before[field] ?? null,
      after: row.masks_after[field] ?? null,
    })),
  };
}

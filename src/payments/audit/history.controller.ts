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
import { ApiAccess, ApiErrors, ApiProjectId } from '../http/openapi/api-documentation.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { INVALID_CURSOR, LIMIT, pageOf, readCursor, writeCursor } from '../http/parameters/pages.js';
import { ValidationFailed } from '../domain/errors.js';
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
    schema: LIMIT.schema,
  })
  @ApiQuery({
    name: 'cursor',
    required: false,
    description: 'next_cursor of the page before',
    schema: { type: 'string' },
  })
  @ApiOkResponse({ description: 'Successful Response', type: StripeConfigHistoryResponse })
  @ApiErrors(401, 403, 404, 422, LIMIT.outOfRange, 503)
  async list(
    @Param('project_id') projectId: string,
    @Query('limit') limit?: unknown,
    @Query('cursor') cursor?: unknown,
  ): Promise<StripeConfigHistoryResponse> {
    const size = LIMIT.read(limit);
    const { page, last } = pageOf(await this.audit.history(projectId, readVersion(cursor), size + 1), size);
    return {
      changes: page.map(toChange),
      next_cursor: last === undefined ? null : writeCursor(`v${last.version}`),
    };
  }
}

function readVersion(cursor: unknown): number {
  const [version] = readCursor(cursor, /^v(\d{1,10})$/) ?? [];
  if (version === undefined) return NEWEST;
  if (Number(version) > NEWEST) throw new ValidationFailed([INVALID_CURSOR]);
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

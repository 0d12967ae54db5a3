import {
  Controller,
  Get,
  Header,
  Inject,
  Param,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import {
  ApiAccess,
  ApiErrors,
  ApiProjectId,
  EXAMPLE_WEBHOOK_URL,
} from '../http/openapi/api-documentation.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { webhookUrl } from './webhook-urls.js';

export class StripeWebhookUrlsResponse {
  @ApiProperty({
    description: 'The URL for a webhook endpoint of the test mode',
    example: `${EXAMPLE_WEBHOOK_URL}/test`,
  })
  test_webhook_url!: string;

  @ApiProperty({
    description: 'The URL for a webhook endpoint of the live mode',
    example: `${EXAMPLE_WEBHOOK_URL}/live`,
  })
  live_webhook_url!: string;
}

@Controller('api/v1/payments/stripe/projects/:project_id/webhook-urls')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules)
@ApiTags('Stripe Configuration')
@ApiAccess()
@ApiProjectId()
export class WebhookUrlsController {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getWebhookUrls',
    summary: 'Get Webhook URLs',
    description: 'The addresses to register in Stripe, one for each mode.',
  })
  @ApiOkResponse({ description: 'Successful Response', type: StripeWebhookUrlsResponse })
  @ApiErrors(401, 403, 404, 422, 503)
  find(@Param('project_id') projectId: string): StripeWebhookUrlsResponse {
    return {
      test_webhook_url: webhookUrl(this.options, projectId, 'test'),
      live_webhook_url: webhookUrl(this.options, projectId, 'live'),
    };
  }
}

import { Inject, Param } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { EXAMPLE_WEBHOOK_URL } from '../http/openapi/api-documentation.js';
import { GetRoute, ProjectRoutes } from '../http/routes.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { webhookUrl } from '../stripe-webhooks/webhook-urls.js';

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

@ProjectRoutes('webhook-urls', 'Stripe Configuration')
export class WebhookUrlsController {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  ) {}

  @GetRoute({
    operationId: 'getWebhookUrls',
    summary: 'Get Webhook URLs',
    description: 'The addresses to register in Stripe, one for each mode.',
    response: StripeWebhookUrlsResponse,
  })
  find(@Param('project_id') projectId: string): StripeWebhookUrlsResponse {
    return {
      test_webhook_url: webhookUrl(this.options, projectId, 'test'),
      live_webhook_url: webhookUrl(this.options, projectId, 'live'),
    };
  }
}

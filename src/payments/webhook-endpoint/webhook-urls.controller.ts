import { Inject, Param } from '@nestjs/common';
import { renamedRecordOf } from '../common/record-of.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { EXAMPLE_WEBHOOK_URL } from '../http/openapi/api-documentation.js';
import { schemaClass } from '../http/openapi/schema-class.js';
import { GetRoute, ProjectRoutes } from '../http/routes.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { webhookUrl } from '../stripe-webhooks/webhook-urls.js';

export type StripeWebhookUrlsResponse = Record<`${Mode}_webhook_url`, string>;

export const StripeWebhookUrlsResponse = schemaClass<StripeWebhookUrlsResponse>(
  'StripeWebhookUrlsResponse',
  {},
  renamedRecordOf(
    MODES,
    (mode) => `${mode}_webhook_url`,
    (mode) => ({
      type: String,
      description: `The URL for a webhook endpoint of the ${mode} mode`,
      example: `${EXAMPLE_WEBHOOK_URL}/${mode}`,
    }),
  ),
);

@ProjectRoutes('webhook-urls', 'Stripe Configuration')
export class WebhookUrlsController {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  ) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getWebhookUrls',
    summary: 'Get Webhook URLs',
    description: 'The addresses to register in Stripe, one for each mode.',
    response: StripeWebhookUrlsResponse,
  })
  find(@Param('project_id') projectId: string): StripeWebhookUrlsResponse {
    return renamedRecordOf(
      MODES,
      (mode) => `${mode}_webhook_url`,
      (mode) => webhookUrl(this.options, projectId, mode),
    );
  }
}

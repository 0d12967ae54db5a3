import { Inject, Req } from '@nestjs/common';
import { ApiBody, ApiExcludeController, ApiHeader, ApiParam } from '@nestjs/swagger';
import { MODES } from '../domain/credentials.js';
import { countOf } from '../http/http-request.js';
import { readBody } from '../http/body/raw-body.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { rawRequestOf, type HttpRequest } from '../http/http-request.js';
import { ApiProjectId } from '../http/openapi/api-documentation.js';
import { PostRoute, PublicRoutes } from '../http/routes.js';
import { observedWebhook } from './observed-webhook.js';
import { StripeWebhookEvent, WEBHOOK_EXAMPLES } from './webhook.dto.js';
import { WebhookService, webhookNotFound } from './webhook.service.js';

/** Largest webhook that is read, in bytes. */
const MAX_WEBHOOK_BYTES = 1024 * 1024;

const PATH = 'api/v1/payments/stripe/webhooks/:project_id/:mode';
const TAG = 'Stripe Webhooks';

/** For Stripe, which has no token: the signature alone authenticates a request. */
@PublicRoutes(PATH, TAG)
export class WebhookController {
  constructor(
    private readonly webhooks: WebhookService,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projectIds'>,
  ) {}

  @PostRoute({
    operationId: 'handleStripeWebhook',
    summary: 'Handle Stripe Webhook',
    description:
      'Takes a webhook of Stripe. It is verified by its signature, stored once, and handed on after it was acknowledged.',
    response: { content: { 'application/json': { schema: {}, example: { received: true } } } },
    errors: [
      'invalid_signature',
      'stale_signature',
      'unreadable_event',
      'wrong_mode_event',
      'webhook_not_found',
      413,
      422,
      503,
    ],
    decorators: [
      ApiHeader({
        name: 'Stripe-Signature',
        required: false,
        description: 'Stripe sends it; nothing passes without',
        schema: { type: 'string' },
      }),
      ApiProjectId(),
      ApiParam({
        name: 'mode',
        schema: { type: 'string' },
        description: MODES.map((mode) => `\`${mode}\``).join(' or '),
        examples: { test: { value: 'test' } },
      }),
      ApiBody({
        type: StripeWebhookEvent,
        description:
          'One of Stripe’s events, up to 1 MiB. Its bytes are signed, so they must arrive unchanged.',
        examples: WEBHOOK_EXAMPLES,
      }),
    ],
  })
  async receive(@Req() request: HttpRequest): Promise<{ received: true }> {
    const projectId = this.options.projectIds.read(request.params.project_id);
    request.params.project_id = projectId;
    const mode = MODES.find((each) => each === request.params.mode);
    if (mode === undefined) throw webhookNotFound();
    const raw = rawRequestOf(request);
    // Node joins repeated headers, and one signature must not borrow from another.
    const isSigned = countOf('stripe-signature', raw.rawHeaders) === 1;
    const signature = isSigned ? String(raw.headers['stripe-signature']) : '';
    await observedWebhook(raw.headers, () =>
      this.webhooks.receive(projectId, mode, signature, () => readBody(raw, MAX_WEBHOOK_BYTES)),
    );
    return { received: true };
  }
}

/**
 * The same address with a trailing slash, which people paste as well; Fastify treats it as another route. Nest removes one
 * slash of two.
 */
@PublicRoutes(`${PATH}//`, TAG)
@ApiExcludeController()
export class WebhookSlashController extends WebhookController {}

import { Param, Req } from '@nestjs/common';
import type { Mode } from '../domain/credentials.js';
import { OptionalValidBody } from '../http/body/valid-body.js';
import { changeBy, subjectOf, type HttpRequest } from '../http/http-request.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { DeleteRoute, GetRoute, PostRoute, ProjectRoutes } from '../http/routes.js';
import type { WebhookEndpointView } from './endpoint-view.js';
import {
  NOT_A_LIST,
  WEBHOOK_ENDPOINT_EXAMPLES,
  WebhookEndpointRequest,
  WebhookEndpointResponse,
} from './webhook-endpoint.dto.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';

/** Errors of calls to Stripe, and of the key that they use. */
const ERRORS = ['credentials_missing', 'secret_unreadable', 'stripe_refused', 429, 502, 504] as const;

@ProjectRoutes('config/:mode/webhook-endpoint', 'Stripe Webhooks')
export class WebhookEndpointController {
  constructor(private readonly endpoints: WebhookEndpointService) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getWebhookEndpoint',
    summary: 'Get Webhook Endpoint',
    description: 'How the endpoint stands in Stripe now.',
    response: WebhookEndpointResponse,
    errors: ERRORS,
  })
  async find(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Req() request: HttpRequest,
  ): Promise<WebhookEndpointResponse> {
    return toResponse(await this.endpoints.find(projectId, mode, subjectOf(request)));
  }

  @PostRoute({
    role: 'admin',
    operationId: 'createWebhookEndpoint',
    summary: 'Create Webhook Endpoint',
    description:
      'Makes an endpoint in the project’s Stripe account with the stored secret key, and stores its signing secret. An endpoint ' +
      'that is there already is enabled and completed instead, if its signing secret is the stored one. Safe to repeat.',
    body: { type: WebhookEndpointRequest, required: false, examples: WEBHOOK_ENDPOINT_EXAMPLES },
    response: WebhookEndpointResponse,
    errors: [NOT_A_LIST, 'webhook_endpoint_limit', ...ERRORS],
  })
  async create(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @OptionalValidBody(WebhookEndpointRequest) body: Readonly<WebhookEndpointRequest>,
    @Req() request: HttpRequest,
  ): Promise<WebhookEndpointResponse> {
    return toResponse(await this.endpoints.ensure(projectId, mode, body.event_types, changeBy(request)));
  }

  @DeleteRoute({
    role: 'admin',
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete Webhook Endpoint',
    description: 'Removes the endpoint from Stripe if this service made it; one that was made by hand stays.',
    errors: ERRORS,
  })
  async remove(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Req() request: HttpRequest,
  ): Promise<void> {
    await this.endpoints.remove(projectId, mode, subjectOf(request));
  }
}

function toResponse(view: WebhookEndpointView): WebhookEndpointResponse {
  return {
    state: view.state,
    id: view.id,
    url: view.url,
    made_by: view.id === null ? null : view.isOurs ? 'service' : 'hand',
    api_version: view.apiVersion,
    event_types: view.eventTypes,
    missing_event_types: view.missingEventTypes,
    other_endpoint_ids: view.otherIds,
  };
}

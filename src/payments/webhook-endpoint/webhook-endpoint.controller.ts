import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Req,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAccess, ApiErrors, ApiMode, ApiProjectId } from '../http/openapi/api-documentation.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { changeBy, type HttpRequest } from '../http/http-request.js';
import { OptionalJsonBody } from '../http/body/json-body.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { RequestBodyPipe } from '../http/body/request-body.pipe.js';
import type { Mode } from '../domain/credentials.js';
import type { WebhookEndpointView } from './endpoint-view.js';
import {
  NOT_A_LIST,
  WEBHOOK_ENDPOINT_EXAMPLES,
  WEBHOOK_ENDPOINT_FIELDS,
  WebhookEndpointRequest,
  WebhookEndpointResponse,
} from './webhook-endpoint.dto.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';

const ERRORS = [
  401,
  403,
  404,
  'credentials_missing',
  'secret_unreadable',
  'stripe_refused',
  422,
  429,
  502,
  503,
  504,
] as const;

@Controller('api/v1/payments/stripe/projects/:project_id/config/:mode/webhook-endpoint')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules)
@ApiTags('Stripe Webhooks')
@ApiAccess()
@ApiProjectId()
@ApiMode()
export class WebhookEndpointController {
  constructor(private readonly endpoints: WebhookEndpointService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getWebhookEndpoint',
    summary: 'Get Webhook Endpoint',
    description: 'How the endpoint stands in Stripe now.',
  })
  @ApiOkResponse({ description: 'Successful Response', type: WebhookEndpointResponse })
  @ApiErrors(...ERRORS)
  async find(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
  ): Promise<WebhookEndpointResponse> {
    return toResponse(await this.endpoints.find(projectId, mode));
  }

  @Post()
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'createWebhookEndpoint',
    summary: 'Create Webhook Endpoint',
    description:
      'Makes an endpoint in the project’s Stripe account with the stored secret key, and stores its signing secret. An endpoint ' +
      'that is there already is enabled and completed instead, if its signing secret is the stored one. Safe to repeat.',
  })
  @ApiBody({ type: WebhookEndpointRequest, required: false, examples: WEBHOOK_ENDPOINT_EXAMPLES })
  @ApiOkResponse({ description: 'Successful Response', type: WebhookEndpointResponse })
  @ApiErrors(400, 413, 415, NOT_A_LIST, 'webhook_endpoint_limit', ...ERRORS)
  async create(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @OptionalJsonBody(new RequestBodyPipe(WebhookEndpointRequest, WEBHOOK_ENDPOINT_FIELDS))
    body: Readonly<WebhookEndpointRequest>,
    @Req() request: HttpRequest,
  ): Promise<WebhookEndpointResponse> {
    return toResponse(await this.endpoints.ensure(projectId, mode, body.event_types, changeBy(request)));
  }

  @Delete()
  @HttpCode(HttpStatus.NO_CONTENT)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete Webhook Endpoint',
    description: 'Removes the endpoint from Stripe if this service made it; one that was made by hand stays.',
  })
  @ApiNoContentResponse({ description: 'Successful Response' })
  @ApiErrors(...ERRORS)
  async remove(@Param('project_id') projectId: string, @Param('mode', ModePipe) mode: Mode): Promise<void> {
    await this.endpoints.remove(projectId, mode);
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

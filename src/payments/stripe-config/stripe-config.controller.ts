import { Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { Mode } from '../domain/credentials.js';
import type { Preconditions } from '../domain/preconditions.js';
import { changeBy, type HttpRequest } from '../http/http-request.js';
import { ApiCondition, ApiMode, ENTITY_TAG_HEADER } from '../http/openapi/api-documentation.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { ConditionalOn } from '../http/parameters/preconditions.js';
import { DeleteRoute, GetRoute, ProjectRoutes, PutRoute } from '../http/routes.js';
import { ConfigRemoval } from './config-removal.js';
import type { CredentialChanges } from './credential-changes.js';
import { CredentialsBody } from './credential-changes.js';
import { MaskingInterceptor } from './masking.interceptor.js';
import {
  REQUEST_EXAMPLES,
  StripeConfigRequest,
  StripeConfigResponse,
  WRONG_MODE,
} from './stripe-config.dto.js';
import type { StripeConfigView } from './stripe-config.view.js';
import { StripeConfigService } from './stripe-config.service.js';

const IF_MATCH = ApiCondition(
  'If-Match',
  'An entity tag, such as `"1"`: 412 when the configuration no longer has it',
);

@ProjectRoutes('config', 'Stripe Configuration')
@UseInterceptors(MaskingInterceptor)
@ApiExtraModels(StripeConfigResponse)
export class StripeConfigController {
  constructor(
    private readonly configs: StripeConfigService,
    private readonly removal: ConfigRemoval,
  ) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getStripeConfig',
    summary: 'Get Stripe Configuration',
    description: 'The configuration with masked credentials, or `null` when the project has never had one.',
    response: {
      headers: ENTITY_TAG_HEADER,
      schema: { type: 'object', nullable: true, allOf: [{ $ref: getSchemaPath(StripeConfigResponse) }] },
    },
    decorators: [
      ApiCondition('If-None-Match', 'An entity tag, such as `"1"`: 304 when the configuration still has it'),
      ApiResponse({ status: 304, description: 'Not Modified' }),
    ],
  })
  find(@Param('project_id') projectId: string): Promise<StripeConfigView | null> {
    return this.configs.find(projectId);
  }

  @PutRoute({
    role: 'admin',
    operationId: 'updateStripeConfig',
    summary: 'Update Stripe Configuration',
    description:
      'Creates the configuration if none exists, or updates it. Only the credentials in the request change; ' +
      'an absent field, null, or the mask that is stored there keeps what is stored.',
    body: { type: StripeConfigRequest, examples: REQUEST_EXAMPLES },
    response: { type: StripeConfigResponse, headers: ENTITY_TAG_HEADER },
    errors: [412, WRONG_MODE],
    decorators: [ApiCondition('If-None-Match', '`*`: 412 when there is a configuration already'), IF_MATCH],
  })
  update(
    @Param('project_id') projectId: string,
    @CredentialsBody() changes: Readonly<CredentialChanges>,
    @Req() request: HttpRequest,
    @ConditionalOn() conditions: Preconditions,
  ): Promise<StripeConfigView> {
    return this.configs.update(projectId, changes, changeBy(request), conditions);
  }

  @DeleteRoute({
    role: 'owner',
    operationId: 'deleteStripeConfig',
    summary: 'Delete Stripe Configuration',
    description:
      'Deactivates the configuration, erases its credentials, and takes no more webhooks. A webhook endpoint that this service ' +
      'made is removed from Stripe if Stripe can be reached. The next PUT activates the configuration again.',
    errors: ['config_not_found', 412],
    decorators: [IF_MATCH],
  })
  deactivate(
    @Param('project_id') projectId: string,
    @Req() request: HttpRequest,
    @ConditionalOn() conditions: Preconditions,
  ): Promise<void> {
    return this.removal.remove(projectId, changeBy(request), conditions);
  }

  @DeleteRoute({
    path: ':mode/previous-webhook-secret',
    role: 'admin',
    operationId: 'deletePreviousWebhookSecret',
    summary: 'Delete Previous Webhook Secret',
    description: 'A webhook secret that was replaced is accepted for a while; this ends it at once.',
    errors: ['config_not_found'],
    decorators: [ApiMode()],
  })
  erasePreviousWebhookSecret(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Req() request: HttpRequest,
  ): Promise<void> {
    return this.configs.erasePreviousWebhookSecret(projectId, mode, changeBy(request));
  }
}

import {
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Put,
  Req,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  ApiAccess,
  ApiCondition,
  ApiErrors,
  ApiMode,
  ApiProjectId,
  ENTITY_TAG_HEADER,
} from '../http/openapi/api-documentation.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { changeBy, type HttpRequest } from '../http/http-request.js';
import { JsonBody } from '../http/body/json-body.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { ConditionalOn } from '../http/parameters/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { RequestBodyPipe } from '../http/body/request-body.pipe.js';
import { ConfigRemoval } from './config-removal.js';
import { MaskingInterceptor } from './masking.interceptor.js';
import {
  REQUEST_EXAMPLES,
  StripeConfigRequest,
  StripeConfigResponse,
  WRONG_MODE,
} from './stripe-config.dto.js';
import type { StripeConfigView } from './stripe-config.entity.js';
import { StripeConfigService } from './stripe-config.service.js';
import { CREDENTIAL_FIELDS, type Mode } from '../domain/credentials.js';

@Controller('api/v1/payments/stripe/projects/:project_id/config')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules, MaskingInterceptor)
@ApiTags('Stripe Configuration')
@ApiAccess()
@ApiProjectId()
@ApiExtraModels(StripeConfigResponse)
export class StripeConfigController {
  constructor(
    private readonly configs: StripeConfigService,
    private readonly removal: ConfigRemoval,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getStripeConfig',
    summary: 'Get Stripe Configuration',
    description: 'The configuration with masked credentials, or `null` when the project has never had one.',
  })
  @ApiOkResponse({
    description: 'Successful Response',
    headers: ENTITY_TAG_HEADER,
    schema: { anyOf: [{ $ref: getSchemaPath(StripeConfigResponse) }, { type: 'null' }] },
  })
  @ApiCondition('If-None-Match', 'An entity tag, such as `"1"`: 304 when the configuration still has it')
  @ApiResponse({ status: 304, description: 'Not Modified' })
  @ApiErrors(401, 403, 404, 422, 503)
  find(@Param('project_id') projectId: string): Promise<StripeConfigView | null> {
    return this.configs.find(projectId);
  }

  @Put()
  @ApiOperation({
    operationId: 'updateStripeConfig',
    summary: 'Update Stripe Configuration',
    description:
      'Creates the configuration if none exists, or updates it. Only the credentials in the request change; ' +
      'an absent field, null, or the mask that is stored there keeps what is stored.',
  })
  @ApiBody({ type: StripeConfigRequest, examples: REQUEST_EXAMPLES })
  @ApiOkResponse({
    description: 'Successful Response',
    type: StripeConfigResponse,
    headers: ENTITY_TAG_HEADER,
  })
  @ApiCondition('If-Match', 'An entity tag, such as `"1"`: 412 when the configuration no longer has it')
  @ApiCondition('If-None-Match', '`*`: 412 when there is a configuration already')
  @ApiErrors(400, 401, 403, 404, 412, 413, 415, 422, WRONG_MODE, 503)
  update(
    @Param('project_id') projectId: string,
    @JsonBody(new RequestBodyPipe(StripeConfigRequest, CREDENTIAL_FIELDS))
    body: Readonly<StripeConfigRequest>,
    @Req() request: HttpRequest,
    @ConditionalOn() conditions: Preconditions,
  ): Promise<StripeConfigView> {
    return this.configs.update(projectId, body, changeBy(request), conditions);
  }

  @Delete()
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({
    operationId: 'deleteStripeConfig',
    summary: 'Delete Stripe Configuration',
    description:
      'Deactivates the configuration, erases its credentials, and takes no more webhooks. A webhook endpoint that this service ' +
      'made is removed from Stripe if Stripe can be reached. The next PUT activates the configuration again.',
  })
  @ApiNoContentResponse({ description: 'Successful Response' })
  @ApiCondition('If-Match', 'An entity tag, such as `"1"`: 412 when the configuration no longer has it')
  @ApiErrors(401, 403, 404, 'config_not_found', 412, 422, 503)
  deactivate(
    @Param('project_id') projectId: string,
    @Req() request: HttpRequest,
    @ConditionalOn() conditions: Preconditions,
  ): Promise<void> {
    return this.removal.remove(projectId, changeBy(request), conditions);
  }

  @Delete(':mode/previous-webhook-secret')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({
    operationId: 'deletePreviousWebhookSecret',
    summary: 'Delete Previous Webhook Secret',
    description: 'A webhook secret that was replaced is accepted for a while; this ends it at once.',
  })
  @ApiMode()
  @ApiNoContentResponse({ description: 'Successful Response' })
  @ApiErrors(401, 403, 404, 'config_not_found', 422, 503)
  erasePreviousWebhookSecret(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Req() request: HttpRequest,
  ): Promise<void> {
    return this.configs.erasePreviousWebhookSecret(projectId, mode, changeBy(request));
  }
}

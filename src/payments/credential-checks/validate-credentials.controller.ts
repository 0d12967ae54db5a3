import {
  Controller,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAccess, ApiErrors, ApiProjectId } from '../http/openapi/api-documentation.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { JsonBody } from '../http/body/json-body.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { RequestBodyPipe } from '../http/body/request-body.pipe.js';
import {
  KEY_MISSING,
  VALIDATE_EXAMPLE,
  VALIDATE_FIELDS,
  ValidateStripeCredentialsRequest,
  ValidateStripeCredentialsResponse,
} from './validate-credentials.dto.js';
import { ValidateCredentialsService } from './validate-credentials.service.js';

@Controller('api/v1/payments/stripe/projects/:project_id/validate-credentials')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules)
@ApiTags('Stripe Configuration')
@ApiAccess()
@ApiProjectId()
export class ValidateCredentialsController {
  constructor(private readonly credentials: ValidateCredentialsService) {}

  @Post()
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'validateStripeCredentials',
    summary: 'Validate Stripe Credentials',
    description:
      'Tries a secret key against Stripe and stores nothing. A key of another kind or mode is answered without asking Stripe. ' +
      'Five questions a minute for a project.',
  })
  @ApiBody({ type: ValidateStripeCredentialsRequest, examples: VALIDATE_EXAMPLE })
  @ApiOkResponse({ description: 'Successful Response', type: ValidateStripeCredentialsResponse })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, KEY_MISSING, 429, 502, 503, 504)
  validate(
    @Param('project_id') projectId: string,
    @JsonBody(new RequestBodyPipe(ValidateStripeCredentialsRequest, VALIDATE_FIELDS))
    body: Readonly<ValidateStripeCredentialsRequest>,
  ): Promise<ValidateStripeCredentialsResponse> {
    return this.credentials.validate(projectId, body);
  }
}

import { Param, Req } from '@nestjs/common';
import { ValidBody } from '../http/body/valid-body.js';
import { subjectOf, type HttpRequest } from '../http/http-request.js';
import { PostRoute, ProjectRoutes } from '../http/routes.js';
import {
  KEY_MISSING,
  VALIDATE_EXAMPLE,
  ValidateStripeCredentialsRequest,
  ValidateStripeCredentialsResponse,
} from './validate-credentials.dto.js';
import { ValidateCredentialsService } from './validate-credentials.service.js';

@ProjectRoutes('validate-credentials', 'Stripe Configuration')
export class ValidateCredentialsController {
  constructor(private readonly credentials: ValidateCredentialsService) {}

  @PostRoute({
    role: 'admin',
    operationId: 'validateStripeCredentials',
    summary: 'Validate Stripe Credentials',
    description:
      'Tries a secret key against Stripe and stores nothing. A key of another kind or mode is answered without asking Stripe. ' +
      'Five questions a minute for a project.',
    body: { type: ValidateStripeCredentialsRequest, examples: VALIDATE_EXAMPLE },
    response: ValidateStripeCredentialsResponse,
    errors: [KEY_MISSING, 429, 502, 504],
  })
  validate(
    @Param('project_id') projectId: string,
    @ValidBody(ValidateStripeCredentialsRequest) body: Readonly<ValidateStripeCredentialsRequest>,
    @Req() request: HttpRequest,
  ): Promise<ValidateStripeCredentialsResponse> {
    return this.credentials.validate(projectId, body, subjectOf(request));
  }
}

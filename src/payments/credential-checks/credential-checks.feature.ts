import type { Feature } from '../feature.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { ValidateCredentialsController } from './validate-credentials.controller.js';
import { ValidateCredentialsService } from './validate-credentials.service.js';

export const credentialChecks: Feature = {
  controllers: [ValidateCredentialsController],
  providers: [ValidateCredentialsService, StripeApi],
};

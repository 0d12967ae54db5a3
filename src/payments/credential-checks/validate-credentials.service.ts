import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { Secret } from '../crypto/secret.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { checkKey } from '../stripe/check-key.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { findFault, isMaskOf } from '../domain/credential-rules.js';
import type { CredentialField } from '../domain/credentials.js';
import { countCall } from './call-limit.js';
import { describeKeyCheck } from './describe-key-check.js';
import type {
  ValidateStripeCredentialsRequest,
  ValidateStripeCredentialsResponse,
} from './validate-credentials.dto.js';

/** Validates keys that are not stored. */
@Injectable()
export class ValidateCredentialsService {
  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly stripe: StripeApi,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'limits'>,
  ) {}

  /**
   * Whether Stripe accepts a key. What is no key of that kind and mode is rejected without a request to Stripe.
   *
   * @param asker the caller's subject
   * @throws RateLimited when this project, this caller, or this process has sent too many requests
   * @throws PaymentsError `stripe_unavailable` or `stripe_timeout` when Stripe gave no answer
   */
  async validate(
    projectId: string,
    { secret_key, is_test_mode }: ValidateStripeCredentialsRequest,
    asker: string,
  ): Promise<ValidateStripeCredentialsResponse> {
    const mode = is_test_mode ? 'test' : 'live';
    const fault = findFaultOfKey(`${mode}_secret_key`, secret_key);
    if (fault !== undefined) return { valid: false, message: fault };
    const count = (): Promise<void> =>
      countCall(this.database, projectId, this.options.limits.stripeCallsPerMinute);
    const key = new Secret(secret_key);
    const result = await checkKey(this.stripe, key, mode, { withAccount: false, asker, count });
    return describeKeyCheck(result, mode);
  }
}

function findFaultOfKey(field: CredentialField, value: string): string | undefined {
  if (isMaskOf(field, value)) return 'This is a masked value; send the whole key.';
  const fault = findFault(field, value);
  if (fault?.type !== 'wrong_mode') return fault?.msg;
  return field === 'test_secret_key'
    ? 'This is a live key; send is_test_mode as false to try it.'
    : 'This is a test key; send is_test_mode as true to try it.';
}

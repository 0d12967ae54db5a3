import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ConfiguredAt, EXAMPLE_PROJECT_ID, EXAMPLE_TIME } from '../http/openapi/api-documentation.js';
import type { ValidationItem } from '../domain/errors.js';
import { MAX_LENGTH } from '../domain/credential-rules.js';

/** A credential of the request: absent or null keeps what is stored. */
function Credential(description: string, example: string): PropertyDecorator {
  return ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_LENGTH, description, example });
}

@ApiSchema({ description: 'Request to create/update Stripe configuration.' })
export class StripeConfigRequest {
  @Credential(
    'Secret key (`sk_test_`) or, better, restricted key (`rk_test_`) of the test mode, or the key of a claimable sandbox (`rkcs_test_`)',
    'sk_test_example_not_a_key',
  )
  test_secret_key?: string | null;

  @Credential('Publishable key of the test mode (`pk_test_`)', 'pk_test_example_not_a_key')
  test_publishable_key?: string | null;

  @Credential('Signing secret of the test mode’s webhook endpoint (`whsec_`)', 'whsec_example_not_a_secret')
  test_webhook_secret?: string | null;

  @Credential(
    'Secret key (`sk_live_`) or, better, restricted key (`rk_live_`) of the live mode',
    'rk_live_example_not_a_key',
  )
  live_secret_key?: string | null;

  @Credential('Publishable key of the live mode (`pk_live_`)', 'pk_live_example_not_a_key')
  live_publishable_key?: string | null;

  @Credential(
    'Signing secret of the live mode’s webhook endpoint (`whsec_`)',
    'whsec_example_of_live_not_a_secret',
  )
  live_webhook_secret?: string | null;
}

/** What may be shown of a stored credential. */
function Mask(example: string): PropertyDecorator {
  return ApiPropertyOptional({
    type: String,
    nullable: true,
    example,
    description: 'Prefix and last four characters; null when not stored',
  });
}

@ApiSchema({ description: 'Stripe configuration response with masked credentials.' })
export class StripeConfigResponse {
  @ApiProperty({
    format: 'uuid',
    description: 'The unique identifier of the configuration',
    example: '770e8400-e29b-41d4-a716-446655440000',
  })
  id!: string;

  @ApiProperty({
    format: 'uuid',
    description: 'The unique identifier of the project',
    example: EXAMPLE_PROJECT_ID,
  })
  project_id!: string;

  @ApiProperty({ description: 'False once the configuration was deleted, until the next PUT', example: true })
  is_active!: boolean;

  @ApiProperty({ description: 'Whether a test secret key is stored', example: true })
  has_test_credentials!: boolean;

  @ApiProperty({ description: 'Whether a live secret key is stored', example: true })
  has_live_credentials!: boolean;

  @Mask('sk_test_...aBcD')
  test_secret_key_masked!: string | null;

  @Mask('pk_test_...eFgH')
  test_publishable_key_masked!: string | null;

  @Mask('whsec_...iJkL')
  test_webhook_secret_masked!: string | null;

  @Mask('rk_live_...mNoP')
  live_secret_key_masked!: string | null;

  @Mask('pk_live_...qRsT')
  live_publishable_key_masked!: string | null;

  @Mask('whsec_...uVwX')
  live_webhook_secret_masked!: string | null;

  @ConfiguredAt('test')
  test_configured_at!: Date | null;

  @ConfiguredAt('live')
  live_configured_at!: Date | null;

  @ApiProperty({ description: 'When the configuration was created', example: EXAMPLE_TIME })
  created_at!: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: EXAMPLE_TIME,
    description: 'The last change; equal to created_at until there is one',
  })
  updated_at!: Date | null;
}

/** What 422 lists where a live key is sent as one of the test mode. */
export const WRONG_MODE: ValidationItem = {
  loc: ['body', 'test_secret_key'],
  msg: 'This is a live secret key; it belongs in live_secret_key. Expected sk_test_ or rk_test_ or rkcs_test_.',
  type: 'wrong_mode',
};

/** Requests that the explorer offers; none of the keys is one. */
export const REQUEST_EXAMPLES = {
  test: {
    summary: 'Configure the test mode',
    value: {
      test_secret_key: 'sk_test_example_not_a_key',
      test_publishable_key: 'pk_test_example_not_a_key',
      test_webhook_secret: 'whsec_example_not_a_secret',
    },
  },
  live: {
    summary: 'Add the live mode, with a restricted key',
    value: {
      live_secret_key: 'rk_live_example_not_a_key',
      live_publishable_key: 'pk_live_example_not_a_key',
      live_webhook_secret: 'whsec_example_of_live_not_a_secret',
    },
  },
};

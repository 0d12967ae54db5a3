import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, ValidateBy } from 'class-validator';
import { fault } from '../http/request-body.pipe.js';
import { MAX_LENGTH, findFault, trimmed, type CredentialField } from './stripe-keys.js';

/** A credential of the request: absent or null keeps what is stored. */
function Credential(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_LENGTH, description }),
    Transform(({ value }: { value: unknown }) => trimmed(value)),
    IsOptional(),
    ValidateBy({
      name: 'credential',
      validator: {
        validate: (value, { property = '' }: { property?: string } = {}) =>
          messageFor(property as CredentialField, value) === undefined,
        defaultMessage: ({ property = '', value }: { property?: string; value?: unknown } = {}) =>
          messageFor(property as CredentialField, value) ?? '',
      },
    }),
  );
}

function messageFor(field: CredentialField, value: unknown): string | undefined {
  const found = findFault(field, value);
  return found && fault(found.type, found.msg);
}

@ApiSchema({ description: 'Request to create/update Stripe configuration.' })
export class StripeConfigRequest {
  @Credential('Secret key (`sk_test_`) or, better, restricted key (`rk_test_`) of the test mode')
  test_secret_key?: string | null;

  @Credential('Publishable key of the test mode (`pk_test_`)')
  test_publishable_key?: string | null;

  @Credential('Signing secret of the test mode’s webhook endpoint (`whsec_`)')
  test_webhook_secret?: string | null;

  @Credential('Secret key (`sk_live_`) or, better, restricted key (`rk_live_`) of the live mode')
  live_secret_key?: string | null;

  @Credential('Publishable key of the live mode (`pk_live_`)')
  live_publishable_key?: string | null;

  @Credential('Signing secret of the live mode’s webhook endpoint (`whsec_`)')
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

/** When a mode's credentials were last written. */
function ConfiguredAt(mode: string): PropertyDecorator {
  return ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-01-24T10:00:00.000Z',
    description: `When a credential of the ${mode} mode was last written; null when none is stored`,
  });
}

@ApiSchema({ description: 'Stripe configuration response with masked credentials.' })
export class StripeConfigResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  project_id!: string;

  @ApiProperty({ description: 'False once the configuration was deleted, until the next PUT' })
  is_active!: boolean;

  @ApiProperty({ description: 'Whether a test secret key is stored' })
  has_test_credentials!: boolean;

  @ApiProperty({ description: 'Whether a live secret key is stored' })
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

  @ApiProperty({ example: '2026-01-24T10:00:00.000Z' })
  created_at!: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-01-24T10:00:00.000Z',
    description: 'The last change; equal to created_at until there is one',
  })
  updated_at!: Date | null;
}

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

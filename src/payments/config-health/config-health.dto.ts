import { ApiProperty } from '@nestjs/swagger';
import { recordOf } from '../common/record-of.js';
import { MODES, type Mode } from '../domain/credentials.js';
import type { ProjectRole } from '../domain/project-access.js';
import {
  PROJECT_ID,
  IS_ACTIVE_CONFIG,
  EXAMPLE_TIME,
  exampleOf,
  wordOrNull,
} from '../http/openapi/api-documentation.js';
import { CALLER_ROLE } from '../http/openapi/caller-role.js';
import { PaymentsSchema, schemaClass } from '../http/openapi/schema-class.js';

const WHEN = { type: String, format: 'date-time', nullable: true, example: EXAMPLE_TIME };

@PaymentsSchema('SecretKeyHealth')
export class SecretKeyHealth {
  @ApiProperty({
    enum: ['not_stored', 'works', 'restricted', 'rejected', 'other_mode', 'unreadable', 'unknown'],
    description:
      '`restricted`: genuine, but it may not see its balance; `rejected`: wrong, revoked or expired; `unreadable`: store it again; ' +
      '`unknown`: Stripe has not answered yet',
    example: 'works',
  })
  status!: string;

  @ApiProperty({ ...WHEN, description: 'Since when it is known to be so' })
  since!: Date | null;

  @ApiProperty({ ...WHEN, description: 'When Stripe was asked last' })
  checked_at!: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'acct_1',
    description: 'The account that the key belongs to',
  })
  account_id!: string | null;
}

@PaymentsSchema('PreviousWebhookSecretHealth')
export class PreviousWebhookSecretHealth {
  @ApiProperty({ description: 'Its mask', example: 'whsec_...iJkL' })
  masked!: string;

  @ApiProperty({ description: 'Until then its signatures are accepted, too', example: EXAMPLE_TIME })
  accepted_until!: Date;

  @ApiProperty({ ...WHEN, description: 'When a replaced secret last verified an event' })
  last_verified_at!: Date | null;
}

@PaymentsSchema('WebhookSecretHealth')
export class WebhookSecretHealth {
  @ApiProperty({
    enum: ['not_stored', 'waiting', 'verified'],
    description: '`waiting`: it has not verified an event yet',
    example: 'verified',
  })
  status!: 'not_stored' | 'waiting' | 'verified';

  @ApiProperty({ ...WHEN, description: 'When it last verified an event' })
  last_verified_at!: Date | null;

  @ApiProperty({ type: 'integer', description: 'Webhooks that did not verify since one did', example: 0 })
  failures!: number;

  @ApiProperty({ ...WHEN, description: 'When a webhook last did not verify' })
  last_failure_at!: Date | null;

  @ApiProperty({
    ...wordOrNull(['wrong_signature', 'stale_signature', 'unreadable_event', 'wrong_mode_event']),
    example: null,
    description:
      'Why it did not. `wrong_signature`: not signed with this secret; `stale_signature`: signed too long ago; ' +
      '`unreadable_event`: signed, and no event; `wrong_mode_event`: signed, and of the other mode',
  })
  last_failure_reason!: string | null;

  @ApiProperty({
    type: 'integer',
    example: 0,
    description: 'Test events of connected accounts that Stripe sent to the live address; none is handed on',
  })
  ignored_test_events!: number;

  @ApiProperty({
    type: PreviousWebhookSecretHealth,
    nullable: true,
    description: 'The secret that the present one replaced',
    example: exampleOf(PreviousWebhookSecretHealth),
  })
  previous!: PreviousWebhookSecretHealth | null;
}

@PaymentsSchema('WebhookEndpointHealth')
export class WebhookEndpointHealth {
  @ApiProperty({ description: 'Stripe’s id', example: 'we_1' })
  id!: string;

  @ApiProperty({ enum: ['service', 'hand'], description: 'Who made it', example: 'service' })
  made_by!: 'service' | 'hand';

  @ApiProperty({
    enum: ['in_use', 'removed', 'left_in_stripe'],
    description:
      '`left_in_stripe`: the configuration was deleted, and Stripe did not remove it; remove it in the Dashboard',
    example: 'in_use',
  })
  status!: 'in_use' | 'removed' | 'left_in_stripe';

  @ApiProperty({ ...WHEN, description: 'When it was removed, or could not be' })
  since!: Date | null;
}

@PaymentsSchema('ModeHealthResponse')
export class ModeHealthResponse {
  @ApiProperty({
    description: 'The secret key, as Stripe last answered for it',
    example: exampleOf(SecretKeyHealth),
  })
  secret_key!: SecretKeyHealth;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description:
      'Whether secret and publishable key look like the same account; null when that cannot be determined',
    example: true,
  })
  keys_of_same_account!: boolean | null;

  @ApiProperty({
    description: 'The signing secret of webhooks',
    example: exampleOf(WebhookSecretHealth),
  })
  webhook_secret!: WebhookSecretHealth;

  @ApiProperty({
    type: WebhookEndpointHealth,
    nullable: true,
    description: 'The endpoint in Stripe that the service made or took over',
    example: exampleOf(WebhookEndpointHealth),
  })
  webhook_endpoint!: WebhookEndpointHealth | null;
}

export type StripeConfigHealthResponse = {
  project_id: string;
  caller_role: ProjectRole;
  is_active: boolean;
} & Record<Mode, ModeHealthResponse>;

export const StripeConfigHealthResponse = schemaClass<StripeConfigHealthResponse>(
  'StripeConfigHealthResponse',
  {},
  {
    project_id: PROJECT_ID,
    caller_role: CALLER_ROLE,
    is_active: IS_ACTIVE_CONFIG,
    ...recordOf(MODES, (mode) => ({
      type: ModeHealthResponse,
      description: `The ${mode} mode`,
      example: exampleOf(ModeHealthResponse),
    })),
  },
);

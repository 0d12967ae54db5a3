import { ApiProperty } from '@nestjs/swagger';

const WHEN = { type: String, format: 'date-time', nullable: true };

export class SecretKeyHealth {
  @ApiProperty({
    enum: ['not_stored', 'works', 'restricted', 'rejected', 'other_mode', 'unreadable', 'unknown'],
    description:
      '`restricted`: genuine, but it may not see its balance; `rejected`: wrong, revoked or expired; `unreadable`: store it again; ' +
      '`unknown`: Stripe has not told yet',
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

export class PreviousWebhookSecretHealth {
  @ApiProperty({ example: 'whsec_...iJkL' })
  masked!: string;

  @ApiProperty({ description: 'Until then its signatures are accepted, too' })
  accepted_until!: Date;

  @ApiProperty({ ...WHEN, description: 'When a replaced secret last verified an event' })
  last_verified_at!: Date | null;
}

export class WebhookSecretHealth {
  @ApiProperty({
    enum: ['not_stored', 'waiting', 'verified'],
    description: '`waiting`: it has not verified an event yet',
  })
  status!: 'not_stored' | 'waiting' | 'verified';

  @ApiProperty({ ...WHEN, description: 'When it last verified an event' })
  last_verified_at!: Date | null;

  @ApiProperty({ type: 'integer', description: 'Webhooks that did not verify since one did' })
  failures!: number;

  @ApiProperty(WHEN)
  last_failure_at!: Date | null;

  @ApiProperty({
    type: PreviousWebhookSecretHealth,
    nullable: true,
    description: 'The secret that the present one replaced',
  })
  previous!: PreviousWebhookSecretHealth | null;
}

export class WebhookEndpointHealth {
  @ApiProperty({ example: 'we_1' })
  id!: string;

  @ApiProperty({ enum: ['service', 'hand'] })
  made_by!: 'service' | 'hand';

  @ApiProperty({
    enum: ['in_use', 'removed', 'left_in_stripe'],
    description:
      '`left_in_stripe`: the configuration was deleted, and Stripe did not remove it; remove it in the Dashboard',
  })
  status!: 'in_use' | 'removed' | 'left_in_stripe';

  @ApiProperty({ ...WHEN, description: 'When it was removed, or could not be' })
  since!: Date | null;
}

export class ModeHealthResponse {
  @ApiProperty()
  secret_key!: SecretKeyHealth;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description:
      'Whether secret and publishable key look like the same account; null when that cannot be told',
  })
  keys_of_same_account!: boolean | null;

  @ApiProperty()
  webhook_secret!: WebhookSecretHealth;

  @ApiProperty({
    type: WebhookEndpointHealth,
    nullable: true,
    description: 'The endpoint in Stripe that the service made or took over',
  })
  webhook_endpoint!: WebhookEndpointHealth | null;
}

export class StripeConfigHealthResponse {
  @ApiProperty({ format: 'uuid' })
  project_id!: string;

  @ApiProperty()
  is_active!: boolean;

  @ApiProperty()
  test!: ModeHealthResponse;

  @ApiProperty()
  live!: ModeHealthResponse;
}

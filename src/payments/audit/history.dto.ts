import { ApiProperty } from '@nestjs/swagger';
import type { ProjectRole } from '../domain/project-access.js';
import { EXAMPLE_TIME, exampleOf } from '../http/openapi/api-documentation.js';
import { CALLER_ROLE } from '../http/openapi/caller-role.js';
import { PaymentsSchema } from '../http/openapi/schema-class.js';
import type { AuditAction } from './audit-entry.entity.js';

@PaymentsSchema('StripeConfigChangedField')
export class StripeConfigChangedField {
  @ApiProperty({ description: 'The credential that changed', example: 'test_secret_key' })
  field!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The mask before; null when nothing was stored',
    example: 'sk_test_...aBcD',
  })
  before!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The mask after; null when it was erased',
    example: 'sk_test_...eFgH',
  })
  after!: string | null;
}

@PaymentsSchema('StripeConfigChange')
export class StripeConfigChange {
  @ApiProperty({ type: 'integer', description: 'The version that the change made', example: 2 })
  version!: number;

  @ApiProperty({
    enum: ['created', 'updated', 'deleted', 'reactivated'],
    description: 'What was done to the configuration',
    example: 'updated',
  })
  action!: AuditAction;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The subject of the access token that made the change; null once who that was has been erased',
    example: 'demo-developer',
  })
  actor!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the actor is called, where that is known',
    example: null,
  })
  actor_name!: string | null;

  @ApiProperty({
    format: 'uuid',
    description: 'The request that made the change, as it stands in the log',
    example: '0b802cef-32b6-4c68-a448-8a94abf661f5',
  })
  request_id!: string;

  @ApiProperty({ description: 'When the change was made', example: EXAMPLE_TIME })
  changed_at!: Date;

  @ApiProperty({
    type: [StripeConfigChangedField],
    description: 'The credentials that changed',
    example: [exampleOf(StripeConfigChangedField)],
  })
  fields!: StripeConfigChangedField[];
}

@PaymentsSchema('StripeConfigHistoryResponse')
export class StripeConfigHistoryResponse {
  @ApiProperty(CALLER_ROLE)
  caller_role!: ProjectRole;

  @ApiProperty({
    type: [StripeConfigChange],
    description: 'Newest first',
    example: [exampleOf(StripeConfigChange)],
  })
  changes!: StripeConfigChange[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'djI',
  })
  next_cursor!: string | null;
}

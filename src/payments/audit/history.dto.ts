import { ApiProperty } from '@nestjs/swagger';
import type { AuditAction } from './audit-entry.entity.js';

export class StripeConfigChangedField {
  @ApiProperty({ example: 'test_secret_key' })
  field!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The mask before; null when nothing was stored' })
  before!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The mask after; null when it was erased' })
  after!: string | null;
}

export class StripeConfigChange {
  @ApiProperty({ type: 'integer', description: 'The version that the change made' })
  version!: number;

  @ApiProperty({ enum: ['created', 'updated', 'deleted', 'reactivated'] })
  action!: AuditAction;

  @ApiProperty({ description: 'The subject of the access token that made the change' })
  actor!: string;

  @ApiProperty({ format: 'uuid', description: 'The request that made the change, as it stands in the log' })
  request_id!: string;

  @ApiProperty()
  changed_at!: Date;

  @ApiProperty({ type: [StripeConfigChangedField] })
  fields!: StripeConfigChangedField[];
}

export class StripeConfigHistoryResponse {
  @ApiProperty({ type: [StripeConfigChange], description: 'Newest first' })
  changes!: StripeConfigChange[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
  })
  next_cursor!: string | null;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class ProjectPaymentConfigResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'My shop' })
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true })
  description!: string | null;

  @ApiProperty({ description: 'Whether the project has an active Stripe configuration' })
  has_payment_config!: boolean;

  @ApiProperty({ description: 'Whether a test secret key is stored' })
  has_test_credentials!: boolean;

  @ApiProperty({ description: 'Whether a live secret key is stored' })
  has_live_credentials!: boolean;

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  test_configured_at!: Date | null;

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  live_configured_at!: Date | null;

  @ApiProperty({ description: 'Whether the project itself is active' })
  is_active!: boolean;

  @ApiProperty({ description: 'When the project was created' })
  created_at!: Date;
}

export class ProjectPaymentConfigListResponse {
  @ApiProperty({ type: [ProjectPaymentConfigResponse] })
  projects!: ProjectPaymentConfigResponse[];

  @ApiProperty({ type: 'integer' })
  total!: number;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ConfiguredAt,
  EXAMPLE_PROJECT_ID,
  EXAMPLE_TIME,
  exampleOf,
} from '../http/openapi/api-documentation.js';

export class ProjectPaymentConfigResponse {
  @ApiProperty({
    format: 'uuid',
    description: 'The unique identifier of the project',
    example: EXAMPLE_PROJECT_ID,
  })
  id!: string;

  @ApiProperty({ description: 'What the project is called', example: 'My shop' })
  name!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'What the project is for',
    example: 'Shoes and bags',
  })
  description!: string | null;

  @ApiProperty({ description: 'Whether the project has an active Stripe configuration', example: true })
  has_payment_config!: boolean;

  @ApiProperty({ description: 'Whether a test secret key is stored', example: true })
  has_test_credentials!: boolean;

  @ApiProperty({ description: 'Whether a live secret key is stored', example: true })
  has_live_credentials!: boolean;

  @ConfiguredAt('test')
  test_configured_at!: Date | null;

  @ConfiguredAt('live')
  live_configured_at!: Date | null;

  @ApiProperty({ description: 'Whether the project itself is active', example: true })
  is_active!: boolean;

  @ApiProperty({ description: 'When the project was created', example: EXAMPLE_TIME })
  created_at!: Date;
}

export class ProjectPaymentConfigListResponse {
  @ApiProperty({
    type: [ProjectPaymentConfigResponse],
    description: 'Oldest first',
    example: [exampleOf(ProjectPaymentConfigResponse)],
  })
  projects!: ProjectPaymentConfigResponse[];

  @ApiProperty({
    type: 'integer',
    description: 'How many projects the caller has, on whatever page',
    example: 1,
  })
  total!: number;
}

import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import {
  EXAMPLE_PROJECT_ID,
  EXAMPLE_TIME,
  exampleOf,
} from '../../payments/http/openapi/api-documentation.js';
import { PaymentsSchema } from '../../payments/http/openapi/schema-class.js';

/** What is shown of a token wherever it is shown. */
abstract class ServiceTokenFields {
  @ApiProperty({
    format: 'uuid',
    description: 'By which it is revoked, and known in the history as `service-token:` and this id',
    example: '7d4f8c2e-3b1a-4c59-9e2d-6f0a1b2c3d4e',
  })
  id!: string;

  @ApiProperty({ description: 'What uses the token', example: 'Deploy pipeline' })
  name!: string;

  @ApiProperty({
    enum: PROJECT_ROLES,
    description: 'What it may do, unless who made it may less',
    example: 'admin',
  })
  role!: ProjectRole;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Who made it; null once who that was has been erased',
    example: 'demo-developer',
  })
  made_by!: string | null;

  @ApiProperty({ description: 'When it was made', example: EXAMPLE_TIME })
  made_at!: Date;

  @ApiProperty({ description: 'Until then it works', example: EXAMPLE_TIME })
  expires_at!: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it was used last, in any of its projects, to a minute; null: never',
    example: EXAMPLE_TIME,
  })
  last_used_at!: Date | null;
}

@PaymentsSchema('ServiceTokenResponse')
export class ServiceTokenResponse extends ServiceTokenFields {
  @ApiProperty({ description: 'Whether it works in other projects as well', example: false })
  is_shared!: boolean;
}

@PaymentsSchema('OwnServiceTokenResponse')
export class OwnServiceTokenResponse extends ServiceTokenFields {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'In which active projects it works',
    example: [EXAMPLE_PROJECT_ID],
  })
  project_ids!: string[];
}

const TOKEN: ApiPropertyOptions = {
  pattern: '^nsc_[0-9A-Za-z]{49}$',
  description: 'The token itself. It is shown this once, and stored nowhere',
  // Its checksum is wrong, so that nobody takes it for one.
  example: `nsc_${'x'.repeat(49)}`,
};

@PaymentsSchema('CreatedServiceTokenResponse')
export class CreatedServiceTokenResponse extends ServiceTokenResponse {
  @ApiProperty(TOKEN)
  token!: string;
}

@PaymentsSchema('CreatedOwnServiceTokenResponse')
export class CreatedOwnServiceTokenResponse extends OwnServiceTokenResponse {
  @ApiProperty(TOKEN)
  token!: string;
}

abstract class PageOfTokens {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'djI',
  })
  next_cursor!: string | null;
}

@PaymentsSchema('ServiceTokenListResponse')
export class ServiceTokenListResponse extends PageOfTokens {
  @ApiProperty({
    type: [ServiceTokenResponse],
    description: 'Oldest first, expired ones included',
    example: [exampleOf(ServiceTokenResponse)],
  })
  service_tokens!: ServiceTokenResponse[];
}

@PaymentsSchema('OwnServiceTokenListResponse')
export class OwnServiceTokenListResponse extends PageOfTokens {
  @ApiProperty({
    type: [OwnServiceTokenResponse],
    description: 'Oldest first, expired ones included',
    example: [exampleOf(OwnServiceTokenResponse)],
  })
  service_tokens!: OwnServiceTokenResponse[];
}

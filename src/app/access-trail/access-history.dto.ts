import { ApiProperty } from '@nestjs/swagger';
import { PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import { EXAMPLE_TIME, exampleOf, wordOrNull } from '../../payments/http/openapi/api-documentation.js';
import { PaymentsSchema } from '../../payments/http/openapi/schema-class.js';
import { ACCESS_ACTIONS, type AccessAction } from './access-trail.statements.js';

@PaymentsSchema('AccessChange')
export class AccessChange {
  @ApiProperty({ type: 'integer', description: 'Counted from 1 in each project', example: 1 })
  version!: number;

  @ApiProperty({ enum: ACCESS_ACTIONS, description: 'What happened', example: 'member_added' })
  action!: AccessAction;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Who did it; null once who that was has been erased',
    example: 'demo-developer',
  })
  actor!: string | null;

  @ApiProperty({
    format: 'uuid',
    description: 'The request that did it, as it stands in the log',
    example: '0b802cef-32b6-4c68-a448-8a94abf661f5',
  })
  request_id!: string;

  @ApiProperty({ description: 'When', example: EXAMPLE_TIME })
  changed_at!: Date;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of a member: who it is; null once that has been erased',
    example: 'demo-colleague',
  })
  subject!: string | null;

  @ApiProperty({ ...wordOrNull(PROJECT_ROLES), description: 'The role before', example: null })
  role_before!: ProjectRole | null;

  @ApiProperty({ ...wordOrNull(PROJECT_ROLES), description: 'The role after', example: 'admin' })
  role_after!: ProjectRole | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Of a service token: which one',
    example: null,
  })
  token_id!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What the token is called', example: null })
  token_name!: string | null;
}

export class AccessHistoryResponse {
  @ApiProperty({ type: [AccessChange], description: 'Newest first', example: [exampleOf(AccessChange)] })
  changes!: AccessChange[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'djI',
  })
  next_cursor!: string | null;
}

import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { PROJECT_ROLES, type ProjectRole } from '../../../payments/domain/project-access.js';
import { refusal } from '../../../payments/http/body/request-body.pipe.js';
import { EXAMPLE_TIME, exampleOf } from '../../../payments/http/openapi/api-documentation.js';
import type { ValidationItem } from '../../../payments/domain/errors.js';

/** What 422 lists where a role is none. */
export const NO_ROLE: ValidationItem = {
  loc: ['body', 'role'],
  msg: `This must be one of ${PROJECT_ROLES.join(', ')}.`,
  type: 'out_of_range',
};

export class SetMemberRequest {
  @ApiProperty({ enum: PROJECT_ROLES, description: 'What they may do in the project', example: 'admin' })
  @IsIn(PROJECT_ROLES, refusal(NO_ROLE.type, NO_ROLE.msg))
  role!: ProjectRole;
}

export class MemberResponse {
  @ApiProperty({ description: 'The `sub` of their access tokens', example: 'demo-colleague' })
  subject!: string;

  @ApiProperty({ enum: PROJECT_ROLES, description: 'What they may do in the project', example: 'admin' })
  role!: ProjectRole;

  @ApiProperty({
    description: 'Whether they created the project, and so are its owner for good',
    example: false,
  })
  is_creator!: boolean;

  @ApiProperty({ description: 'Since when they are a member', example: EXAMPLE_TIME })
  added_at!: Date;
}

export class MemberListResponse {
  @ApiProperty({
    type: [MemberResponse],
    description: 'By their subjects',
    example: [exampleOf(MemberResponse)],
  })
  members!: MemberResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'bWRlbW8',
  })
  next_cursor!: string | null;
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
  Validate,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { PROJECT_ID, EXAMPLE_TIME, exampleOf } from '../../payments/http/openapi/api-documentation.js';
import { CALLER_ROLE } from '../../payments/http/openapi/caller-role.js';
import { refusal } from '../../payments/http/body/request-body.pipe.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import type { ValidationItem } from '../../payments/domain/errors.js';
import { isStorable } from '../../payments/domain/subject.js';

const MAX_NAME_LENGTH = 255;
const MAX_DESCRIPTION_LENGTH = 1000;

@ValidatorConstraint({ name: 'storable' })
class Storable implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isStorable(value);
  }
}

/** A text that PostgreSQL can hold. The first fault is reported, in this order. */
function Text(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString(refusal('not_a_string', 'This must be a text.')),
    MaxLength(maxLength, refusal('too_long', `Use at most ${maxLength} characters.`)),
    Validate(
      Storable,
      refusal('invalid_characters', 'The text has a NUL character or half a surrogate pair; remove it.'),
    ),
  );
}

/** What 422 lists where the name is left empty. */
export const NAME_MISSING: ValidationItem = {
  loc: ['body', 'name'],
  msg: 'Give the project a name.',
  type: 'empty',
};

export class CreateProjectRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'What the project is called',
    example: 'My shop',
  })
  @MinLength(1, refusal(NAME_MISSING.type, NAME_MISSING.msg))
  @Text(MAX_NAME_LENGTH)
  name!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: MAX_DESCRIPTION_LENGTH,
    description: 'What the project is for',
    example: 'Shoes and bags',
  })
  @IsOptional()
  @Text(MAX_DESCRIPTION_LENGTH)
  description?: string | null;
}

export class ProjectResponse {
  @ApiProperty(PROJECT_ID)
  id!: string;

  @ApiProperty({ description: 'What the project is called', example: 'My shop' })
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the project is for',
    example: 'Shoes and bags',
  })
  description!: string | null;

  @ApiProperty({ description: 'False once the project was deleted', example: true })
  is_active!: boolean;

  @ApiProperty({ description: 'When the project was created', example: EXAMPLE_TIME })
  created_at!: Date;

  @ApiProperty(CALLER_ROLE)
  role!: ProjectRole;
}

export class ProjectListResponse {
  @ApiProperty({
    type: [ProjectResponse],
    description: 'Oldest first',
    example: [exampleOf(ProjectResponse)],
  })
  projects!: ProjectResponse[];

  @ApiProperty({
    type: 'integer',
    description: 'How many projects there are, on whatever page',
    example: 1,
  })
  total!: number;
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, MaxLength, MinLength, ValidateBy } from 'class-validator';
import { trimmed } from '../../payments/domain/credential-rules.js';
import { textHoldsCredential } from '../../payments/domain/credential-shape.js';
import { PROJECT_ID, EXAMPLE_TIME, exampleOf } from '../../payments/http/openapi/api-documentation.js';
import { CALLER_ROLE } from '../../payments/http/openapi/caller-role.js';
import { refusal } from '../../payments/http/body/request-body.pipe.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import type { ValidationItem } from '../../payments/domain/errors.js';
import { isReadable, isStorable, isVisible } from '../../payments/domain/subject.js';

const MAX_NAME_LENGTH = 255;
const MAX_DESCRIPTION_LENGTH = 1000;

/** What 422 lists where the name is left empty. */
export const NAME_MISSING: ValidationItem = {
  loc: ['body', 'name'],
  msg: 'Give the project a name.',
  type: 'empty',
};

/** What 422 lists where a credential was pasted into a text that everybody with a role reads. */
export const NAME_IS_CREDENTIAL: ValidationItem = {
  loc: ['body', 'name'],
  msg: 'This holds a credential, which everybody with a role in the project would read; store it in a field of the configuration.',
  type: 'wrong_kind',
};

/** A text that PostgreSQL gives back, people see as it is, and that holds no credential. The first fault is reported, in this order. */
function Text(
  { min, max }: { min: number; max: number },
  isSeen: (text: string) => boolean,
): PropertyDecorator {
  return applyDecorators(
    IsString(refusal('not_a_string', 'This must be a text.')),
    MinLength(min, refusal(NAME_MISSING.type, NAME_MISSING.msg)),
    MaxLength(max, refusal('too_long', `Use at most ${max} characters.`)),
    ValidateBy(
      { name: 'isSeen', validator: ofText((text) => isStorable(text) && isSeen(text)) },
      refusal(
        'invalid_characters',
        'The text has characters that cannot be seen or stored; type it instead of pasting it.',
      ),
    ),
    ValidateBy(
      { name: 'isHarmless', validator: ofText((text) => !textHoldsCredential(text)) },
      refusal(NAME_IS_CREDENTIAL.type, NAME_IS_CREDENTIAL.msg),
    ),
  );
}

function ofText(isAllowed: (text: string) => boolean): { validate(value: unknown): boolean } {
  return { validate: (value) => typeof value === 'string' && isAllowed(value) };
}

export class CreateProjectRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'What the project is called, on one line. White space around it is dropped',
    example: 'My shop',
  })
  @Transform(({ value }: { value: unknown }) => trimmed(value))
  @Text({ min: 1, max: MAX_NAME_LENGTH }, isVisible)
  name!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: MAX_DESCRIPTION_LENGTH,
    description: 'What the project is for; it may have several lines',
    example: 'Shoes and bags',
  })
  @IsOptional()
  @Text({ min: 0, max: MAX_DESCRIPTION_LENGTH }, isReadable)
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

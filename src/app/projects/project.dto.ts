import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength, MinLength, NotContains } from 'class-validator';
import { fault } from '../../payments/http/request-body.pipe.js';

const MAX_NAME_LENGTH = 255;
const MAX_DESCRIPTION_LENGTH = 1000;

/** A text that PostgreSQL can hold. The first fault is told, in this order. */
function Text(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString({ message: fault('not_a_string', 'This must be a text.') }),
    MaxLength(maxLength, { message: fault('too_long', `Use at most ${maxLength} characters.`) }),
    NotContains('\0', { message: fault('invalid_characters', 'The text has a NUL character; remove it.') }),
  );
}

export class CreateProjectRequest {
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'My shop' })
  @MinLength(1, { message: fault('empty', 'Give the project a name.') })
  @Text(MAX_NAME_LENGTH)
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_DESCRIPTION_LENGTH })
  @IsOptional()
  @Text(MAX_DESCRIPTION_LENGTH)
  description?: string | null;
}

export class ProjectResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  description!: string | null;

  @ApiProperty({ description: 'False once the project was deleted' })
  is_active!: boolean;

  @ApiProperty()
  created_at!: Date;
}

export class ProjectListResponse {
  @ApiProperty({ type: [ProjectResponse] })
  projects!: ProjectResponse[];

  @ApiProperty({ type: 'integer' })
  total!: number;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Max, Min, Validate } from 'class-validator';
import { ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { holdsCredential } from '../../payments/domain/credential-shape.js';
import type { ValidationItem } from '../../payments/domain/errors.js';
import { PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import { isStorable, isVisible } from '../../payments/domain/subject.js';
import { refusal } from '../../payments/http/body/request-body.pipe.js';
import { EXAMPLE_TIME, exampleOf } from '../../payments/http/openapi/api-documentation.js';
import { PaymentsSchema } from '../../payments/http/openapi/schema-class.js';
import { NO_ROLE } from '../projects/members/member.dto.js';

const MAX_NAME_LENGTH = 100;
/** What leaks must end by itself. */
const MAX_DAYS = 365;
export const USUAL_DAYS = 90;

/** What 422 lists where the name is none. */
export const NO_NAME: ValidationItem = {
  loc: ['body', 'name'],
  msg: `Give the token a name of 1 to ${MAX_NAME_LENGTH} characters.`,
  type: 'out_of_range',
};

/** What 422 lists where a token would be valid for too long. */
export const NO_DAYS: ValidationItem = {
  loc: ['body', 'expires_in_days'],
  msg: `This must be a whole number from 1 to ${MAX_DAYS}.`,
  type: 'out_of_range',
};

@ValidatorConstraint({ name: 'harmless' })
class Harmless implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (
      typeof value === 'string' && isVisible(value.trim()) && isStorable(value) && !holdsCredential(value)
    );
  }
}

@ValidatorConstraint({ name: 'named' })
class Named implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    const length = typeof value === 'string' ? value.trim().length : 0;
    return length > 0 && length <= MAX_NAME_LENGTH;
  }
}

export class CreateServiceTokenRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'What uses the token: the history names it. White space around it is dropped',
    example: 'Deploy pipeline',
  })
  @Validate(
    Harmless,
    refusal('invalid_characters', 'This is a credential, or has characters that cannot be seen or stored.'),
  )
  @Validate(Named, refusal(NO_NAME.type, NO_NAME.msg))
  @IsString(refusal('not_a_string', 'This must be a text.'))
  name!: string;

  @ApiProperty({
    enum: PROJECT_ROLES,
    description: 'What the token may do in the project: no more than you may, now and later',
    example: 'admin',
  })
  @IsIn(PROJECT_ROLES, refusal(NO_ROLE.type, NO_ROLE.msg))
  role!: ProjectRole;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_DAYS,
    default: USUAL_DAYS,
    description: 'After how many days it expires',
    example: USUAL_DAYS,
  })
  @IsOptional()
  @Max(MAX_DAYS, refusal(NO_DAYS.type, NO_DAYS.msg))
  @Min(1, refusal(NO_DAYS.type, NO_DAYS.msg))
  @IsInt(refusal(NO_DAYS.type, NO_DAYS.msg))
  expires_in_days?: number;
}

@PaymentsSchema('ServiceTokenResponse')
export class ServiceTokenResponse {
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
    description: 'When it was used last, to a minute; null: never',
    example: EXAMPLE_TIME,
  })
  last_used_at!: Date | null;
}

@PaymentsSchema('CreatedServiceTokenResponse')
export class CreatedServiceTokenResponse extends ServiceTokenResponse {
  @ApiProperty({
    pattern: '^nsc_[0-9A-Za-z]{49}$',
    description: 'The token itself. It is shown this once, and stored nowhere',
    // Its checksum is wrong, so that nobody takes it for one.
    example: `nsc_${'x'.repeat(49)}`,
  })
  token!: string;
}

@PaymentsSchema('ServiceTokenListResponse')
export class ServiceTokenListResponse {
  @ApiProperty({
    type: [ServiceTokenResponse],
    description: 'Oldest first, expired ones included',
    example: [exampleOf(ServiceTokenResponse)],
  })
  service_tokens!: ServiceTokenResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'djI',
  })
  next_cursor!: string | null;
}

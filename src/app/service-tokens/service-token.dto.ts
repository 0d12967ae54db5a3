import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  Validate,
  ValidatorConstraint,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { textHoldsCredential } from '../../payments/domain/credential-shape.js';
import type { ValidationItem } from '../../payments/domain/errors.js';
import { PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import { UUIDS } from '../../payments/domain/project-ids.js';
import { isStorable, isVisible } from '../../payments/domain/subject.js';
import { refusal } from '../../payments/http/body/request-body.pipe.js';
import { EXAMPLE_PROJECT_ID, EXAMPLE_TIME } from '../../payments/http/openapi/api-documentation.js';
import { NO_ROLE } from '../projects/members/member.dto.js';
import { inDays, isWithinReach, MAX_DAYS, readTime, USUAL_DAYS } from './token-expiry.js';

const MAX_NAME_LENGTH = 100;
/** How many projects a token may have. */
export const MAX_PROJECTS = 50;

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

/** What 422 lists where a token would end too late, or has ended. */
export const NO_TIME: ValidationItem = {
  loc: ['body', 'expires_at'],
  msg: `This must be a time with its offset, such as ${EXAMPLE_TIME}, later than now and at most ${MAX_DAYS} days away.`,
  type: 'out_of_range',
};

/** What 422 lists where it is said twice when a token ends. */
export const TWO_ENDS: ValidationItem = {
  loc: ['body', 'expires_at'],
  msg: 'Give either expires_at or expires_in_days, not both.',
  type: 'extra_forbidden',
};

/** What 422 lists where a token would have no project, or too many. */
export const NO_PROJECTS: ValidationItem = {
  loc: ['body', 'project_ids'],
  msg: `This must be a list of the ids of 1 to ${MAX_PROJECTS} projects.`,
  type: 'out_of_range',
};

@ValidatorConstraint({ name: 'near' })
class Near implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    const time = typeof value === 'string' ? readTime(value) : undefined;
    return time !== undefined && isWithinReach(time);
  }
}

@ValidatorConstraint({ name: 'only' })
class Only implements ValidatorConstraintInterface {
  validate(_value: unknown, { object }: ValidationArguments): boolean {
    return ((object as CreateServiceTokenRequest).expires_in_days ?? null) === null;
  }
}

@ValidatorConstraint({ name: 'ids' })
class Ids implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return Array.isArray(value) && value.every((id) => UUIDS.find(id) !== undefined);
  }
}

@ValidatorConstraint({ name: 'harmless' })
class Harmless implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (
      typeof value === 'string' && isVisible(value.trim()) && isStorable(value) && !textHoldsCredential(value)
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
    description: 'What the token may do in each of its projects: no more than you may, now and later',
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

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: `When it expires, instead of expires_in_days: at most ${MAX_DAYS} days from now`,
    example: EXAMPLE_TIME,
  })
  @IsOptional()
  @Validate(Near, refusal(NO_TIME.type, NO_TIME.msg))
  @Validate(Only, refusal(TWO_ENDS.type, TWO_ENDS.msg))
  expires_at?: string;
}

/** Of a token for one project or several. */
export class CreateOwnServiceTokenRequest extends CreateServiceTokenRequest {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    minItems: 1,
    maxItems: MAX_PROJECTS,
    description: 'In which projects it works; one that is there twice counts once',
    example: [EXAMPLE_PROJECT_ID],
  })
  @Validate(Ids, refusal('invalid_uuid', 'Each of these must be the id of a project, a UUID.'))
  @ArrayMaxSize(MAX_PROJECTS, refusal(NO_PROJECTS.type, NO_PROJECTS.msg))
  @ArrayMinSize(1, refusal(NO_PROJECTS.type, NO_PROJECTS.msg))
  @IsArray(refusal('not_a_list', NO_PROJECTS.msg))
  project_ids!: string[];
}

/** When the token of a request ends. */
export function endOf({ expires_at, expires_in_days }: CreateServiceTokenRequest): Date {
  const end = typeof expires_at === 'string' ? readTime(expires_at) : undefined;
  return end ?? inDays(expires_in_days ?? USUAL_DAYS);
}

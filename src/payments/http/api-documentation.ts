import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSchema,
  ApiSecurity,
  getSchemaPath,
} from '@nestjs/swagger';
import { MODES } from '../stripe-config/stripe-keys.js';
import { ANSWERS, type AnswerCode } from './error-answer.js';

/** Names of the security schemes in the OpenAPI document; the host declares what is behind them. */
export const SECURITY_SCHEMES = { oauth2: 'OAuth2', bearer: 'Bearer' } as const;

@ApiSchema({ description: 'One refused part of the request.' })
class ValidationError {
  @ApiProperty({
    type: 'array',
    items: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    example: ['body', 'test_secret_key'],
  })
  loc!: (string | number)[];

  @ApiProperty({ description: 'What is wrong and how to mend it; never a piece of the input' })
  msg!: string;

  @ApiProperty({ description: 'A stable name of the cause', example: 'wrong_mode' })
  type!: string;
}

class HTTPValidationError {
  @ApiPropertyOptional({ type: [ValidationError] })
  detail!: ValidationError[];
}

@ApiSchema({ description: 'An error. With Accept: application/problem+json it is a problem of RFC 9457.' })
class ErrorResponse {
  @ApiProperty({ description: 'What is wrong and how to mend it' })
  detail!: string;

  @ApiProperty({ format: 'uri', example: 'urn:nest-stripe-config:error:not_project_owner' })
  type!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty({ type: 'integer' })
  status!: number;

  @ApiProperty({ description: 'A stable name of the error' })
  code!: string;

  @ApiProperty({ format: 'uri', description: 'The id of the request, as it stands in the log' })
  instance!: string;
}

@ApiSchema({ description: 'A refused request as a problem of RFC 9457.' })
class ValidationProblem extends ErrorResponse {
  @ApiProperty({ type: [ValidationError] })
  errors!: ValidationError[];
}

/** Documents that a valid access token is needed. */
export function ApiAccess(): ClassDecorator & MethodDecorator {
  return applyDecorators(ApiSecurity(SECURITY_SCHEMES.oauth2), ApiSecurity(SECURITY_SCHEMES.bearer));
}

/** Documents the project of the path. */
export function ApiProjectId(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    ApiParam({
      name: 'project_id',
      schema: { type: 'string', format: 'uuid' },
      description: 'The unique identifier of the project',
    }),
  );
}

/** Documents the mode of the path. */
export function ApiMode(): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiParam({ name: 'mode', schema: { type: 'string', enum: [...MODES] } }));
}

/** Documents the entity tag of an answer. */
export const ENTITY_TAG_HEADER = {
  ETag: {
    description: 'The version of the configuration, for If-Match',
    schema: { type: 'string' as const },
  },
};

/** Documents a header that makes a request conditional (RFC 9110 section 13). */
export function ApiCondition(name: 'If-Match' | 'If-None-Match', description: string): MethodDecorator {
  return ApiHeader({ name, description, required: false, schema: { type: 'string' } });
}

/**
 * Documents the errors of an operation; 500 goes without saying.
 *
 * @param errors statuses, for the errors that many operations have, and the codes of those that this one has
 */
export function ApiErrors(...errors: (number | AnswerCode)[]): ClassDecorator & MethodDecorator {
  const codes = [...errors, 500].flatMap((error) =>
    typeof error === 'string' ? [error] : commonCodes(error),
  );
  const statuses = [...new Set(codes.map((code) => ANSWERS[code].status))].sort((a, b) => a - b);
  return applyDecorators(
    ApiExtraModels(HTTPValidationError, ErrorResponse, ValidationProblem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        ...(status === 422 ? VALIDATION : describe(codes.filter((code) => ANSWERS[code].status === status))),
      }),
    ),
  );
}

/** Errors that only the operations have that name them. */
const SPECIAL: ReadonlySet<AnswerCode> = new Set([
  'secret_unreadable',
  'invalid_signature',
  'webhook_not_found',
  'event_not_found',
  'credentials_missing',
  'event_not_replayable',
  'stripe_refused',
  'webhook_endpoint_limit',
]);

function commonCodes(status: number): AnswerCode[] {
  return (Object.keys(ANSWERS) as AnswerCode[]).filter(
    (code) => ANSWERS[code].status === status && !SPECIAL.has(code),
  );
}

const VALIDATION = {
  description: 'Validation Error',
  content: {
    'application/json': { schema: { $ref: getSchemaPath(HTTPValidationError) } },
    'application/problem+json': { schema: { $ref: getSchemaPath(ValidationProblem) } },
  },
};

function describe(codes: AnswerCode[]): object {
  const schema = { $ref: getSchemaPath(ErrorResponse) };
  return {
    description: codes.map((code) => `${ANSWERS[code].title} (\`${code}\`)`).join(', '),
    content: { 'application/json': { schema }, 'application/problem+json': { schema } },
  };
}

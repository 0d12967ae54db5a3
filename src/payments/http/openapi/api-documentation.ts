import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiParam,
  ApiResponse,
  ApiSecurity,
  getSchemaPath,
  type ApiPropertyOptions,
} from '@nestjs/swagger';
import { MODES, type Mode } from '../../domain/credentials.js';
import type { ValidationItem } from '../../domain/errors.js';
import { ANSWERS } from '../errors/error-catalogue.js';
import type { AnswerCode } from '../errors/answer-code.js';
import {
  ErrorResponse,
  HTTPValidationError,
  INVALID_PROJECT_ID,
  ValidationProblem,
  examplesOf,
} from './error-schemas.js';

/** Documents that a caller must be known, by one of these security schemes of the document. */
export function ApiAccess(schemes: readonly string[]): ClassDecorator & MethodDecorator {
  return applyDecorators(...schemes.map((scheme) => ApiSecurity(scheme)));
}

/** How an operation is documented that needs no access token. */
export const PUBLIC = { security: [] };

/** A project's id in the documentation's examples. */
export const EXAMPLE_PROJECT_ID = '550e8400-e29b-41d4-a716-446655440000';
/** Where Stripe reaches a project, in the documentation's examples. */
export const EXAMPLE_WEBHOOK_URL = `https://payments.example/api/v1/payments/stripe/webhooks/${EXAMPLE_PROJECT_ID}`;
/** A time in the documentation's examples. */
export const EXAMPLE_TIME = '2026-01-24T10:00:00.000Z';

/** The fields that a request or response class documents. */
export function fieldsOf({ prototype }: Type): string[] {
  const fields = (Reflect.getMetadata(MODEL_FIELDS, prototype as object) as string[] | undefined) ?? [];
  return fields.map((field) => field.replace(/^:/, ''));
}

/** An object of a response class, made of the examples of its fields. */
export function exampleOf(type: Type): Record<string, unknown> {
  const prototype = type.prototype as object;
  return Object.fromEntries(
    fieldsOf(type).map((name) => {
      const metadata = Reflect.getMetadata(MODEL_FIELD, prototype, name) as { example?: unknown };
      return [name, metadata.example];
    }),
  );
}

/** Metadata keys of the decorators of `@nestjs/swagger`. */
const MODEL_FIELDS = 'swagger/apiModelPropertiesArray';
const MODEL_FIELD = 'swagger/apiModelProperties';

/** Documents the project that a response is about. */
export const PROJECT_ID = {
  type: String,
  format: 'uuid',
  description: 'The unique identifier of the project',
  example: EXAMPLE_PROJECT_ID,
} satisfies ApiPropertyOptions;

/** Documents whether a configuration is in use. */
export const IS_ACTIVE_CONFIG = {
  type: Boolean,
  description: 'False once the configuration was deleted, until the next PUT',
  example: true,
} satisfies ApiPropertyOptions;

/** Documents when a mode's credentials were last written. */
export function configuredAt(mode: Mode): ApiPropertyOptions {
  return {
    type: String,
    required: false,
    format: 'date-time',
    nullable: true,
    example: EXAMPLE_TIME,
    description: `When a credential of the ${mode} mode was last written; null when none is stored`,
  };
}

/** Documents whether a mode can be used. */
export function hasCredentials(mode: Mode): ApiPropertyOptions {
  return { type: Boolean, description: `Whether a ${mode} secret key is stored`, example: true };
}

/** A field that holds one of a list of words, or null. */
export function wordOrNull(words: readonly string[]): { type: 'string'; enum: unknown[]; nullable: true } {
  return { type: 'string', enum: [...words, null], nullable: true };
}

/** Documents the project of the path. */
export function ApiProjectId(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    ApiParam({
      name: 'project_id',
      schema: { type: 'string', format: 'uuid' },
      description: PROJECT_ID.description,
      examples: { project: { value: EXAMPLE_PROJECT_ID } },
    }),
  );
}

/** Documents the mode of the path. */
export function ApiMode(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiParam({
      name: 'mode',
      schema: { type: 'string', enum: [...MODES] },
      description: 'Stripe’s mode',
      examples: { test: { value: 'test' } },
    }),
  );
}

/** Documents the entity tag of an answer. */
export const ENTITY_TAG_HEADER = {
  ETag: {
    description: 'The version of the configuration, for If-Match',
    schema: { type: 'string' as const },
    example: '"1"',
  },
};

/** Documents a header that makes a request conditional (RFC 9110 section 13). */
export function ApiCondition(name: 'If-Match' | 'If-None-Match', description: string): MethodDecorator {
  return ApiHeader({ name, description, required: false, schema: { type: 'string' } });
}

/** An error of an operation: its status, its code, or an example of what its 422 lists. */
export type DocumentedError = number | AnswerCode | ValidationItem;

/**
 * Documents the errors of an operation; 500 is always included.
 *
 * @param errors statuses, for the errors that many operations have, the codes of those that this one has, and examples of what
 *   its 422 lists
 */
export function ApiErrors(...errors: DocumentedError[]): ClassDecorator & MethodDecorator {
  const items = errors.filter((error) => typeof error === 'object');
  const codes = [...errors, 500].flatMap((error): AnswerCode[] => {
    if (typeof error === 'object') return ['validation_failed'];
    return typeof error === 'string' ? [error] : commonCodes(error);
  });
  if (errors.includes(422)) items.unshift(INVALID_PROJECT_ID);
  const statuses = [...new Set(codes.map((code) => ANSWERS[code].status))].sort((a, b) => a - b);
  return applyDecorators(
    ApiExtraModels(HTTPValidationError, ErrorResponse, ValidationProblem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        ...(status === 422
          ? describeRefusal(items)
          : describe(
              status,
              codes.filter((code) => ANSWERS[code].status === status),
            )),
      }),
    ),
  );
}

/** Errors that only the operations have that name them. */
const SPECIAL: ReadonlySet<AnswerCode> = new Set([
  'insufficient_role',
  'config_not_found',
  'secret_unreadable',
  'invalid_signature',
  'stale_signature',
  'unreadable_event',
  'wrong_mode_event',
  'webhook_not_found',
  'event_not_found',
  'credentials_missing',
  'event_not_replayable',
  'stripe_refused',
  'webhook_endpoint_limit',
  'project_limit_reached',
  'member_limit_reached',
  'creator_stays_owner',
  'member_not_found',
  'service_token_refused',
  'service_token_not_found',
  'service_token_limit_reached',
]);

function commonCodes(status: number): AnswerCode[] {
  return (Object.keys(ANSWERS) as AnswerCode[]).filter(
    (code) => ANSWERS[code].status === status && !SPECIAL.has(code),
  );
}

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

/** A list as the contract documents it, or a problem. */
function describeRefusal(items: ValidationItem[]): object {
  const content = (mediaType: string, schema: typeof ErrorResponse | typeof HTTPValidationError) => ({
    [mediaType]: {
      schema: { $ref: getSchemaPath(schema) },
      examples: examplesOf(['validation_failed'], mediaType, items),
    },
  });
  return {
    description: 'Validation Error',
    content: {
      ...content(JSON_TYPE, HTTPValidationError),
      ...content(PROBLEM_TYPE, ValidationProblem),
    },
  };
}

function describe(status: number, codes: AnswerCode[]): object {
  const unique = [...new Set(codes)];
  const schema = {
    allOf: [
      { $ref: getSchemaPath(ErrorResponse) },
      {
        type: 'object',
        required: ['status', 'code'],
        properties: {
          status: {
            type: 'integer',
            enum: [status],
            description: 'The status of the response',
            example: status,
          },
          code: {
            type: 'string',
            enum: unique,
            description: 'A stable name of the error',
            example: unique[0],
          },
        },
      },
    ],
  };
  const content = (mediaType: string) => ({
    [mediaType]: { schema, examples: examplesOf(unique, mediaType) },
  });
  return {
    description: unique.map((code) => `${ANSWERS[code].title} (\`${code}\`)`).join(', '),
    content: { ...content(JSON_TYPE), ...content(PROBLEM_TYPE) },
  };
}

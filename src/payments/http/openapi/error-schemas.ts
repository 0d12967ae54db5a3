import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ValidationCause, ValidationItem } from '../../domain/errors.js';
import { UUIDS } from '../../domain/project-ids.js';
import { errorAnswer } from '../errors/error-answer.js';
import { ANSWERS } from '../errors/error-catalogue.js';
import type { AnswerCode } from '../errors/answer-code.js';
import { CAUSES_WITH_UUIDS } from '../errors/validation-causes.js';
import { PaymentsSchema } from './schema-class.js';

/** The request id of the documentation's examples. */
const EXAMPLE_REQUEST_ID = '0b802cef-32b6-4c68-a448-8a94abf661f5';

const EXAMPLE = errorAnswer(
  'not_project_owner',
  ANSWERS.not_project_owner.example,
  EXAMPLE_REQUEST_ID,
  undefined,
).body;

/** Documents a field that holds one of the names of a catalogue, with what to do about each. */
function ApiNameOf(
  catalogue: Record<string, { fix: string }>,
  description: string,
  example: unknown,
): PropertyDecorator {
  const fixes = Object.entries(catalogue).map(([name, { fix }]) => `- \`${name}\`: ${fix}`);
  return ApiProperty({
    type: String,
    enum: Object.keys(catalogue),
    description: [`${description}. What to do about each:`, '', ...fixes].join('\n'),
    example,
  });
}

/** What 422 lists where a path's project is no UUID. */
export const INVALID_PROJECT_ID = UUIDS.refusal;

@PaymentsSchema('ValidationError', { description: 'One refused part of the request.' })
export class ValidationError {
  @ApiProperty({
    type: 'array',
    items: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    description: 'Where it is: `body`, `path`, `query` or `header`, then the names inward',
    example: INVALID_PROJECT_ID.loc,
  })
  loc!: (string | number)[];

  @ApiProperty({
    description: 'What is wrong and how to fix it; never a piece of the input',
    example: INVALID_PROJECT_ID.msg,
  })
  msg!: string;

  @ApiNameOf(CAUSES_WITH_UUIDS, 'A stable name of the cause', INVALID_PROJECT_ID.type)
  type!: ValidationCause;
}

// The contract documents the list alone.
@PaymentsSchema('HTTPValidationError', { additionalProperties: true })
export class HTTPValidationError {
  @ApiPropertyOptional({
    type: [ValidationError],
    description: 'Every refused part of the request',
    example: [INVALID_PROJECT_ID],
  })
  detail!: ValidationError[];
}

@PaymentsSchema('ErrorResponse', {
  description: 'An error. With Accept: application/problem+json it is a problem of RFC 9457.',
})
export class ErrorResponse {
  @ApiProperty({ description: 'What is wrong and how to fix it', example: EXAMPLE.detail })
  detail!: string;

  @ApiProperty({ format: 'uri', description: 'The error as a URI', example: EXAMPLE.type })
  type!: string;

  @ApiProperty({ description: 'The error in a few words', example: EXAMPLE.title })
  title!: string;

  @ApiProperty({ type: 'integer', description: 'The status of the response', example: EXAMPLE.status })
  status!: number;

  @ApiNameOf(ANSWERS, 'A stable name of the error', EXAMPLE.code)
  code!: AnswerCode;

  @ApiProperty({
    format: 'uri',
    description: 'The id of the request, as it stands in the log',
    example: EXAMPLE.instance,
  })
  instance!: string;
}

@PaymentsSchema('ValidationProblem', { description: 'A refused request as a problem of RFC 9457.' })
export class ValidationProblem extends ErrorResponse {
  @ApiProperty({
    type: String,
    enum: ['validation_failed'],
    description: 'A stable name of the error',
    example: 'validation_failed',
  })
  override code = 'validation_failed' as const;

  @ApiProperty({
    type: [ValidationError],
    description: 'Every refused part of the request',
    example: [INVALID_PROJECT_ID],
  })
  errors!: ValidationError[];
}

/**
 * Examples of answers, each as it is sent.
 *
 * @param items for 422: what is refused, an example for each
 */
export function examplesOf(
  codes: readonly AnswerCode[],
  mediaType: string,
  items: readonly ValidationItem[] = [],
): Record<string, { summary: string; value: unknown }> {
  const answer = (code: AnswerCode, list?: ValidationItem[]) =>
    errorAnswer(code, ANSWERS[code].example, EXAMPLE_REQUEST_ID, mediaType, list).body;
  const examples = codes.flatMap((code): [string, { summary: string; value: unknown }][] =>
    code === 'validation_failed'
      ? items.map((item) => [item.type, { summary: item.msg, value: answer(code, [item]) }])
      : [[code, { summary: ANSWERS[code].title, value: answer(code) }]],
  );
  return Object.fromEntries(examples);
}

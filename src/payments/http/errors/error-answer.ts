import { ANSWERS } from './error-catalogue.js';
import type { AnswerCode } from './answer-code.js';

/** An error as it is sent: the documented shape, with the members of a problem (RFC 9457) beside it. */
export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/**
 * Builds the answer to an error.
 *
 * @param detail a fixed sentence that holds nothing of the request
 * @param requestId a UUID; the answer's `instance`
 * @param accept the request's `Accept`; naming `application/problem+json` chooses that form
 * @param items the list of a 422
 */
export function errorAnswer(
  code: AnswerCode,
  detail: string,
  requestId: string,
  accept: string | undefined,
  items?: readonly unknown[],
): ErrorAnswer {
  const { status, title, headers } = ANSWERS[code];
  const problem = accept?.toLowerCase().includes('application/problem+json') ?? false;
  return {
    status,
    headers: {
      'Content-Type': problem ? 'application/problem+json' : 'application/json',
      'Cache-Control': 'no-store',
      ...headers,
    },
    body: {
      detail: items === undefined || problem ? detail : items,
      ...(items !== undefined && problem && { errors: items }),
      type: `urn:nest-stripe-config:error:${code}`,
      title,
      status,
      code,
      instance: `urn:uuid:${requestId}`,
    },
  };
}

import { HttpException } from '@nestjs/common';
import { PaymentsError, RateLimited, ValidationFailed } from '../../domain/errors.js';
import { errorAnswer, type ErrorAnswer } from './error-answer.js';

/**
 * One of our errors in a controller of the host: an `HttpException` with the documented status and body, for the host's own filters.
 * Its `cause` is the error.
 */
export class RefusalException extends HttpException {
  override readonly cause: PaymentsError;

  constructor(error: PaymentsError, answer: ErrorAnswer) {
    super(answer.body, answer.status, { cause: error });
    this.cause = error;
  }
}

/** The answer to one of our errors, for a request with this id and this `Accept`. */
export function answerTo(error: PaymentsError, requestId: string, accept: string | undefined): ErrorAnswer {
  const items = error instanceof ValidationFailed ? error.items : undefined;
  const answer = errorAnswer(error.code, error.message, requestId, accept, items);
  if (error instanceof RateLimited) answer.headers['Retry-After'] = String(error.retryAfter);
  return answer;
}

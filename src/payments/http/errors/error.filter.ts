import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { databaseFaultOf } from '../../database/database-fault.js';
import { HostFault } from '../../domain/host-fault.js';
import { DependencyUnavailable, PaymentsError, ValidationFailed } from '../../domain/errors.js';
import { TokenRefused } from '../access/access-token.js';
import { describeError } from '../../common/describe-error.js';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { errorAnswer } from './error-answer.js';
import type { AnswerCode } from './answer-code.js';
import { REFUSAL, requestIdOf, requestOf, type Refusal } from '../http-request.js';
import { RefusalException, answerTo } from './refusal.exception.js';
import { MethodNotAllowed } from './method-not-allowed.js';

/**
 * Answers every error in the documented shape with texts of our own, so that nothing of the request, of another
 * service or of the code can leak through a message.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new PaymentsLogger(ErrorFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = thrown instanceof RefusalException ? thrown.cause : thrown;
    const request = requestOf(host);
    const response: unknown = host.switchToHttp().getResponse();
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter.isHeadersSent(response)) return;

    const requestId = requestIdOf(request);
    const { code, detail } = classify(error);
    request[REFUSAL] = refusalOf(code, error);
    this.log(request[REFUSAL], code, error, requestId);
    const { accept } = request.headers;
    const answer =
      error instanceof PaymentsError
        ? answerTo(error, requestId, accept)
        : errorAnswer(code, detail, requestId, accept);
    if (error instanceof MethodNotAllowed) answer.headers.Allow = error.allowed.join(', ');
    for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, JSON.stringify(answer.body), answer.status);
  }

  private log(refusal: Refusal, code: AnswerCode, error: unknown, requestId: string): void {
    if (error instanceof DependencyUnavailable) {
      const known = error.dependency === 'database' ? databaseFaultOf(error.cause) : undefined;
      const { stack, ...description } = describeError(error.cause);
      const { dependency } = error;
      this.logger.write('request.failed', {
        requestId,
        code,
        dependency,
        ...description,
        ...(known ?? { stack }),
      });
    } else if (LOGGED_CAUSES.has(code) && error instanceof Error) {
      this.logger.write('request.failed', { requestId, code, ...describeError(error.cause) });
    } else if (code === 'internal_error') {
      const event = error instanceof HostFault ? 'host.value_invalid' : 'request.error';
      this.logger.write(event, { requestId, code, ...describeError(error) });
    } else {
      this.logger.write('request.refused', { requestId, ...refusal });
    }
  }
}

/** The names of unknown fields are input, so only their place is logged. */
function refusalOf(code: AnswerCode, error: unknown): Refusal {
  return {
    code,
    ...(error instanceof TokenRefused && { reason: error.reason, explanation: error.explanation }),
    ...(error instanceof ValidationFailed && {
      causes: error.items.map(
        ({ loc, type }) => `${(type === 'extra_forbidden' ? loc.slice(0, 1) : loc).join('.')}: ${type}`,
      ),
    }),
  };
}

/** Errors whose cause the operator may want to see. */
const LOGGED_CAUSES: ReadonlySet<AnswerCode> = new Set([
  'write_outcome_unknown',
  'stripe_unavailable',
  'stripe_timeout',
  'stripe_refused',
]);

/** The answers to refusals of a host's guards. */
const HOST_REFUSALS: Partial<Record<number, { code: AnswerCode; detail: string }>> = {
  401: { code: 'not_authenticated', detail: 'Sign in first.' },
  403: { code: 'access_denied', detail: 'You may not do this.' },
  429: { code: 'rate_limited', detail: 'There were too many requests; try again later.' },
};

function classify(error: unknown): { code: AnswerCode; detail: string } {
  if (error instanceof PaymentsError) return { code: error.code, detail: error.message };
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  const byHost = HOST_REFUSALS[status];
  if (byHost !== undefined) return byHost;
  if (status === 404) return { code: 'not_found', detail: 'There is nothing at this address.' };
  if (status >= 400 && status < 500) {
    return { code: 'malformed_request', detail: 'The request is malformed.' };
  }
  return {
    code: 'internal_error',
    detail: 'Something went wrong here; the operator can find it in the log by the request id.',
  };
}

/** Fastify's own errors carry their status. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : 500;
}

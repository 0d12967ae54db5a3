import type { ErrorCode } from '../../domain/errors.js';

/** The codes of {@link ErrorCode}, and those that only a server has. */
export type AnswerCode =
  | ErrorCode
  | 'not_found'
  | 'malformed_request'
  | 'request_timeout'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'method_not_implemented'
  | 'internal_error';

interface AnswerKind {
  status: number;
  title: string;
  /** A sentence that answers of this kind have, for the documentation. */
  example: string;
  /** Headers that the standards ask for with this answer. */
  headers?: Record<string, string>;
}

/** Seconds after which a caller may try again what a missing dependency stopped. */
const RETRY_AFTER = { 'Retry-After': '2' };

/** Every error there is, once. `WWW-Authenticate` as RFC 6750 section 3 has it. */
export const ANSWERS: Record<AnswerCode, AnswerKind> = {
  not_authenticated: {
    status: 401,
    title: 'Not authenticated',
    example: 'Send an access token in the header "Authorization: Bearer <token>".',
    headers: { 'WWW-Authenticate': 'Bearer' },
  },
  invalid_token: {
    status: 401,
    title: 'Invalid token',
    example: 'The access token is malformed, expired, or not meant for this service; get a new one.',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    example: 'The access token lacks the scope that this service requires.',
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  },
  access_denied: { status: 403, title: 'Access denied', example: 'You may not do this.' },
  not_project_owner: {
    status: 403,
    title: 'Not the owner of the project',
    example: 'Only the owner of this project may do this.',
  },
  project_not_found: {
    status: 404,
    title: 'Project not found',
    example: 'There is no such project, or it is inactive.',
  },
  config_not_found: {
    status: 404,
    title: 'Configuration not found',
    example: 'This project has never had a Stripe configuration.',
  },
  not_found: { status: 404, title: 'Not found', example: 'There is nothing at this address.' },
  malformed_request: { status: 400, title: 'Malformed request', example: 'The request is malformed.' },
  request_timeout: {
    status: 408,
    title: 'Request timed out',
    example: 'The request did not arrive in time; send it again.',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    example: 'This service meets no expectation but 100-continue; send the request without Expect.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    example: 'The address and the headers are too large together; send fewer or shorter ones.',
  },
  method_not_implemented: {
    status: 501,
    title: 'Method not implemented',
    example: 'No address of this service offers that method.',
  },
  malformed_body: {
    status: 400,
    title: 'Malformed body',
    example: 'The body must be one JSON object in UTF-8.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    example: 'This address does not offer that method; the Allow header lists those it does.',
  },
  invalid_signature: {
    status: 400,
    title: 'Invalid signature',
    example:
      'This is no webhook of Stripe for this address; check that the signing secret of this endpoint is the stored one.',
  },
  stale_signature: {
    status: 400,
    title: 'Stale signature',
    example:
      'The signature is right, but more than 5 minutes old or ahead; check the clock of this service, and let Stripe send the event again.',
  },
  unreadable_event: {
    status: 400,
    title: 'Unreadable event',
    example:
      'The signature is right, but the body is no event that can be read; check what this endpoint is set to send.',
  },
  wrong_mode_event: {
    status: 400,
    title: 'Event of the other mode',
    example:
      'The signature is right, but the event belongs to the other mode; register the address of that mode in Stripe.',
  },
  webhook_not_found: {
    status: 404,
    title: 'Webhook not found',
    example: 'No webhooks are taken at this address; store a webhook secret for this project and mode first.',
  },
  event_not_found: { status: 404, title: 'Event not found', example: 'This project has no such event.' },
  project_limit_reached: {
    status: 409,
    title: 'Too many projects',
    example:
      'You have as many projects as this service allows, deleted ones included; use one of them, or ask its operator for more.',
  },
  credentials_missing: {
    status: 409,
    title: 'Credentials missing',
    example: 'This project has no test secret key; store one with a PUT of its configuration first.',
  },
  event_not_replayable: {
    status: 409,
    title: 'Event not replayable',
    example:
      'Only events that failed or were skipped can be handled again; this one is waiting, or was handled.',
  },
  stripe_refused: {
    status: 409,
    title: 'Stripe refused',
    example:
      'Stripe does not accept the stored secret key; store a current one with a PUT of the configuration.',
  },
  webhook_endpoint_limit: {
    status: 409,
    title: 'Too many webhook endpoints',
    example:
      'The Stripe account has as many webhook endpoints as Stripe allows; remove one in the Stripe Dashboard.',
  },
  secret_unreadable: {
    status: 409,
    title: 'Stored secret unreadable',
    example: 'The stored credential cannot be opened; store it again with a PUT.',
  },
  version_conflict: {
    status: 412,
    title: 'Version conflict',
    example:
      'The configuration is not in the state that this request expects; get it again and repeat the change on that.',
  },
  body_too_large: { status: 413, title: 'Body too large', example: 'The body is larger than 16 KiB.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    example: 'Send the body as application/json in UTF-8, not compressed.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    example: 'The request is not valid; the list says what to mend.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    example: 'There were too many requests; try again after the time in the header Retry-After.',
  },
  stripe_unavailable: {
    status: 502,
    title: 'Stripe unavailable',
    example:
      'Stripe could not be asked, or gave no usable answer; nothing is known about the key. Try again shortly.',
    headers: RETRY_AFTER,
  },
  stripe_timeout: {
    status: 504,
    title: 'Stripe timed out',
    example: 'Stripe did not answer in time; nothing is known about the key. Try again shortly.',
    headers: RETRY_AFTER,
  },
  dependency_unavailable: {
    status: 503,
    title: 'Dependency unavailable',
    example: 'A service that this request needs is not reachable; try again shortly.',
    headers: RETRY_AFTER,
  },
  write_outcome_unknown: {
    status: 503,
    title: 'Outcome of the write unknown',
    example:
      'The answer of the database was lost, so it is not known whether the change was made; repeating the same request is safe.',
    headers: RETRY_AFTER,
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    example: 'Something went wrong here; the operator can find it in the log by the request id.',
  },
};

/** An error as it is answered: the documented shape, with the members of a problem (RFC 9457) beside it. */
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

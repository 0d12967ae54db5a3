import type { ErrorCode } from '../payments.errors.js';

/** The codes of {@link ErrorCode}, and those that only a server has. */
export type AnswerCode = ErrorCode | 'not_found' | 'malformed_request' | 'internal_error';

interface AnswerKind {
  status: number;
  title: string;
  /** Headers that the standards ask for with this answer. */
  headers?: Record<string, string>;
}

/** Seconds after which a caller may try again what a missing dependency stopped. */
const RETRY_AFTER = { 'Retry-After': '2' };

/** Every error there is, once. `WWW-Authenticate` as RFC 6750 section 3 has it. */
export const ANSWERS: Record<AnswerCode, AnswerKind> = {
  not_authenticated: { status: 401, title: 'Not authenticated', headers: { 'WWW-Authenticate': 'Bearer' } },
  invalid_token: {
    status: 401,
    title: 'Invalid token',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  },
  access_denied: { status: 403, title: 'Access denied' },
  not_project_owner: { status: 403, title: 'Not the owner of the project' },
  project_not_found: { status: 404, title: 'Project not found' },
  config_not_found: { status: 404, title: 'Configuration not found' },
  not_found: { status: 404, title: 'Not found' },
  malformed_request: { status: 400, title: 'Malformed request' },
  malformed_body: { status: 400, title: 'Malformed body' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  invalid_signature: { status: 400, title: 'Invalid signature' },
  webhook_not_found: { status: 404, title: 'Webhook not found' },
  event_not_found: { status: 404, title: 'Event not found' },
  credentials_missing: { status: 409, title: 'Credentials missing' },
  event_not_replayable: { status: 409, title: 'Event not replayable' },
  stripe_refused: { status: 409, title: 'Stripe refused' },
  webhook_endpoint_limit: { status: 409, title: 'Too many webhook endpoints' },
  secret_unreadable: { status: 409, title: 'Stored secret unreadable' },
  version_conflict: { status: 412, title: 'Version conflict' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation_failed: { status: 422, title: 'Validation failed' },
  rate_limited: { status: 429, title: 'Too many requests' },
  stripe_unavailable: { status: 502, title: 'Stripe unavailable', headers: RETRY_AFTER },
  stripe_timeout: { status: 504, title: 'Stripe timed out', headers: RETRY_AFTER },
  dependency_unavailable: { status: 503, title: 'Dependency unavailable', headers: RETRY_AFTER },
  write_outcome_unknown: { status: 503, title: 'Outcome of the write unknown', headers: RETRY_AFTER },
  internal_error: { status: 500, title: 'Internal error' },
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

import type { Mode } from './credentials.js';
/** The stable codes of everything that can go wrong, one for each cause a caller may act on. */
export type ErrorCode =
  | 'not_authenticated'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'access_denied'
  | 'not_project_owner'
  | 'insufficient_role'
  | 'project_not_found'
  | 'project_limit_reached'
  | 'member_limit_reached'
  | 'creator_stays_owner'
  | 'member_not_found'
  | 'service_token_invalid'
  | 'service_token_expired'
  | 'service_token_revoked'
  | 'service_token_refused'
  | 'service_token_not_found'
  | 'service_token_limit_reached'
  | 'config_not_found'
  | 'malformed_body'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'method_not_allowed'
  | 'validation_failed'
  | 'version_conflict'
  | 'secret_unreadable'
  | 'credentials_missing'
  | 'rate_limited'
  | 'stripe_unavailable'
  | 'stripe_timeout'
  | 'stripe_refused'
  | 'webhook_not_found'
  | 'webhook_endpoint_limit'
  | 'invalid_signature'
  | 'stale_signature'
  | 'unreadable_event'
  | 'wrong_mode_event'
  | 'event_not_found'
  | 'event_not_replayable'
  | 'dependency_unavailable'
  | 'write_outcome_unknown';

/**
 * Something went wrong that may be reported to the caller. Its message is a fixed sentence that names the cause and the
 * fix, never a piece of the input or another service's words.
 */
export class PaymentsError extends Error {
  override name = 'PaymentsError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Why a value was refused: the stable `type` of an item in a 422 answer. */
export type ValidationCause =
  | 'wrong_prefix'
  | 'wrong_mode'
  | 'wrong_kind'
  | 'quoted_value'
  | 'bearer_prefix'
  | 'assignment'
  | 'json_value'
  | 'authorization_header'
  | 'trailing_characters'
  | 'masked_value'
  | 'contains_whitespace'
  | 'invalid_characters'
  | 'too_short'
  | 'too_long'
  | 'empty'
  | 'missing'
  | 'same_secret_in_both_modes'
  | 'extra_forbidden'
  | 'not_a_string'
  | 'not_a_boolean'
  | 'not_a_list'
  | 'invalid_uuid'
  | 'invalid_id'
  | 'invalid_cursor'
  | 'out_of_range';

/** One refused part of a request. */
export interface ValidationItem {
  /** Where it is: `body`, `path`, `query` or `header`, then the names inward. */
  loc: (string | number)[];
  /** A sentence that says what is wrong and how to fix it. */
  msg: string;
  type: ValidationCause;
}

/** A request that was understood and refused, with every fault found in it. */
export class ValidationFailed extends PaymentsError {
  override name = 'ValidationFailed';

  constructor(readonly items: ValidationItem[]) {
    super('validation_failed', 'The request is not valid; the list says what to fix.');
  }
}

/** Why a project's key cannot be used. */
export type CredentialsFault = 'not_configured' | 'deactivated' | 'unreadable';

const CREDENTIALS_FAULTS: Record<CredentialsFault, { code: ErrorCode; message: string }> = {
  not_configured: {
    code: 'credentials_missing',
    message: 'This project has not stored this key of the mode; store it with a PUT of its configuration.',
  },
  deactivated: {
    code: 'credentials_missing',
    message: 'The Stripe configuration of this project was deleted; a PUT activates it again.',
  },
  unreadable: {
    code: 'secret_unreadable',
    message: 'The stored key cannot be opened; store it again with a PUT of the configuration.',
  },
};

/** A project's key that cannot be used. */
export class StripeCredentialsError extends PaymentsError {
  override name = 'StripeCredentialsError';

  constructor(
    readonly reason: CredentialsFault,
    readonly mode: Mode,
    options?: { cause?: unknown },
  ) {
    super(CREDENTIALS_FAULTS[reason].code, CREDENTIALS_FAULTS[reason].message, options);
  }
}

/** A caller asked too often. */
export class RateLimited extends PaymentsError {
  override name = 'RateLimited';

  /** @param retryAfter seconds until another try may pass: 1 or more */
  constructor(readonly retryAfter: number) {
    super(
      'rate_limited',
      'There were too many requests; try again after the time in the header Retry-After.',
    );
  }
}

/** A service that this one needs does not answer. `dependency` is for the log, never for the caller. */
export class DependencyUnavailable extends PaymentsError {
  override name = 'DependencyUnavailable';

  constructor(
    readonly dependency: 'database' | 'identity provider' | 'key ring' | 'this service',
    options?: { cause?: unknown },
  ) {
    super(
      'dependency_unavailable',
      'A service that this request needs is not reachable; try again shortly.',
      options,
    );
  }
}

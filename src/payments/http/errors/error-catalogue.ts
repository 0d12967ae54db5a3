import type { AnswerCode, AnswerKind } from './answer-code.js';
import { PROTOCOL_ANSWERS } from './protocol-answers.js';
import { SERVICE_ANSWERS } from './service-answers.js';

/** Seconds after which a caller may retry when a dependency was unavailable. */
const RETRY_AFTER = { 'Retry-After': '2' };

/** Every error, once. `WWW-Authenticate` as RFC 6750 section 3 has it. */
export const ANSWERS: Record<AnswerCode, AnswerKind> = {
  not_authenticated: {
    status: 401,
    title: 'Not authenticated',
    example: 'Send an access token in the header "Authorization: Bearer <token>".',
    fix: "Send `Authorization: Bearer` and an access token; with a session of the application's own, sign in first.",
    headers: { 'WWW-Authenticate': 'Bearer' },
  },
  invalid_token: {
    status: 401,
    title: 'Invalid token',
    example: 'The access token is malformed, expired, or not meant for this service; get a new one.',
    fix: 'Get a new access token, from the configured provider and for the configured audience; an ID or refresh token is not one. The log says which check failed, as `reason`.',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    example: 'The access token lacks the scope that this service requires.',
    fix: 'Ask the identity provider for a token with the scope that `AUTH_REQUIRED_SCOPE` names.',
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  },
  access_denied: {
    status: 403,
    title: 'Access denied',
    example: 'You may not do this.',
    fix: "The application's own guard refused the request; ask whoever grants access there.",
  },
  not_project_owner: {
    status: 403,
    title: 'Not the owner of the project',
    example: 'Only the owner of this project may do this.',
    fix: 'Use a token of the owner of the project, or the id of a project of your own.',
  },
  insufficient_role: {
    status: 403,
    title: 'Insufficient role',
    example: 'This needs the role admin in the project; ask an owner of it for that.',
    fix: 'Ask an owner of the project for the role that the answer names.',
  },
  project_not_found: {
    status: 404,
    title: 'Project not found',
    example: 'There is no such project, or it is inactive.',
    fix: 'Check the project id; the list of projects shows those that exist.',
  },
  config_not_found: {
    status: 404,
    title: 'Configuration not found',
    example: 'This project has never had a Stripe configuration.',
    fix: 'Store credentials with a `PUT` of the configuration first.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    example: 'There is nothing at this address.',
    fix: 'Check the address and the mode in it, which is `test` or `live`.',
  },
  ...PROTOCOL_ANSWERS,
  ...SERVICE_ANSWERS,
  malformed_body: {
    status: 400,
    title: 'Malformed body',
    example: 'The body must be one JSON object in UTF-8.',
    fix: 'Send one JSON object in UTF-8, each key once.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    example: 'This address does not offer that method; the Allow header lists those it does.',
    fix: 'Use a method that the header `Allow` lists.',
  },
  invalid_signature: {
    status: 400,
    title: 'Invalid signature',
    example:
      'This is no webhook of Stripe for this address; check that the signing secret of this endpoint is the stored one.',
    fix: 'Compare the signing secret in Stripe with the stored one, and check that nothing on the way changes the body. After a roll, `PUT` the new secret.',
  },
  stale_signature: {
    status: 400,
    title: 'Stale signature',
    example:
      'The signature is right, but more than 5 minutes old or ahead; check the clock of this service, and let Stripe send the event again.',
    fix: 'Set the clock of the machine. Stripe sends the event again by itself.',
  },
  unreadable_event: {
    status: 400,
    title: 'Unreadable event',
    example:
      'The signature is right, but the body is no event that can be read; check what this endpoint is set to send.',
    fix: "Check what is set to send to this address: only Stripe's own events can be read, snapshot or thin.",
  },
  wrong_mode_event: {
    status: 400,
    title: 'Event of the other mode',
    example:
      'The signature is right, but the event belongs to the other mode; register the address of that mode in Stripe.',
    fix: 'Register the address that `webhook-urls` gives for that mode.',
  },
  webhook_not_found: {
    status: 404,
    title: 'Webhook not found',
    example: 'No webhooks are taken at this address; store a webhook secret for this project and mode first.',
    fix: 'Store a webhook secret for this project and mode, or remove the endpoint in Stripe. Check the address against `webhook-urls`.',
  },
  event_not_found: {
    status: 404,
    title: 'Event not found',
    example: 'This project has no such event.',
    fix: 'Check the mode and the id of the event; `GET …/events` lists those that are stored.',
  },
  credentials_missing: {
    status: 409,
    title: 'Credentials missing',
    example: 'This project has no test secret key; store one with a PUT of its configuration first.',
    fix: 'Store the secret key of this mode with a `PUT` of the configuration.',
  },
  event_not_replayable: {
    status: 409,
    title: 'Event not replayable',
    example:
      'Only events that failed or were skipped can be handled again; this one is waiting, or was handled.',
    fix: 'Wait for a waiting event; a handled one needs no replay.',
  },
  stripe_refused: {
    status: 409,
    title: 'Stripe refused',
    example:
      'Stripe does not accept the stored secret key; store a current one with a PUT of the configuration.',
    fix: 'Store a current secret key, give a restricted key the permission that the answer names, or correct what the answer says of the address and the event types.',
  },
  webhook_endpoint_limit: {
    status: 409,
    title: 'Too many webhook endpoints',
    example:
      'The Stripe account has as many webhook endpoints as Stripe allows; remove one in the Stripe Dashboard.',
    fix: 'Remove a webhook endpoint of the account in the Stripe Dashboard.',
  },
  secret_unreadable: {
    status: 409,
    title: 'Stored secret unreadable',
    example: 'The stored credential cannot be opened; store it again with a PUT.',
    fix: '`PUT` the credential again. The operator looks for a lost key or a damaged row: `npm run keys -- verify`.',
  },
  version_conflict: {
    status: 412,
    title: 'Version conflict',
    example:
      'The configuration is not in the state that this request expects; get it again and repeat the change on that.',
    fix: '`GET` the configuration, make the change on what it is now, and send its new `ETag`.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    example: 'The body is larger than 16 KiB.',
    fix: 'Send no more than 16 KiB, a webhook no more than 1 MiB.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    example: 'Send the body as application/json in UTF-8, not compressed.',
    fix: 'Send `Content-Type: application/json`, in UTF-8 and without `Content-Encoding`.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    example: 'The request is not valid; the list says what to fix.',
    fix: 'Fix each part that the list names; its `type` is one of the causes of refused values.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    example: 'There were too many requests; try again after the time in the header Retry-After.',
    fix: 'Wait as long as the header `Retry-After` says.',
  },
  stripe_unavailable: {
    status: 502,
    title: 'Stripe unavailable',
    example:
      'Stripe could not be asked, or gave no usable answer; nothing is known about the key. Try again shortly.',
    fix: 'Try again shortly. If it stays, check the log, the outbound proxy and the state of Stripe.',
    headers: RETRY_AFTER,
  },
  stripe_timeout: {
    status: 504,
    title: 'Stripe timed out',
    example: 'Stripe did not answer in time; nothing is known about the key. Try again shortly.',
    fix: 'Try again shortly. If it stays, check the network between the service and Stripe.',
    headers: RETRY_AFTER,
  },
  dependency_unavailable: {
    status: 503,
    title: 'Dependency unavailable',
    example: 'A service that this request needs is not reachable; try again shortly.',
    fix: 'Try again after `Retry-After`. If it stays, the log names the dependency: the database, the identity provider or the key ring.',
    headers: RETRY_AFTER,
  },
  write_outcome_unknown: {
    status: 503,
    title: 'Outcome of the write unknown',
    example:
      'The answer of the database was lost, so it is not known whether the change was made; a repeated PUT or DELETE is safe, before a POST look whether it was made.',
    fix: 'Send the same request again: a repeated `PUT` or `DELETE` does no harm. Before a `POST` is repeated, look whether something was made.',
    headers: RETRY_AFTER,
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    example: 'Something went wrong here; the operator can find it in the log by the request id.',
    fix: 'Give the operator the request id, `instance`; the log has the cause under it.',
  },
};

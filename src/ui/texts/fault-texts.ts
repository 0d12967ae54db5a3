/**
 * What is said of errors in place of the service's own words, which are for developers; by `fault_` and the code. All others are
 * said as the service says them.
 */
export const FAULT_TEXTS = {
  fault_not_authenticated: 'You are not signed in any more. Sign in again.',
  fault_invalid_token: 'You are not signed in any more. Sign in again.',
  fault_not_project_owner: 'You have no role in this project. Ask one of its owners for one.',
  fault_project_not_found: 'There is no such project, or it was deactivated.',
  fault_credentials_missing: 'Store the secret key of this mode first.',
  fault_secret_unreadable: 'What is stored cannot be read any more. Paste the credential again.',
  fault_version_conflict:
    'Somebody else has changed this meanwhile. Look at what is stored now, and try again.',
  fault_event_not_replayable: 'This event is waiting or was handled meanwhile. Refresh the list.',
  fault_event_not_found: 'This event is not stored any more.',
  fault_rate_limited: 'That was too often. Try again in {seconds} seconds.',
  fault_body_too_large: 'That is far longer than credentials are. Paste one credential into each field.',
  fault_dependency_unavailable: 'The service cannot do this at the moment. Try again in {seconds} seconds.',
  fault_unreachable: 'The service cannot be reached. Check the connection and try again.',
  fault_answer_unreadable:
    'The answer of the service did not arrive whole. Check the connection and try again.',
  fault_validation_failed: 'Some of it was refused; the fields say why.',
  fault_stripe_unavailable: 'Stripe cannot be reached at the moment. Try again in a minute.',
  fault_stripe_timeout: 'Stripe did not answer in time. Try again in a minute.',
  fault_write_outcome_unknown: 'It is not known whether this was done.',
} as const;

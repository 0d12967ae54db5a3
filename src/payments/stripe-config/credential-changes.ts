import { Secret } from '../crypto/secret.js';
import { ValidationFailed, type ValidationItem } from '../domain/errors.js';
import type { StripeConfigRequest } from './stripe-config.dto.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../domain/credentials.js';
import { findFault, isMaskOf, trimmed } from '../domain/credential-rules.js';

/** What a request asks for. */
export interface CredentialChanges {
  /** The fields to write. */
  secrets: Map<CredentialField, Secret>;
  /** The fields in which a mask was sent back: they stay as they are if it is the mask stored there. */
  masks: Map<CredentialField, string>;
}

/**
 * Parts a request into what is to be written and what was sent back as shown. Requests over HTTP were judged before; here
 * every one is, whoever asks.
 *
 * @throws ValidationFailed naming every value that may not be stored
 */
export function credentialChanges(request: StripeConfigRequest): CredentialChanges {
  const changes: CredentialChanges = { secrets: new Map(), masks: new Map() };
  const faults: ValidationItem[] = [];
  for (const field of CREDENTIAL_FIELDS) {
    const value = trimmed(request[field]);
    if (value === undefined || value === null) continue;
    const fault = findFault(field, value);
    if (fault !== undefined) faults.push({ loc: ['body', field], ...fault });
    else if (isMaskOf(field, value)) changes.masks.set(field, value);
    else changes.secrets.set(field, new Secret(value));
  }
  if (faults.length > 0) throw new ValidationFailed(faults);
  const test = changes.secrets.get('test_webhook_secret');
  if (test !== undefined && test.reveal() === changes.secrets.get('live_webhook_secret')?.reveal()) {
    throw sameSecretInBothModes('live_webhook_secret');
  }
  return changes;
}

/** The refusal of a webhook secret that the other mode has. */
export function sameSecretInBothModes(field: CredentialField): ValidationFailed {
  return new ValidationFailed([
    {
      loc: ['body', field],
      msg: 'This is also the webhook secret of the other mode; each mode has its own endpoint and secret in Stripe.',
      type: 'same_secret_in_both_modes',
    },
  ]);
}

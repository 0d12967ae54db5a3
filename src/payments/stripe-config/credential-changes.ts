import { Secret } from '../crypto/secret.js';
import { ValidationFailed } from '../payments.errors.js';
import type { StripeConfigRequest } from './stripe-config.dto.js';
import { CREDENTIAL_FIELDS, isMaskOf, type CredentialField } from './stripe-keys.js';

/** What a judged request asks for. */
export interface CredentialChanges {
  /** The fields to write. */
  secrets: Map<CredentialField, Secret>;
  /** The fields in which a mask was sent back: they stay as they are if it is the mask stored there. */
  masks: Map<CredentialField, string>;
}

/** Parts a judged request into what is to be written and what was sent back as shown. */
export function credentialChanges(request: StripeConfigRequest): CredentialChanges {
  const changes: CredentialChanges = { secrets: new Map(), masks: new Map() };
  for (const field of CREDENTIAL_FIELDS) {
    const value = request[field];
    if (value === undefined || value === null) continue;
    if (isMaskOf(field, value)) changes.masks.set(field, value);
    else changes.secrets.set(field, new Secret(value));
  }
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

import { Secret } from '../crypto/secret.js';
import { ValidationFailed, type ValidationItem } from '../domain/errors.js';
import type { StripeConfigRequest } from './stripe-config.dto.js';
import { CREDENTIAL_FIELDS, FIELDS_OF_ONE_MODE, type CredentialField } from '../domain/credentials.js';
import { findFault, isMaskOf, trimmed } from '../domain/credential-rules.js';
import { JsonBody } from '../http/body/json-body.js';
import { unknownNames } from '../http/parameters/unknown-name.js';

/** The changes that a request contains. Only {@link validate} creates one, so that its values are always valid. */
export class CredentialChanges {
  private constructor(
    /** The fields to write. */
    readonly secrets: ReadonlyMap<CredentialField, Secret>,
    /** The fields in which a mask was sent back: they stay as they are if it is the mask stored there. */
    readonly masks: ReadonlyMap<CredentialField, string>,
  ) {}

  /**
   * Divides a request into the values to write and the masks that were sent back.
   *
   * @param refused what is wrong with the request besides its values
   * @throws ValidationFailed naming that, and every value that may not be stored
   */
  static validate(
    request: Readonly<StripeConfigRequest>,
    refused: readonly ValidationItem[] = [],
  ): CredentialChanges {
    const secrets = new Map<CredentialField, Secret>();
    const masks = new Map<CredentialField, string>();
    const faults = [...refused];
    for (const field of CREDENTIAL_FIELDS) {
      const value = trimmed(request[field]);
      if (value === undefined || value === null) continue;
      const fault = findFault(field, value);
      if (fault !== undefined) faults.push({ loc: ['body', field], ...fault });
      else if (isMaskOf(field, value)) masks.set(field, value);
      else secrets.set(field, new Secret(value));
    }
    if (faults.length > 0) throw new ValidationFailed(faults);
    const seen = new Set<string>();
    for (const field of FIELDS_OF_ONE_MODE) {
      const value = secrets.get(field)?.reveal();
      if (value === undefined) continue;
      if (seen.has(value)) throw sameSecretInBothModes(field);
      seen.add(value);
    }
    return new CredentialChanges(secrets, masks);
  }
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

/** The credentials that a body brings. Fields that are none are refused. */
export function readCredentials(body: Record<string, unknown>): CredentialChanges {
  const fields: readonly string[] = CREDENTIAL_FIELDS;
  const unknown = Object.keys(body).filter((name) => !fields.includes(name));
  return CredentialChanges.validate(body, unknown.length > 0 ? unknownNames('body', unknown, fields) : []);
}

/** Gives a handler {@link readCredentials} of its request. */
export const CredentialsBody = (): ParameterDecorator => JsonBody({ transform: readCredentials });

import { CREDENTIAL_FIELDS } from '../domain/credentials.js';
import { JsonBody } from '../http/body/json-body.js';
import { unknownNames } from '../http/parameters/unknown-name.js';
import { CredentialChanges } from './credential-changes.js';

/** The credentials that a body brings. Fields that are none are refused. */
export function readCredentials(body: Record<string, unknown>): CredentialChanges {
  const fields: readonly string[] = CREDENTIAL_FIELDS;
  const unknown = Object.keys(body).filter((name) => !fields.includes(name));
  return CredentialChanges.validate(body, unknown.length > 0 ? unknownNames('body', unknown, fields) : []);
}

/** Gives a handler {@link readCredentials} of its request. */
export const CredentialsBody = (): ParameterDecorator => JsonBody({ transform: readCredentials });

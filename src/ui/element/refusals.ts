import type { Fault } from '../../payments/domain/credential-rules.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../../payments/domain/credentials.js';
import type { ApiError } from '../api/api-error.js';

/** What the service refused, by the fields. */
export type Refusals = ReadonlyMap<CredentialField, Fault>;

export function refusalsOf({ faults }: ApiError): Refusals {
  return new Map(
    CREDENTIAL_FIELDS.flatMap((field) =>
      faults.filter(({ loc }) => loc[1] === field).map((fault): [CredentialField, Fault] => [field, fault]),
    ),
  );
}

/** What is left of it once another value is entered into a field. */
export function withoutField(refusals: Refusals, field: CredentialField): Refusals {
  return new Map([...refusals].filter(([refused]) => refused !== field));
}

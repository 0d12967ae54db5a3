import { findHome, prefixesOf, type Fault } from '../../payments/domain/credential-rules.js';
import {
  CREDENTIAL_FIELDS,
  describeCredential,
  type CredentialField,
  type CredentialKind,
} from '../../payments/domain/credentials.js';
import { fill } from './fill.js';
import type { Texts } from './texts.js';

/** What a field is called in its tab. */
export function labelOf(field: CredentialField, texts: Texts): string {
  return texts[`label_${describeCredential(field).kind as CredentialKind}`];
}

/** What a field is called wherever both modes are spoken of. */
export function fullLabelOf(field: CredentialField, texts: Texts): string {
  return fill(texts.fieldOfMode, {
    label: labelOf(field, texts),
    mode: texts[describeCredential(field).mode],
  });
}

/** What is wrong with a value, with the fields by the names that people see. */
export function causeText({ type, msg }: Fault, field: CredentialField, texts: Texts): string {
  const key = `cause_${type}`;
  const message = CREDENTIAL_FIELDS.reduce(
    (words, each) => words.replaceAll(each, `“${fullLabelOf(each, texts)}”`),
    msg,
  );
  return key in texts ? fill(texts[key as keyof Texts], { message, expected: prefixesOf(field) }) : message;
}

/** What Stripe calls an accepted value. */
export function nameOf(field: CredentialField, value: string): string {
  return findHome(field, value)?.name ?? '';
}

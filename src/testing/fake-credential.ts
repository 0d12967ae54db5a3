import { createHash } from 'node:crypto';
import { describeCredential, type CredentialField } from '../payments/domain/credentials.js';

/**
 * A credential that may be stored and that nobody issued: it says so itself. Made at run time, so that no source holds anything
 * like a key.
 *
 * @param seed another one gives another credential
 */
export function fakeCredential(field: CredentialField, seed = ''): string {
  const [prefix] = describeCredential(field).prefixes;
  const body = createHash('sha256').update(`${field} ${seed}`).digest('hex').slice(0, 24);
  return `${prefix?.text ?? ''}FAKE${body}`;
}

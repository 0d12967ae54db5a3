import type { CredentialField } from '../../../src/payments/domain/credentials.js';
import { fakeCredential } from '../credentials.js';

/** The restricted key of the same mode and with the same body as a secret key. */
export function restrictedKey(secretKey: string): string {
  return secretKey.replace(/^s/, 'r');
}

/**
 * A key as Stripe makes them today: the account's id stands in it, behind a 5.
 *
 * @param accountId `acct_` and the 16 characters of a modern id, the first of them a 1
 */
export function keyOfAccount(
  field: Exclude<CredentialField, `${string}_webhook_secret`>,
  accountId: string,
  seed: string | number = 0,
): string {
  const key = fakeCredential(field, seed);
  const start = key.lastIndexOf('_') + 1;
  return `${key.slice(0, start)}5${accountId.slice('acct_'.length)}${key.slice(start)}`;
}

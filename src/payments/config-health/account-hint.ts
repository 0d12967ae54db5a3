/** How modern keys begin after their prefix: a 5, then the account's id without `acct_` (observed, not promised). */
const ACCOUNT_HINT = /^(?:sk|rk|pk)_(?:test|live)_5(1[A-Za-z0-9]{15})/;

/**
 * Whether two keys look like those of the same Stripe account.
 *
 * @param key a publishable key
 * @param other a secret key, or an account's id
 * @returns null when it cannot be determined: older keys do not contain their account
 */
export function looksLikeSameAccount(key: string, other: string): boolean | null {
  const account = hintOf(key);
  const otherAccount = hintOf(other);
  return account === undefined || otherAccount === undefined ? null : account === otherAccount;
}

function hintOf(text: string): string | undefined {
  return ACCOUNT_HINT.exec(text)?.[1] ?? /^acct_(1[A-Za-z0-9]{15})$/.exec(text)?.[1];
}

/** What modern keys begin with behind their prefix: the account's id without `acct_`, behind a 5 (observed, not promised). */
const ACCOUNT_HINT = /^(?:sk|rk|pk)_(?:test|live)_5(1[A-Za-z0-9]{15})/;

/**
 * Whether two things look like the same Stripe account's.
 *
 * @param key a publishable key
 * @param other a secret key, or an account's id
 * @returns null when it cannot be told: older keys say nothing of their account
 */
export function looksLikeSameAccount(key: string, other: string): boolean | null {
  const account = hintOf(key);
  const otherAccount = hintOf(other);
  return account === undefined || otherAccount === undefined ? null : account === otherAccount;
}

function hintOf(text: string): string | undefined {
  return ACCOUNT_HINT.exec(text)?.[1] ?? /^acct_(1[A-Za-z0-9]{15})$/.exec(text)?.[1];
}

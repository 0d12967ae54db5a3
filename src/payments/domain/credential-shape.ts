/** Prefixes of Stripe's keys and secrets anywhere, even the beginning of one in front, and tokens, those of the service itself included. */
const CREDENTIAL = /^(?:sk|rk|pk|rkcs)_|(?:sk|rk|pk|rkcs)_(?:test|live|org)|whsec_|^eyJ|nsc_[0-9a-z]{8}/i;

/**
 * Whether a text may hold a credential, which was pasted where none belongs: it is not repeated, and must not reach a database
 * that may log what it is asked.
 */
export function holdsCredential(text: string): boolean {
  return CREDENTIAL.test(text);
}

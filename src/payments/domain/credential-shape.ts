/** Prefixes of Stripe's keys and secrets anywhere, even the beginning of one in front, and tokens, those of the service itself included. */
const CREDENTIAL = /^(?:sk|rk|pk|rkcs)_|(?:sk|rk|pk|rkcs)_(?:test|live|org)|whsec_|nsc_[0-9a-z]{8}/i;
/** Of an access token, whose first letters only are of one case: names of places in Iceland begin with them as well. */
const ACCESS_TOKEN = /^eyJ|\beyJ[\w-]{8}/;

/**
 * Whether a text may hold a credential, which was pasted where none belongs: it is not repeated, and must not reach a database
 * that may log what it is asked.
 */
export function holdsCredential(text: string): boolean {
  return CREDENTIAL.test(text) || ACCESS_TOKEN.test(text);
}

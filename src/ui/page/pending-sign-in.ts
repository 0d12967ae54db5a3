/** What must be remembered while somebody is at the provider. */
export interface PendingSignIn {
  state: string;
  nonce: string;
  /** Of PKCE (RFC 7636). */
  verifier: string;
  /** Where on the page they were. */
  hash: string;
}

const NAME = 'sign-in';

/** Remembers it in this tab. */
export function rememberSignIn(pending: PendingSignIn): void {
  sessionStorage.setItem(NAME, JSON.stringify(pending));
}

/** What was remembered, once: afterwards nothing of it is left in the tab. */
export function takePendingSignIn(): PendingSignIn | undefined {
  const text = sessionStorage.getItem(NAME);
  sessionStorage.removeItem(NAME);
  return text === null ? undefined : (JSON.parse(text) as PendingSignIn);
}

import type { CodeRequest } from './authorization-code.js';

/** What must be remembered while somebody is at the provider. */
export interface PendingSignIn extends CodeRequest {
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

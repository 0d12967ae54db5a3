import { authorizationUrl, newCodeRequest, sessionFrom } from './authorization-code.js';
import { rememberSignIn, takePendingSignIn } from './pending-sign-in.js';
import { SIGNED_OUT } from './provider-session.js';
import type { Provider } from './provider.js';
import type { Session, SignIn } from './session.js';
import { signInByWindow } from './sign-in-window.js';

/** Signs people in at an identity provider: as a public client, by authorization code with PKCE (RFC 9700 section 2.1.1). */
export function signInAt(provider: Provider): SignIn {
  return {
    resume: () => resume(provider),
    begin: () => begin(provider),
    again: (other) => signInByWindow(provider, other),
  };
}

/**
 * How people sign in by what the service has written at its page's element: `provider`, or `problem`, a sentence that says why nobody
 * can.
 */
export function signInOf(element: Element): SignIn {
  const provider = element.getAttribute('provider');
  if (provider !== null) return signInAt(JSON.parse(provider) as Provider);
  const fail = (): Promise<never> =>
    Promise.reject(new Error(element.getAttribute('problem') ?? 'Nobody can sign in on this page.'));
  return { resume: fail, begin: fail, again: fail };
}

async function begin(provider: Provider): Promise<void> {
  const request = newCodeRequest();
  const url = await authorizationUrl(provider, request);
  rememberSignIn({ ...request, hash: location.hash });
  location.assign(url);
}

async function resume(provider: Provider): Promise<Session | undefined> {
  const answer = new URLSearchParams(location.search);
  const pending = takePendingSignIn();
  if (!answer.has('state') && !answer.has('code')) return undefined;
  // At once: neither the history nor a copied address shall have a code in it.
  history.replaceState(history.state, '', location.pathname + (pending?.hash ?? ''));
  if (answer.get('state') === SIGNED_OUT && !answer.has('code')) return undefined;
  if (answer.get('state') !== pending?.state) {
    throw new Error('This answer of the identity provider is to no sign-in of this tab; sign in again.');
  }
  return sessionFrom(provider, answer, pending);
}

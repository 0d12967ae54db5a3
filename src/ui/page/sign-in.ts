import * as oauth from 'oauth4webapi';
import { rememberSignIn, takePendingSignIn } from './pending-sign-in.js';
import { ProviderSession, SIGNED_OUT } from './provider-session.js';
import type { Provider } from './provider.js';
import { requestOptions } from './request-options.js';
import type { Session, SignIn } from './session.js';

/** Signs people in at an identity provider: as a public client, by authorization code with PKCE (RFC 9700 section 2.1.1). */
export function signInAt(provider: Provider): SignIn {
  return { resume: () => resume(provider), begin: () => begin(provider) };
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
  return { resume: fail, begin: fail };
}

async function begin(provider: Provider): Promise<void> {
  const pending = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    hash: location.hash,
  };
  const url = new URL(provider.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: provider.client_id,
    response_type: 'code',
    redirect_uri: ownAddress(),
    scope: provider.scope,
    audience: provider.audience,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
  })) {
    url.searchParams.set(name, value);
  }
  rememberSignIn(pending);
  location.assign(url);
}

async function resume(provider: Provider): Promise<Session | undefined> {
  const answer = new URLSearchParams(location.search);
  const pending = takePendingSignIn();
  if (!answer.has('state') && !answer.has('code')) return undefined;
  // At once: neither the history nor a copied address shall have a code in it.
  history.replaceState(null, '', location.pathname + (pending?.hash ?? ''));
  if (answer.get('state') === SIGNED_OUT && !answer.has('code')) return undefined;
  if (answer.get('state') !== pending?.state) {
    throw new Error('This answer of the identity provider is to no sign-in of this tab; sign in again.');
  }
  let parameters: URLSearchParams;
  try {
    parameters = oauth.validateAuthResponse(provider, provider, answer, pending.state);
  } catch (error) {
    throw new Error(refusalOf(error), { cause: error });
  }
  return exchange(provider, parameters, pending);
}

async function exchange(
  provider: Provider,
  parameters: URLSearchParams,
  { nonce, verifier }: { nonce: string; verifier: string },
): Promise<Session> {
  try {
    const response = await oauth.authorizationCodeGrantRequest(
      provider,
      provider,
      oauth.None(),
      parameters,
      ownAddress(),
      verifier,
      requestOptions(provider),
    );
    const expected = { expectedNonce: nonce, requireIdToken: true };
    return new ProviderSession(
      provider,
      await oauth.processAuthorizationCodeResponse(provider, provider, response, expected),
    );
  } catch (error) {
    throw new Error(refusalOf(error), { cause: error });
  }
}

/** Where the provider leads back to. */
function ownAddress(): string {
  return location.origin + location.pathname;
}

/** In words of our own: descriptions of a provider may say anything. */
function refusalOf(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    if (error.error === 'access_denied') return 'The sign-in was cancelled, or is not allowed to you.';
    const code = /^[a-z_]{1,50}$/.test(error.error) ? ` (${error.error})` : '';
    return `The identity provider refused the sign-in${code}; try again, and if it stays so, check how this page is registered there.`;
  }
  if (error instanceof TypeError) {
    return 'The token endpoint of the identity provider cannot be reached from this page; check the connection, and that it allows this origin (CORS).';
  }
  return 'The answer of the identity provider cannot be trusted; sign in again.';
}

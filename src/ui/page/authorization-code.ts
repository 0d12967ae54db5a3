import * as oauth from 'oauth4webapi';
import { ProviderSession } from './provider-session.js';
import type { Provider } from './provider.js';
import { requestOptions } from './request-options.js';
import type { Session } from './session.js';

/** A request for a code, by what its answer is known. */
export interface CodeRequest {
  state: string;
  nonce: string;
  /** Of PKCE (RFC 7636). */
  verifier: string;
}

/** @param mark what its state begins with */
export function newCodeRequest(mark = ''): CodeRequest {
  return {
    state: mark + oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
  };
}

/** Where the provider asks who somebody is. */
export async function authorizationUrl(
  provider: Provider,
  { state, nonce, verifier }: CodeRequest,
): Promise<URL> {
  const url = new URL(provider.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: provider.client_id,
    response_type: 'code',
    redirect_uri: ownAddress(),
    scope: provider.scope,
    audience: provider.audience,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })) {
    url.searchParams.set(name, value);
  }
  return url;
}

/**
 * Whoever the provider's answer is about.
 *
 * @throws Error with a sentence for people, when the provider refused, or its answer is to another request
 */
export async function sessionFrom(
  provider: Provider,
  answer: URLSearchParams,
  { state, nonce, verifier }: CodeRequest,
): Promise<Session> {
  try {
    const response = await oauth.authorizationCodeGrantRequest(
      provider,
      provider,
      oauth.None(),
      oauth.validateAuthResponse(provider, provider, answer, state),
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

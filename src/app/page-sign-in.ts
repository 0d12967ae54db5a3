import type { IssuerMetadata } from '../payments/http/access/issuer-keys.js';
import type { SignIn } from './sign-in-server/sign-in.js';

/** How people sign in on the page, or why nobody can: what its element has as an attribute. */
export type PageSignIn = { provider: PageProvider } | { problem: string };

/** Of the provider's metadata, by its own names, what a sign-in in a browser needs, and what to ask for. */
export interface PageProvider {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint: string | undefined;
  id_token_signing_alg_values_supported: string[] | undefined;
  authorization_response_iss_parameter_supported: boolean | undefined;
  client_id: string;
  scope: string;
  audience: string;
}

/** @param metadata undefined while the provider cannot be asked */
export function pageSignIn({ auth, page }: SignIn, metadata: IssuerMetadata | undefined): PageSignIn {
  if (auth.kind !== 'issuer') {
    return {
      problem:
        'Nobody can sign in on this page, since access tokens are signed with AUTH_JWT_SECRET: set AUTH_ISSUER, AUTH_AUDIENCE and UI_CLIENT_ID.',
    };
  }
  if (page === undefined) {
    return {
      problem:
        'Nobody can sign in on this page yet: set UI_CLIENT_ID to a public client of the identity provider.',
    };
  }
  if (metadata === undefined) {
    return { problem: 'The identity provider cannot be reached; load this page again shortly.' };
  }
  const { authorization_endpoint, token_endpoint } = metadata;
  if (authorization_endpoint === undefined || token_endpoint === undefined) {
    return { problem: 'The identity provider’s metadata names no place to sign in; check AUTH_ISSUER.' };
  }
  return {
    provider: {
      issuer: metadata.issuer,
      authorization_endpoint,
      token_endpoint,
      end_session_endpoint: metadata.end_session_endpoint,
      id_token_signing_alg_values_supported: metadata.id_token_signing_alg_values_supported,
      authorization_response_iss_parameter_supported: metadata.authorization_response_iss_parameter_supported,
      client_id: page.clientId,
      scope: page.scopes.join(' '),
      // A token is asked for one service only.
      audience: [auth.audience].flat()[0] ?? '',
    },
  };
}

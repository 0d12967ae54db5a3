import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_CLIENT } from './development-token.js';
import { memoryAdapter } from './memory-adapter.js';
import { errorPage, pageHeaders, signedOutPage, signOutPage } from './pages.js';
import { DEMO_PEOPLE } from './people.js';
import { SIGNING_ALGORITHM, type SignInKeys } from './sign-in-keys.js';

/** Short, so that refreshing is exercised in development too, in seconds. */
const ACCESS_TOKEN_SECONDS = 10 * 60;
const CODE_SECONDS = 60;
const INTERACTION_SECONDS = 60 * 60;
/** How long somebody stays signed in. */
const SESSION_SECONDS = 24 * 60 * 60;

/** What a sign-in server is made for. */
export interface SignInServerParts {
  keys: SignInKeys;
  /** Where the service is reached: origins, with a path where it has one, and without a slash at the end. */
  bases: readonly string[];
  /** A scope that tokens must have for the service. */
  requiredScope: string | undefined;
}

/** The origins of addresses. */
export function originsOf(bases: readonly string[]): string[] {
  return [...new Set(bases.map((base) => new URL(base).origin))];
}

/** How oidc-provider is set up: one public client by code and PKCE, refresh tokens that rotate, JWTs for the service alone. */
export function providerOptions(
  { keys, bases, requiredScope }: SignInServerParts,
  port: number,
): Configuration {
  const origins = originsOf(bases);
  const show = (ctx: KoaContextWithOIDC, body: string): void => {
    ctx.set(pageHeaders(origins));
    ctx.body = body;
  };
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [keys.signingKey] },
    cookies: {
      keys: [keys.cookieKey],
      // Cookies of one host know no ports: another service beside this one has its own.
      names: { session: `session-${port}`, interaction: `sign-in-${port}`, resume: `resume-${port}` },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    clients: [
      {
        client_id: DEVELOPMENT_CLIENT,
        client_name: 'Stripe configuration of projects',
        application_type: 'web',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: bases.flatMap((base) => [`${base}/`, `${base}/docs/oauth2-redirect.html`]),
        post_logout_redirect_uris: bases.map((base) => `${base}/`),
        id_token_signed_response_alg: SIGNING_ALGORITHM,
      },
    ],
    clientAuthMethods: ['none'],
    clientBasedCORS: (_ctx, origin) => origins.includes(origin),
    responseTypes: ['code'],
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name'] },
    // There is no other place to read the name from.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          show(ctx, signOutPage(form));
        },
        postLogoutSuccessSource: (ctx) => {
          show(ctx, signedOutPage());
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => DEVELOPMENT_AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: requiredScope ?? '',
          audience: DEVELOPMENT_AUDIENCE,
          accessTokenTTL: ACCESS_TOKEN_SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: SIGNING_ALGORITHM } },
        }),
      },
    },
    findAccount: (_ctx, subject) => {
      const person = DEMO_PEOPLE.find((each) => each.subject === subject);
      return person && { accountId: subject, claims: () => ({ sub: subject, name: person.name }) };
    },
    // Its one client is its own: nobody is asked whether it may.
    loadExistingGrant: async ({ oidc }) => {
      const accountId = oidc.session?.accountId;
      const clientId = oidc.client?.clientId;
      if (accountId === undefined || clientId === undefined) return undefined;
      const known = oidc.session?.grantIdFor(clientId);
      const existing = known === undefined ? undefined : await oidc.provider.Grant.find(known);
      if (existing) return existing;
      const grant = new oidc.provider.Grant({ accountId, clientId });
      grant.addOIDCScope('openid profile offline_access');
      grant.addResourceScope(DEVELOPMENT_AUDIENCE, requiredScope ?? '');
      await grant.save();
      return grant;
    },
    // They end with the session, so that a sign-out ends all.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => true,
    rotateRefreshToken: () => true,
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    renderError: (ctx, { error, error_description }) => {
      show(ctx, errorPage(error, error_description));
    },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      IdToken: ACCESS_TOKEN_SECONDS,
      Interaction: INTERACTION_SECONDS,
      RefreshToken: SESSION_SECONDS,
      Session: SESSION_SECONDS,
      Grant: SESSION_SECONDS,
    },
  };
}

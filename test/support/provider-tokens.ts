import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Variables } from '../../src/app/settings/environment.js';

/** What an identity provider sends, the settings that accept it, and what must be refused all the same. */
export interface ProviderCase {
  settings: Variables;
  header?: Record<string, unknown>;
  claims: JWTPayload;
  /** What else is accepted: changes of the claims, undefined takes one away. */
  accepted?: Record<string, JWTPayload>;
  /** Changes of the claims, and why the log says that such a token is refused. */
  nearMisses: readonly [what: string, changes: Record<string, unknown>, reason: string][];
}

const TENANT = '11111111-2222-4333-8444-555555555555';
const APP = '22222222-3333-4444-8555-666666666666';
const OTHER_APP = '33333333-4444-4555-8666-777777777777';
const ENTRA_V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const ENTRA_V1 = `https://sts.windows.net/${TENANT}/`;
const GOOGLE_CLIENT = '1234567890-example.apps.googleusercontent.com';
const POOL = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example';

/** Claims and headers as the documentation of each provider shows them, with generated values. */
export const PROVIDERS: Readonly<Record<string, ProviderCase>> = {
  'Entra ID, version 2': {
    settings: { AUTH_ISSUER: ENTRA_V2, AUTH_AUDIENCE: APP, AUTH_REQUIRED_SCOPE: 'Payments.Write' },
    header: { typ: 'JWT', x5t: 'example' },
    claims: {
      iss: ENTRA_V2,
      aud: APP,
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      oid: randomUUID(),
      tid: TENANT,
      azp: OTHER_APP,
      azpacr: '1',
      scp: 'openid Payments.Write',
      uti: 'example',
      ver: '2.0',
    },
    accepted: {
      // More groups than go into a token: it names where they are.
      'with a groups overage': {
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint: 'https://graph.windows.net/example/getMemberObjects' } },
      },
      'of 200 groups': { groups: Array.from({ length: 200 }, () => randomUUID()) },
    },
    nearMisses: [
      ['another tenant', { iss: ENTRA_V2.replace(TENANT, OTHER_APP) }, 'issuer'],
      ['version 1', { iss: ENTRA_V1, ver: '1.0' }, 'issuer'],
      ['the form of version 1 of its audience', { aud: `api://${APP}` }, 'audience'],
    ],
  },
  'Entra ID, version 2, of an application': {
    settings: {
      AUTH_ISSUER: ENTRA_V2,
      AUTH_AUDIENCE: APP,
      AUTH_SCOPE_CLAIMS: 'scp roles',
      AUTH_REQUIRED_SCOPE: 'Payments.Write',
    },
    claims: {
      iss: ENTRA_V2,
      aud: APP,
      sub: randomUUID(),
      azp: OTHER_APP,
      roles: ['Payments.Write'],
      ver: '2.0',
    },
    nearMisses: [['another role', { roles: ['Payments.Read'] }, 'insufficient_scope']],
  },
  'Entra ID, version 1': {
    settings: { AUTH_ISSUER: ENTRA_V1, AUTH_AUDIENCE: `api://${APP}` },
    header: { typ: 'JWT', x5t: 'example' },
    claims: { iss: ENTRA_V1, aud: `api://${APP}`, sub: 'example', appid: OTHER_APP, scp: 'a', ver: '1.0' },
    nearMisses: [
      ['no slash at the end of its issuer', { iss: ENTRA_V1.slice(0, -1) }, 'issuer'],
      ['the audience of Graph', { aud: 'https://graph.microsoft.com' }, 'audience'],
    ],
  },
  Auth0: {
    settings: {
      AUTH_ISSUER: 'https://example.eu.auth0.com/',
      AUTH_AUDIENCE: 'https://payments.example.com',
      AUTH_SCOPE_CLAIMS: 'permissions',
      AUTH_REQUIRED_SCOPE: 'write:payments',
    },
    claims: {
      iss: 'https://example.eu.auth0.com/',
      aud: ['https://payments.example.com', 'https://example.eu.auth0.com/userinfo'],
      sub: 'auth0|507f1f77bcf86cd799439011',
      azp: 'exampleClient',
      scope: 'openid profile email',
      permissions: ['read:payments', 'write:payments'],
    },
    accepted: {
      'of a machine': { aud: 'https://payments.example.com', sub: 'a@clients', gty: 'client-credentials' },
    },
    nearMisses: [
      ['the audience /userinfo alone', { aud: ['https://example.eu.auth0.com/userinfo'] }, 'audience'],
      ['no slash at the end of its issuer', { iss: 'https://example.eu.auth0.com' }, 'issuer'],
      ['its permission as a scope only', { scope: 'write:payments', permissions: [] }, 'insufficient_scope'],
    ],
  },
  Okta: {
    settings: {
      AUTH_ISSUER: 'https://example.okta.com/oauth2/default',
      AUTH_AUDIENCE: 'api://default',
      AUTH_REQUIRED_SCOPE: 'payments',
    },
    claims: {
      ver: 1,
      jti: 'AT.example',
      iss: 'https://example.okta.com/oauth2/default',
      aud: 'api://default',
      cid: '0oaexample',
      uid: '00uexample',
      sub: 'alice@example.com',
      scp: ['openid', 'payments'],
    },
    nearMisses: [
      // What the organization's own authorization server issues.
      ['the organization as issuer', { iss: 'https://example.okta.com' }, 'issuer'],
      ['the organization as audience', { aud: 'https://example.okta.com' }, 'audience'],
      ['another scope', { scp: ['openid'] }, 'insufficient_scope'],
    ],
  },
  'Keycloak with an audience': {
    settings: {
      AUTH_ISSUER: 'https://id.example.com/realms/shop',
      AUTH_AUDIENCE: 'payments',
      AUTH_SCOPE_CLAIMS: 'realm_access.roles',
      AUTH_REQUIRED_SCOPE: 'payments-writer',
    },
    claims: {
      iss: 'https://id.example.com/realms/shop',
      aud: ['payments', 'account'],
      sub: randomUUID(),
      typ: 'Bearer',
      azp: 'web',
      realm_access: { roles: ['offline_access', 'payments-writer'] },
      resource_access: { account: { roles: ['manage-account'] } },
      scope: 'email profile',
    },
    nearMisses: [
      ['the audience that every client gets', { aud: 'account' }, 'audience'],
      ['another realm', { iss: 'https://id.example.com/realms/other' }, 'issuer'],
      ['the type of ID tokens', { typ: 'ID' }, 'type'],
      ['its role in another place', { realm_access: 'payments-writer' }, 'insufficient_scope'],
    ],
  },
  'Keycloak without an audience': {
    settings: {
      AUTH_ISSUER: 'https://id.example.com/realms/shop',
      AUTH_AUDIENCE: 'web',
      AUTH_AUDIENCE_CLAIM: 'azp',
    },
    claims: {
      iss: 'https://id.example.com/realms/shop',
      aud: 'account',
      sub: randomUUID(),
      typ: 'Bearer',
      azp: 'web',
    },
    nearMisses: [
      ['another client', { azp: 'other' }, 'audience'],
      ['no client, but its audience', { azp: undefined, aud: 'web' }, 'audience'],
    ],
  },
  Google: {
    settings: { AUTH_ISSUER: 'https://accounts.google.com', AUTH_AUDIENCE: GOOGLE_CLIENT },
    claims: {
      iss: 'https://accounts.google.com',
      azp: GOOGLE_CLIENT,
      aud: GOOGLE_CLIENT,
      sub: '110169484474386276334',
      email: 'alice@example.com',
      email_verified: true,
      at_hash: 'example',
    },
    accepted: { 'without https in its issuer': { iss: 'accounts.google.com' } },
    nearMisses: [
      ['another client', { aud: '1-other.apps.googleusercontent.com' }, 'audience'],
      ['http in its issuer', { iss: 'http://accounts.google.com' }, 'issuer'],
    ],
  },
  'Amazon Cognito': {
    settings: {
      AUTH_ISSUER: POOL,
      AUTH_AUDIENCE: 'exampleclient',
      AUTH_AUDIENCE_CLAIM: 'client_id',
      AUTH_REQUIRED_SCOPE: 'payments/write',
    },
    claims: {
      iss: POOL,
      sub: randomUUID(),
      token_use: 'access',
      client_id: 'exampleclient',
      scope: 'openid payments/write',
      version: 2,
      username: 'alice',
    },
    nearMisses: [
      ['another client', { client_id: 'otherclient' }, 'audience'],
      ['the use and audience of ID tokens', { token_use: 'id', aud: 'exampleclient' }, 'type'],
      ['another scope', { scope: 'openid' }, 'insufficient_scope'],
    ],
  },
};

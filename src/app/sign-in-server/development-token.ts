import { randomUUID, type KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { DEMO_DEVELOPER } from './people.js';
import { SIGNING_ALGORITHM, privateKeyOf, type SignInKeys } from './sign-in-keys.js';

/** The `aud` of tokens for the service in development, and the resource (RFC 8707) that they are asked for. */
export const DEVELOPMENT_AUDIENCE = 'urn:nest-stripe-config:development';

/** The public client that page and explorer are at the sign-in server. */
export const DEVELOPMENT_CLIENT = 'development';

/** How long a token is valid that nobody has given days for. */
export const DEMO_TOKEN_HOURS = 30 * 24;

/** Claims that may be chosen. */
export interface TokenClaims {
  /** Default: the demo developer. */
  subject?: string | undefined;
  scope?: string | undefined;
  /** How long it is valid, in hours. Default: 720. */
  hours?: number | undefined;
}

/** The address of the sign-in server that listens on a port: the `iss` of its tokens. */
export function issuerAt(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** An access token as the sign-in server issues them, which needs no sign-in. */
export function developmentToken(keys: SignInKeys, issuer: string, claims: TokenClaims = {}): string {
  return jsonwebtoken.sign(
    { client_id: DEVELOPMENT_CLIENT, jti: randomUUID(), ...scopeOf(claims) },
    privateKeyOf(keys),
    {
      ...timesOf(claims),
      algorithm: SIGNING_ALGORITHM,
      keyid: keys.signingKey.kid,
      header: { alg: SIGNING_ALGORITHM, typ: 'at+jwt' },
      issuer,
      audience: DEVELOPMENT_AUDIENCE,
    },
  );
}

/** An access token signed with the HS256 secret of the settings. */
export function secretToken(secret: KeyObject, claims: TokenClaims = {}): string {
  return jsonwebtoken.sign({ token_use: 'access', ...scopeOf(claims) }, secret, {
    ...timesOf(claims),
    algorithm: 'HS256',
  });
}

function scopeOf({ scope }: TokenClaims): { scope?: string } {
  return scope === undefined ? {} : { scope };
}

function timesOf({ subject = DEMO_DEVELOPER, hours = DEMO_TOKEN_HOURS }: TokenClaims) {
  return { subject, expiresIn: hours * 3_600 };
}

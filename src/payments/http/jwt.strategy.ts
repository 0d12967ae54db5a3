import type { KeyObject } from 'node:crypto';
import { PassportStrategy } from '@nestjs/passport';
import { decodeProtectedHeader, type JWSHeaderParameters } from 'jose';
import type { Algorithm, Jwt, JwtPayload } from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';
import type { AccessTokenOptions } from '../payments.options.js';
import {
  CLOCK_TOLERANCE_SECONDS,
  invalidToken,
  judgeClaims,
  judgeHeader,
  type Caller,
} from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { rawRequestOf, type HttpRequest } from './http-request.js';
import { IssuerKeys } from './issuer-keys.js';

const ISSUER_ALGORITHMS: Algorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

/** passport-jwt's types know no `KeyObject`, which jsonwebtoken verifies with seven times as fast as with a PEM. */
type KeyCallback = (error: unknown, key?: KeyObject & Buffer) => void;

/** Registers with Passport, under a name, what verifies access tokens by a shared secret or a provider's keys. */
export function registerStrategy(name: string, auth: AccessTokenOptions): void {
  const findKey = keyFinder(auth);
  class JwtStrategy extends PassportStrategy(Strategy, name) {
    /** Called with a token whose signature, times, issuer and audience are right. */
    validate({ header, payload }: Jwt): Caller {
      judgeHeader(header);
      return judgeClaims(payload as JwtPayload, auth.requiredScope);
    }
  }
  // It registers itself.
  new JwtStrategy({
    jwtFromRequest: tokenOf,
    secretOrKeyProvider: (_request: unknown, token: string, done: KeyCallback) => {
      findKey(token).then((key) => {
        done(null, key as KeyObject & Buffer);
      }, done);
    },
    ...('secret' in auth
      ? { algorithms: ['HS256'] }
      : { algorithms: ISSUER_ALGORITHMS, issuer: auth.issuer, audience: auth.audience }),
    // The types call it deprecated for what has options of its own; tolerance and header have none.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    jsonWebTokenOptions: { clockTolerance: CLOCK_TOLERANCE_SECONDS, complete: true },
  });
}

function tokenOf(request: unknown): string | null {
  const { headers, rawHeaders } = rawRequestOf(request as HttpRequest);
  return bearerToken(headers, rawHeaders) ?? null;
}

function keyFinder(auth: AccessTokenOptions): (token: string) => Promise<KeyObject> {
  if ('secret' in auth) {
    const secret = Promise.resolve(auth.secret);
    return () => secret;
  }
  const keys = new IssuerKeys(auth.issuer, auth.jwksUri);
  return async (token) => {
    const header = headerOf(token);
    // A token that could never be accepted is no reason to ask the provider.
    if (!ISSUER_ALGORITHMS.some((algorithm) => algorithm === header.alg)) throw invalidToken();
    return keys.find(header);
  };
}

function headerOf(token: string): JWSHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw invalidToken();
  }
}

import type { KeyObject } from 'node:crypto';
import { PassportStrategy } from '@nestjs/passport';
import { decodeProtectedHeader, type JWSHeaderParameters } from 'jose';
import type { Algorithm, Jwt, JwtPayload } from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';
import type { AccessTokenOptions } from '../payments.options.js';
import {
  checkLifetime,
  CLOCK_TOLERANCE_SECONDS,
  judgeClaims,
  judgeHeader,
  TokenRefused,
  type Caller,
} from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { rawRequestOf, type HttpRequest } from './http-request.js';
import type { IssuerKeys } from './issuer-keys.js';

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

/** Longest time that a token may still be valid: identity providers issue for minutes to a day. */
export const ISSUER_TOKEN_HOURS = 24;
/** Tokens for development are made for a month. */
export const SECRET_TOKEN_HOURS = 31 * 24;

/** passport-jwt's types know no `KeyObject`, which jsonwebtoken verifies with seven times as fast as with a PEM. */
type KeyCallback = (error: unknown, key?: KeyObject & Buffer) => void;

/** Registers with Passport, under a name, what verifies access tokens by a shared secret or a provider's keys. */
export function registerStrategy(name: string, auth: AccessTokenOptions, keys: IssuerKeys | undefined): void {
  const findKey = keyFinder(auth, keys);
  const maxHours = auth.maxTokenHours ?? ('secret' in auth ? SECRET_TOKEN_HOURS : ISSUER_TOKEN_HOURS);
  class JwtStrategy extends PassportStrategy(Strategy, name) {
    /** Called with a token whose signature, times, issuer and audience are right. */
    validate({ header, payload }: Jwt): Caller {
      judgeHeader(header);
      const claims = payload as JwtPayload;
      checkLifetime(claims, maxHours, Date.now() / 1000);
      if (!('secret' in auth) && auth.audienceClaim === 'client_id') checkClient(claims, auth.audience);
      return judgeClaims(claims, auth.requiredScope, auth.scopeClaims);
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
      : {
          algorithms: ISSUER_ALGORITHMS,
          issuer: auth.issuer,
          ...(auth.audienceClaim !== 'client_id' && { audience: auth.audience as string | string[] }),
        }),
    // The types call it deprecated for what has options of its own; tolerance and header have none.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    jsonWebTokenOptions: { clockTolerance: CLOCK_TOLERANCE_SECONDS, complete: true },
  });
}

function tokenOf(request: unknown): string | null {
  const { headers, rawHeaders } = rawRequestOf(request as HttpRequest);
  return bearerToken(headers, rawHeaders) ?? null;
}

/** Access tokens of Amazon Cognito have no `aud`. */
function checkClient(
  { client_id: client }: Record<string, unknown>,
  allowed: string | readonly string[],
): void {
  if (typeof client !== 'string' || ![allowed].flat().includes(client)) throw new TokenRefused('audience');
}

function keyFinder(
  auth: AccessTokenOptions,
  keys: IssuerKeys | undefined,
): (token: string) => Promise<KeyObject> {
  if ('secret' in auth || keys === undefined) {
    if (!('secret' in auth)) throw new Error('an identity provider has keys');
    const secret = Promise.resolve(auth.secret);
    return () => secret;
  }
  return async (token) => {
    const header = headerOf(token);
    // A token that could never be accepted is no reason to ask the provider.
    if (!ISSUER_ALGORITHMS.some((algorithm) => algorithm === header.alg)) {
      throw new TokenRefused('algorithm');
    }
    return keys.find(header);
  };
}

function headerOf(token: string): JWSHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new TokenRefused('malformed');
  }
}

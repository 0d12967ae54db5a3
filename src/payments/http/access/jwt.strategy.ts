import { PassportStrategy } from '@nestjs/passport';
import type { Jwt, JwtPayload } from 'jsonwebtoken';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import type { AccessTokenOptions } from '../../options/payments.options.js';
import {
  checkLifetime,
  CLOCK_TOLERANCE_SECONDS,
  judgeClaims,
  judgeHeader,
  type Caller,
} from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { rawRequestOf, type HttpRequest } from '../http-request.js';

/** How tokens that are signed with a shared secret are verified. */
type SecretOptions = Extract<AccessTokenOptions, { secret: unknown }>;

/** Longest time that a token may still be valid: tokens for development are made for a month. */
export const SECRET_TOKEN_HOURS = 31 * 24;

/** Registers with Passport, under a name, what verifies access tokens by a shared secret (HS256). */
export function registerSecretStrategy(name: string, auth: SecretOptions): void {
  const { maxTokenHours = SECRET_TOKEN_HOURS } = auth;
  class SecretStrategy extends PassportStrategy(Strategy, name) {
    /** Called with a token whose signature and times are right. */
    validate({ header, payload }: Jwt): Caller {
      judgeHeader(header);
      const claims = payload as JwtPayload;
      checkLifetime(claims, maxTokenHours, Date.now() / 1000);
      return judgeClaims(claims, auth.requiredScope, auth.scopeClaims);
    }
  }
  // It registers itself.
  new SecretStrategy({
    jwtFromRequest: tokenOf,
    // passport-jwt's types know no `KeyObject`, which jsonwebtoken verifies with much faster than with a text.
    secretOrKey: auth.secret as typeof auth.secret & Buffer,
    algorithms: ['HS256'],
    // The types call it deprecated for what has options of its own; tolerance and header have none.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    jsonWebTokenOptions: { clockTolerance: CLOCK_TOLERANCE_SECONDS, complete: true },
  });
}

/**
 * Registers with Passport, under a name, what verifies access tokens by the keys of an identity provider: passport-jwt
 * has one verifier for the whole process, which a host may use, too, and it knows no EdDSA.
 *
 * @param verify finds the caller of a token, or throws why it is refused
 */
export function registerIssuerStrategy(name: string, verify: (token: string) => Promise<Caller>): void {
  class IssuerTokens extends passport.Strategy {
    override authenticate(request: unknown): void {
      const token = tokenOf(request);
      if (token === null) {
        this.fail();
        return;
      }
      verify(token).then(
        (caller) => {
          this.success(caller);
        },
        (error: unknown) => {
          this.error(error);
        },
      );
    }
  }
  class IssuerStrategy extends PassportStrategy(IssuerTokens, name) {
    validate(caller: Caller): Caller {
      return caller;
    }
  }
  // It registers itself.
  new IssuerStrategy();
}

function tokenOf(request: unknown): string | null {
  const { headers, rawHeaders } = rawRequestOf(request as HttpRequest);
  return bearerToken(headers, rawHeaders) ?? null;
}

import type { IncomingMessage } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import type { Jwt, JwtPayload } from 'jsonwebtoken';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import { describeError } from '../../common/describe-error.js';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { DependencyUnavailable, PaymentsError } from '../../domain/errors.js';
import { PaymentsOptionsError } from '../../options/options-error.js';
import type { AccessTokenOptions } from '../../options/payments.options.js';
import { CALLER, rawRequestOf, requestOf, type Caller } from '../http-request.js';
import {
  bearerToken,
  checkLifetime,
  CLOCK_TOLERANCE_SECONDS,
  SECRET_TOKEN_HOURS,
  validateClaims,
  validateHeader,
  TokenRefused,
  type TokenFault,
} from './access-token.js';
import { IssuerKeys, IssuerMismatch } from './issuer-keys.js';
import { issuerTokenVerifier } from './issuer-token.js';

/** Strategies made in this process: Passport has one registry for all of it, so each gets a name of its own. */
let strategies = 0;

/**
 * Makes what finds the caller of a request by its access token. It leaves everything else on the request to the host.
 *
 * @throws PaymentsOptionsError when the identity provider says that its issuer is another one
 */
export async function tokenGuard(
  auth: AccessTokenOptions,
): Promise<(context: ExecutionContext) => Promise<Caller>> {
  strategies += 1;
  const name = `nest-stripe-config-jwt-${strategies}`;
  if ('secret' in auth) {
    registerSecretStrategy(name, auth);
  } else {
    const keys = new IssuerKeys(auth.issuer, auth.jwksUri);
    await prepare(keys, auth.issuer);
    registerIssuerStrategy(name, await issuerTokenVerifier(auth, keys));
  }
  const guard = new (guardFor(name))();
  return async (context) => {
    await guard.canActivate(context);
    const { [CALLER]: caller } = requestOf(context);
    if (caller === undefined) throw new TokenRefused('malformed');
    return caller;
  };
}

/** A provider that is down must not keep the application from starting; one of another issuer never comes right. */
async function prepare(keys: IssuerKeys, issuer: string): Promise<void> {
  try {
    await keys.prepare();
  } catch (error) {
    if (error instanceof IssuerMismatch) {
      throw new PaymentsOptionsError([
        `auth.issuer (AUTH_ISSUER) is ${JSON.stringify(issuer)}, but the provider's metadata and tokens have ${JSON.stringify(error.named)}; set it to exactly that`,
      ]);
    }
    const cause = error instanceof DependencyUnavailable ? error.cause : error;
    new PaymentsLogger(IssuerKeys.name).write('issuer_keys.unavailable', describeError(cause));
  }
}

/** Which check of jsonwebtoken failed, by the names and texts of its errors: it comes with passport-jwt, not with this module. */
function reasonOf(info: unknown): TokenFault {
  const { name, message } = info instanceof Error ? info : { name: '', message: '' };
  if (name === 'TokenExpiredError') return 'expired';
  if (name === 'NotBeforeError') return 'not_yet_valid';
  if (message === 'invalid signature' || message === 'jwt signature is required') return 'signature';
  return message === 'invalid algorithm' ? 'algorithm' : 'malformed';
}

function guardFor(name: string) {
  return class TokenGuard extends AuthGuard(name) {
    /** Passport leaves `user`, `authInfo` and methods on a request: let it be one that nobody else sees. */
    override getRequest(context: ExecutionContext): TokenRequest {
      const { headers, rawHeaders } = rawRequestOf(requestOf(context));
      return { headers, rawHeaders };
    }

    /**
     * Passport gives one "not authenticated" for everything: told apart here.
     *
     * @param error what a strategy threw
     * @param info why a strategy refused, an unreachable identity provider included
     */
    override handleRequest<TUser extends Caller>(
      error: unknown,
      user: TUser | false,
      info: unknown,
      context: ExecutionContext,
    ): TUser {
      if (error instanceof Error) throw error;
      if (user) {
        requestOf(context)[CALLER] = user;
        return user;
      }
      if (info instanceof PaymentsError) throw info;
      const { headers, rawHeaders } = rawRequestOf(requestOf(context));
      throw bearerToken(headers, rawHeaders) === undefined
        ? new PaymentsError(
            'not_authenticated',
            'Send an access token in the header "Authorization: Bearer <token>".',
          )
        : new TokenRefused(reasonOf(info));
    }
  };
}

/** What the strategies see of a request. */
type TokenRequest = Pick<IncomingMessage, 'headers' | 'rawHeaders'>;

/** How tokens that are signed with a shared secret are verified. */
type SecretOptions = Extract<AccessTokenOptions, { secret: unknown }>;

/** Registers with Passport, under a name, what verifies access tokens by a shared secret (HS256). */
function registerSecretStrategy(name: string, auth: SecretOptions): void {
  const { maxTokenHours = SECRET_TOKEN_HOURS } = auth;
  class SecretStrategy extends PassportStrategy(Strategy, name) {
    /** Called with a token whose signature and times are right. */
    validate({ header, payload }: Jwt): Caller {
      validateHeader(header);
      const claims = payload as JwtPayload;
      checkLifetime(claims, maxTokenHours, Date.now() / 1000);
      return validateClaims(claims, auth.requiredScope, auth.scopeClaims);
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
function registerIssuerStrategy(name: string, verify: (token: string) => Promise<Caller>): void {
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
  const { headers, rawHeaders } = request as TokenRequest;
  return bearerToken(headers, rawHeaders) ?? null;
}

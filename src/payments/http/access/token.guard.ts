import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { DependencyUnavailable, PaymentsError } from '../../domain/errors.js';
import { PaymentsOptionsError } from '../../options/options-error.js';
import type { AccessTokenOptions } from '../../options/payments.options.js';
import { TokenRefused, type Caller, type TokenFault } from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { describeError } from '../../common/describe-error.js';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { CALLER, rawRequestOf, requestOf, type HttpRequest } from '../http-request.js';
import { IssuerKeys, IssuerMismatch } from './issuer-keys.js';
import { issuerTokenVerifier } from './issuer-token.js';
import { registerIssuerStrategy, registerSecretStrategy } from './jwt.strategy.js';

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
    registerIssuerStrategy(name, issuerTokenVerifier(auth, keys));
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
    override getRequest(context: ExecutionContext): HttpRequest {
      return Object.create(requestOf(context)) as HttpRequest;
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

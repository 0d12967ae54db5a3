import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { PaymentsError } from '../payments.errors.js';
import type { AccessTokenOptions } from '../payments.options.js';
import { invalidToken, type Caller } from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { CALLER, rawRequestOf, requestOf, type HttpRequest } from './http-request.js';
import { registerStrategy } from './jwt.strategy.js';

/** Strategies made in this process: Passport has one registry for all of it, so each gets a name of its own. */
let strategies = 0;

/** Makes what finds the caller of a request by its access token. It leaves everything else on the request to the host. */
export function tokenGuard(auth: AccessTokenOptions): (context: ExecutionContext) => Promise<Caller> {
  strategies += 1;
  const name = `nest-stripe-config-jwt-${strategies}`;
  registerStrategy(name, auth);
  const guard = new (guardFor(name))();
  return async (context) => {
    await guard.canActivate(context);
    const { [CALLER]: caller } = requestOf(context);
    if (caller === undefined) throw invalidToken();
    return caller;
  };
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
        : invalidToken();
    }
  };
}

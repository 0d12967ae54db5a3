import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { PaymentsError } from '../payments.errors.js';
import { invalidToken } from './access-token.js';
import { bearerToken } from './bearer-token.js';
import { rawRequestOf, requestOf } from './http-request.js';
import { JWT_STRATEGY } from './jwt.strategy.js';

/** Lets a request pass that carries a valid access token, and puts the {@link Caller} on it as `user`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard(JWT_STRATEGY) {
  /**
   * Passport gives one "not authenticated" for everything: told apart here.
   *
   * @param error what a strategy threw
   * @param info why a strategy refused, an unreachable identity provider included
   */
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false,
    info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (error instanceof Error) throw error;
    if (user) return user;
    if (info instanceof PaymentsError) throw info;
    const { headers, rawHeaders } = rawRequestOf(requestOf(context));
    throw bearerToken(headers, rawHeaders) === undefined
      ? new PaymentsError(
          'not_authenticated',
          'Send an access token in the header "Authorization: Bearer <token>".',
        )
      : invalidToken();
  }
}

import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import jsonwebtoken from 'jsonwebtoken';
import { SESSION_SECRET } from './settings.js';

/** A request of somebody who signed in. */
export interface SignedIn {
  headers: { authorization?: string; cookie?: string };
  user?: { id: string };
}

export function signIn(userId: string): string {
  return jsonwebtoken.sign({}, SESSION_SECRET, { subject: userId, expiresIn: '1h' });
}

/** The application's own sign-in, which the payments module uses too. */
@Injectable()
export class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<SignedIn>();
    const { authorization, cookie } = request.headers;
    const token =
      authorization?.replace(/^Bearer /, '') ?? /(?:^|; )session=([^;]+)/.exec(cookie ?? '')?.[1] ?? '';
    try {
      const { sub } = jsonwebtoken.verify(token, SESSION_SECRET, { algorithms: ['HS256'] });
      if (typeof sub !== 'string') throw new Error('a session without a user');
      request.user = { id: sub };
      return true;
    } catch {
      throw new UnauthorizedException();
    }
  }
}

import {
  Inject,
  Injectable,
  Optional,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { firstValueFrom, isObservable } from 'rxjs';
import { PaymentsError } from '../../domain/errors.js';
import { HostFault } from '../../domain/host-fault.js';
import { HOST_ID_FORM, idText, typeInWords } from '../../domain/host-id.js';
import {
  RESOLVED_OPTIONS,
  type AccessTokenOptions,
  type HostAccessOptions,
  type ResolvedOptions,
} from '../../options/payments.options.js';
import { PaymentsOptionsError } from '../../options/options-error.js';
import { instanceForRequests } from '../../options/provided.js';
import { CALLER, checkAccess, rawRequestOf, requestOf, type Caller } from '../http-request.js';
import { bearerToken, TokenRefused } from './access-token.js';
import { ACCEPTS_SERVICE_TOKENS, SERVICE_TOKENS, type ServiceTokenVerifier } from './service-tokens.js';

/** Finds who calls, by access tokens or by a guard of the host, and puts the {@link Caller} on the request. */
@Injectable()
export class AccessGuard implements CanActivate, OnModuleInit {
  private findCaller: ((context: ExecutionContext) => Promise<Caller>) | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'auth'>,
    private readonly moduleRef: ModuleRef,
    @Optional() @Inject(SERVICE_TOKENS) private readonly serviceTokens?: ServiceTokenVerifier,
  ) {}

  async onModuleInit(): Promise<void> {
    const { auth } = this.options;
    this.findCaller =
      'guard' in auth
        ? findByHost(auth, await instanceForRequests(this.moduleRef, 'auth.guard', auth.guard))
        : withServiceTokens(this.serviceTokens, await findByTokens(auth));
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.findCaller === undefined) throw new Error('the module has not been initialized');
    requestOf(context)[CALLER] = await this.findCaller(context);
    return true;
  }
}

/**
 * Lets a request pass that the module's access rules let pass: see `PaymentsModuleOptions.auth`. Programs with service tokens pass
 * where a route says so, and nowhere else.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    @Inject(AccessGuard) private readonly access: AccessGuard,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await checkAccess(requestOf(context), () => this.check(context));
    return true;
  }

  private async check(context: ExecutionContext): Promise<void> {
    await this.access.canActivate(context);
    if (requestOf(context)[CALLER]?.isServiceToken !== true) return;
    if (this.reflector.get<boolean | undefined>(ACCEPTS_SERVICE_TOKENS, context.getHandler()) === true)
      return;
    throw new PaymentsError(
      'service_token_refused',
      'A service token may not do this; use the access token of a person.',
    );
  }
}

/** Looks at service tokens first, and lets no other token have the subject of one. */
function withServiceTokens(
  serviceTokens: ServiceTokenVerifier | undefined,
  findPerson: (context: ExecutionContext) => Promise<Caller>,
): (context: ExecutionContext) => Promise<Caller> {
  if (serviceTokens === undefined) return findPerson;
  return async (context) => {
    const { headers, rawHeaders } = rawRequestOf(requestOf(context));
    const token = bearerToken(headers, rawHeaders);
    if (typeof token === 'string' && serviceTokens.looksLikeOne(token)) return serviceTokens.verify(token);
    const caller = await findPerson(context);
    if (serviceTokens.isSubject(caller.subject)) throw new TokenRefused('subject');
    return caller;
  };
}

/** Passport is loaded for tokens only, since a host with a guard of its own may have none, or one that its test runner cannot load. */
async function findByTokens(
  auth: AccessTokenOptions,
): Promise<(context: ExecutionContext) => Promise<Caller>> {
  const { tokenGuard } = await import('./jwt.strategy.js').catch((cause: unknown) => {
    throw new PaymentsOptionsError(
      [
        'auth: access tokens are verified by passport and @nestjs/passport, which could not be loaded; install both, @nestjs/passport 11 with Nest 11 and 12 with Nest 12, or give auth.guard',
      ],
      { cause },
    );
  });
  return tokenGuard(auth);
}

function findByHost(
  { subject }: HostAccessOptions,
  guardFor: (request: object) => CanActivate | Promise<CanActivate>,
) {
  return async (context: ExecutionContext): Promise<Caller> => {
    const request = requestOf(context);
    const verdict = (await guardFor(request)).canActivate(context);
    const passes = await (isObservable(verdict) ? firstValueFrom(verdict) : verdict);
    if (!passes) throw new PaymentsError('access_denied', 'You may not do this.');
    const id = subject === undefined ? subjectOfUser(request) : subject(request);
    if (id === undefined || id === null) throw new PaymentsError('not_authenticated', 'Sign in first.');
    const text = idText(id);
    if (text === undefined) throw noSubject(id, subject !== undefined);
    return { subject: text };
  };
}

function noSubject(given: unknown, byOption: boolean): HostFault {
  const source = byOption
    ? 'auth.subject'
    : 'request.user, from which auth.subject takes sub or id unless the options name another,';
  return new HostFault(
    `${source} gave ${typeInWords(given)} for the caller; it must give an id: ${HOST_ID_FORM}, or undefined where nobody is signed in`,
  );
}

/** Where guards usually leave a caller's id. */
function subjectOfUser(request: object): unknown {
  const { user } = request as { user?: Record<string, unknown> | null };
  return user?.sub ?? user?.id;
}

import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { firstValueFrom, isObservable } from 'rxjs';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { PaymentsError } from '../../domain/errors.js';
import {
  RESOLVED_OPTIONS,
  type HostAccessOptions,
  type ResolvedOptions,
} from '../../options/payments.options.js';
import { instanceForRequests } from '../../options/provided.js';
import { isSubject } from '../../domain/subject.js';
import { CALLER, requestOf, type Caller } from '../http-request.js';
import { tokenGuard } from './jwt.strategy.js';

/** Finds who calls, by access tokens or by a guard of the host, and puts the {@link Caller} on the request. */
@Injectable()
export class AccessGuard implements CanActivate, OnModuleInit {
  private findCaller: ((context: ExecutionContext) => Promise<Caller>) | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'auth'>,
    private readonly moduleRef: ModuleRef,
  ) {}

  async onModuleInit(): Promise<void> {
    const { auth } = this.options;
    this.findCaller =
      'guard' in auth
        ? findByHost(auth, await instanceForRequests(this.moduleRef, 'auth.guard', auth.guard))
        : await tokenGuard(auth);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.findCaller === undefined) throw new Error('the module has not been initialized');
    requestOf(context)[CALLER] = await this.findCaller(context);
    return true;
  }
}

/** Lets a request pass that the module's access rules let pass: see `PaymentsModuleOptions.auth`. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(@Inject(AccessGuard) private readonly access: AccessGuard) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return this.access.canActivate(context);
  }
}

const NO_SUBJECT =
  'auth.guard let a request pass, but what auth.subject or request.user gives for its caller is no text of 1 to 255 characters without NUL and half surrogate pairs; give the id as such a text';

function findByHost(
  { subject }: HostAccessOptions,
  guardFor: (request: object) => CanActivate | Promise<CanActivate>,
) {
  const logger = new PaymentsLogger(AccessGuard.name);
  return async (context: ExecutionContext): Promise<Caller> => {
    const request = requestOf(context);
    const verdict = (await guardFor(request)).canActivate(context);
    const passes = await (isObservable(verdict) ? firstValueFrom(verdict) : verdict);
    if (!passes) throw new PaymentsError('access_denied', 'You may not do this.');
    const caller = subject === undefined ? subjectOfUser(request) : subject(request);
    if (isSubject(caller)) return { subject: caller };
    if (caller !== undefined && caller !== null) {
      logger.write('caller.subject_invalid', { explanation: NO_SUBJECT });
    }
    throw new PaymentsError('not_authenticated', 'Sign in first.');
  };
}

/** Where guards usually leave a caller's id. */
function subjectOfUser(request: object): unknown {
  const { user } = request as { user?: Record<string, unknown> | null };
  return user?.sub ?? user?.id;
}

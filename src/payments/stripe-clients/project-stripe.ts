import {
  createParamDecorator,
  Inject,
  Injectable,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { describeError } from '../common/describe-error.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { DependencyUnavailable, PaymentsError } from '../domain/errors.js';
import { ExplainedError } from '../domain/explained-error.js';
import { HostFault } from '../domain/host-fault.js';
import { AccessGuard } from '../http/access/jwt-auth.guard.js';
import { HostProjects, requireRole } from '../http/access/project-ownership.guard.js';
import { answerTo, RefusalException } from '../http/errors/refusal.exception.js';
import { requestIdOf, requestOf } from '../http/http-request.js';
import type { StripeClient } from '../stripe/client-of.js';
import { StripeClients } from './stripe-clients.js';

/** The path parameter that names the project, unless the decorator names another. */
const USUAL_PARAMETER = 'project_id';

/** What the decorator knows of a call; only {@link ProjectStripePipe} reads it. */
class WantedStripe {
  constructor(
    readonly context: ExecutionContext,
    readonly mode: Mode,
    readonly parameter: string,
  ) {}
}

/** Gives the client to callers who own the project, and to nobody else. */
@Injectable()
export class ProjectStripePipe implements PipeTransform<WantedStripe, Promise<StripeClient>> {
  private readonly logger = new PaymentsLogger(ProjectStripePipe.name);

  constructor(
    @Inject(AccessGuard) private readonly access: AccessGuard,
    @Inject(HostProjects) private readonly projects: HostProjects,
    @Inject(StripeClients) private readonly clients: StripeClients,
  ) {}

  async transform(wanted: WantedStripe): Promise<StripeClient> {
    // A pipe of the host that has made something else of it must not decide whose account is charged.
    if (!(wanted instanceof WantedStripe)) throw new HostFault(CHANGED);
    try {
      return await this.clientFor(wanted);
    } catch (error) {
      throw error instanceof PaymentsError ? this.refusal(error, wanted.context) : error;
    }
  }

  private async clientFor({ context, mode, parameter }: WantedStripe): Promise<StripeClient> {
    const request = requestOf(context);
    const id = request.params[parameter];
    if (id === undefined) {
      throw new HostFault(
        `@ProjectStripe: the path of the route has no parameter "${parameter}"; name the one that has the project's id: @ProjectStripe('live', 'shopId')`,
      );
    }
    // Also behind a guard of ours: it may be that of another instance of the module, whose callers are others.
    await this.access.canActivate(context);
    return this.clients.forProject(await requireRole(this.projects, request, id), mode);
  }

  private refusal(error: PaymentsError, context: ExecutionContext): RefusalException {
    const request = requestOf(context);
    const requestId = requestIdOf(request);
    const answer = answerTo(error, requestId, request.headers.accept);
    const response = context.switchToHttp().getResponse<{ header(name: string, value: string): unknown }>();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (name !== 'Content-Type') response.header(name, value);
    }
    if (error instanceof DependencyUnavailable) {
      const { code, dependency } = error;
      this.logger.write('request.failed', { requestId, code, dependency, ...describeError(error.cause) });
    }
    return new RefusalException(error, answer);
  }
}

const CHANGED =
  'a pipe of the application has changed what @ProjectStripe gives; let it leave parameters of type "custom" as they are';

const decorate = createParamDecorator(
  ({ mode, parameter }: { mode: Mode; parameter: string }, context: ExecutionContext) => {
    if (context.getType() !== 'http') throw new ExplainedError(NO_HTTP);
    return new WantedStripe(context, mode, parameter);
  },
);

const NO_HTTP = '@ProjectStripe works in controllers of HTTP routes; elsewhere ask StripeClients';

/**
 * Gives a handler of your own controllers the Stripe client of the project that its path names:
 * `refund(@ProjectStripe('live') stripe: StripeClient)`. The caller must own the project, by the module's own rules (`auth` and
 * `projects` of its options), whatever guards stand before the route: nobody else reaches the account. Interceptors come before it:
 * where one answers by itself, as a cache does, put a guard before the route. For routes that others than the owner may call, such
 * as a shop's customers, check them yourself and ask {@link StripeClients}.
 *
 * The controller's module imports `PaymentsModule`, or that is global. What is refused is an `HttpException` with the documented
 * status and body: 401 and 403, 404 `project_not_found`, 422 for what is no id, 409 `credentials_missing` where nothing is stored for
 * the mode or the configuration was deleted, 503.
 *
 * @param parameter the path parameter that has the project's id. Default: `project_id`
 * @throws ExplainedError when the mode is none
 */
export function ProjectStripe(mode: Mode, parameter = USUAL_PARAMETER): ParameterDecorator {
  if (!MODES.includes(mode)) throw new ExplainedError(`@ProjectStripe takes 'test' or 'live'`);
  return decorate({ mode, parameter }, ProjectStripePipe);
}

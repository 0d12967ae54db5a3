import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/payments.options.js';
import { ApplicationRoutes } from './application-routes.js';
import { repeatedPrefix, webhooksMiss } from './mounting-faults.js';

/** Whether the host said what its global guards look for on the route that Stripe calls. Injected as a boolean. */
export const KNOWS_GUARDS = Symbol('KnowsGuards');

/** Reports at start where the routes are, and what there will keep Stripe from reaching them. */
@Injectable()
export class MountingReport implements OnApplicationBootstrap {
  private readonly logger = new PaymentsLogger(MountingReport.name);

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'basePath' | 'publicBaseUrl'>,
    @Inject(KNOWS_GUARDS) private readonly knowsGuards: boolean,
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: ApplicationConfig,
  ) {}

  onApplicationBootstrap(): void {
    const path = this.servedBelow('/stripe/projects/:project_id/config');
    if (path === undefined) return;
    const { basePath, publicBaseUrl } = this.options;
    const receives = this.servedBelow('/stripe/webhooks/:project_id/:mode') !== undefined;
    const webhooks = `${publicBaseUrl}/${basePath}/stripe/webhooks/{project_id}/{mode}`;
    this.logger.write('routes.mounted', { path, ...(receives && { webhooks }) });

    const repeated = repeatedPrefix(path, basePath);
    if (repeated !== undefined) this.logger.write('routes.prefix_repeated', { path, repeated });
    if (!receives) return;
    if (webhooksMiss(publicBaseUrl, basePath, path)) {
      this.logger.write('routes.public_url_mismatch', { path, webhooks });
    }
    const guards = this.globalGuards();
    if (guards.length > 0 && !this.knowsGuards) this.logger.write('webhooks.guarded', { guards });
  }

  /** The path in front of a route of this instance, prefix and all. */
  private servedBelow(route: string): string | undefined {
    const end = `/${this.options.basePath}${route}`;
    const [path] = ApplicationRoutes.of(this.adapterHost)
      .list()
      .filter(({ path }) => path.endsWith(end))
      // Another instance may have a base path that ends as this one's does.
      .sort((one, other) => one.path.length - other.path.length);
    return path?.path.slice(0, -route.length);
  }

  private globalGuards(): string[] {
    return [
      ...this.config.getGlobalGuards().map((guard) => guard.constructor.name),
      ...this.config.getGlobalRequestGuards().map(({ name }) => String(name)),
    ];
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApplicationRoutes } from '../http/mounting/application-routes.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';

/** This instance of the module among those of the application that receive webhooks. */
@Injectable()
export class ReceivingInstance {
  readonly basePath: string;
  private readonly routes: ApplicationRoutes;

  constructor(
    adapterHost: HttpAdapterHost,
    @Inject(RESOLVED_OPTIONS) { basePath }: Pick<ResolvedOptions, 'basePath'>,
  ) {
    this.basePath = basePath;
    this.routes = ApplicationRoutes.of(adapterHost);
    this.routes.receiving.add(basePath);
  }

  /**
   * What is wrong with the base paths that a handler names. Once every module is made: others may come later.
   *
   * @param named undefined: it names none
   */
  faultOf(named: readonly string[] | undefined): string | undefined {
    if (named === undefined) {
      const all = [...this.routes.receiving].map((path) => JSON.stringify(path));
      if (all.length < 2) return undefined;
      return `there are several PaymentsModules, ${all.join(' and ')}; say by their base paths whose events it handles: @StripeEventsOf(${all[0] ?? ''})`;
    }
    const unknown = named.find((path) => !this.routes.has(path));
    if (unknown === undefined) return undefined;
    return `@StripeEventsOf names ${JSON.stringify(unknown)}, and no PaymentsModule of this application has this base path`;
  }
}

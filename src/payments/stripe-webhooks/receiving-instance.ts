import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
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
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
  ) {
    this.basePath = basePath;
    this.routes = ApplicationRoutes.of(adapterHost);
    this.routes.receiving.set(basePath, database);
  }

  /**
   * What is wrong with the base paths that a handler names. Once every module is made: others may come later.
   *
   * @param named undefined: it names none
   */
  faultOf(named: readonly string[] | undefined): string | undefined {
    if (named === undefined) {
      const all = [...this.routes.receiving.keys()].sort().map((path) => JSON.stringify(path));
      if (all.length < 2) return undefined;
      return `there are several PaymentsModules, ${all.join(' and ')}; say by their base paths whose events it handles: @StripeEventsOf(${all[0] ?? ''})`;
    }
    const unknown = named.find((path) => !this.routes.has(path));
    if (unknown !== undefined) {
      return `@StripeEventsOf names ${JSON.stringify(unknown)}, and no PaymentsModule of this application has this base path`;
    }
    const other = named.includes(this.basePath)
      ? this.sharing().find((path) => !named.includes(path))
      : undefined;
    if (other === undefined) return undefined;
    return `the PaymentsModules ${JSON.stringify(this.basePath)} and ${JSON.stringify(other)} have the same tables, where each takes the other's events; give each a schema of its own, or name both: @StripeEventsOf(${JSON.stringify(this.basePath)}, ${JSON.stringify(other)})`;
  }

  /** The base paths of the instances that have the tables of this one, as far as their options say so. */
  private sharing(): string[] {
    const { pool, schema } = this.database;
    return [...this.routes.receiving]
      .filter(([, other]) => other.pool === pool && other.schema === schema)
      .map(([path]) => path);
  }
}

import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, HttpAdapterHost } from '@nestjs/core';
import { PAYMENTS_DATABASE } from './database/database.js';
import { HOST_DATA_SOURCE, hostDataSource } from './host-data-source.js';
import { keepBodiesFromHost } from './http/body/host-body.js';
import { ApplicationRoutes } from './http/mounting/application-routes.js';
import { mountedAt } from './http/mounting/mounted.js';
import { KNOWS_GUARDS } from './http/mounting/mounting-report.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './payments.module-definition.js';
import { ProjectIds, UUIDS } from './domain/project-ids.js';
import { projectIdsFault } from './options/project-ids-fault.js';
import { DEFAULT_BASE_PATH } from './options/payments.options.js';
import {
  RESOLVED_OPTIONS,
  type PaymentsModuleExtras,
  type PaymentsModuleOptions,
  type ResolvedOptions,
} from './options/payments.options.js';
import { resolveDatabase } from './options/resolve-database.js';
import { resolveOptions } from './options/resolve-options.js';
import { Gauges } from './options/gauges.js';
import { TimeLimits } from './options/time-limits.js';
import { SchemaCheck } from './schema/schema-check.js';
import { FEATURES } from './payments.features.js';

/**
 * The Stripe configurations of projects: `PaymentsModule.forRoot(options)` or `.forRootAsync({ … })`.
 * It uses the application's database: by its TypeORM DataSource, or by what the option `database` names.
 * Its guards, pipes, interceptor and filter are bound to its own routes; it has no effect on any other.
 */
@Module({})
export class PaymentsModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return completed(super.forRoot(options), options, options.database !== undefined);
  }

  /** With `useFactory`, or with `useClass` or `useExisting` of a class that has a method `createPaymentsOptions`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return completed(super.forRootAsync(options), options);
  }

  constructor(
    @Inject(RESOLVED_OPTIONS) { basePath }: Pick<ResolvedOptions, 'basePath'>,
    adapterHost: HttpAdapterHost,
  ) {
    super();
    ApplicationRoutes.of(adapterHost).take(basePath);
    keepBodiesFromHost(adapterHost, basePath);
  }
}

/** Adds to the definition what depends on where and how the module is mounted. */
function completed(
  definition: DynamicModule,
  extras: PaymentsModuleExtras,
  hasDatabase = false,
): DynamicModule {
  const imports = definition.imports ?? [];
  const basePath = extras.basePath?.replace(/^\/+|\/+$/g, '') ?? DEFAULT_BASE_PATH;
  const forWebhooks = extras.webhooks === false ? [] : FEATURES.map(({ webhooks = {} }) => webhooks);
  const parts = [...FEATURES, ...forWebhooks];
  const controllers = [
    ...parts.flatMap((part) => part.controllers ?? []),
    ...forWebhooks.flatMap((part) => part.aliases ?? []),
  ];
  return {
    ...definition,
    imports: [
      ...imports,
      DiscoveryModule,
      ...(hasDatabase ? [] : [hostDataSource(extras.dataSource, imports)]),
    ],
    controllers: mountedAt(basePath, controllers, {
      security: extras.openApiSecurity,
      projectIds: otherThanUuids(extras.projectIds),
      publicMetadata: typeof extras.webhooks === 'object' ? extras.webhooks.metadata : undefined,
    }),
    providers: [
      ...(definition.providers ?? []),
      ...parts.flatMap((part) => part.providers ?? []),
      SchemaCheck,
      TimeLimits,
      Gauges,
      { provide: KNOWS_GUARDS, useValue: typeof extras.webhooks === 'object' },
      {
        provide: RESOLVED_OPTIONS,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: (options: PaymentsModuleOptions) => resolveOptions(options, basePath, extras),
      },
      {
        provide: PAYMENTS_DATABASE,
        inject: [RESOLVED_OPTIONS, { token: HOST_DATA_SOURCE, optional: true }],
        useFactory: ({ database }: ResolvedOptions, found?: object) =>
          resolveDatabase(database, found, extras.dataSource),
      },
    ],
    exports: parts.flatMap((part) => part.exports ?? []),
  };
}

/** The ids to document. A wrong option is refused with the others, when they are known. */
function otherThanUuids(option: PaymentsModuleExtras['projectIds']): ProjectIds | undefined {
  const ids = projectIdsFault(option) === undefined ? ProjectIds.of(option) : UUIDS;
  return ids === UUIDS ? undefined : ids;
}

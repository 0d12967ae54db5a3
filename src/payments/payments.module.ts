import { Inject, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { DiscoveryModule, HttpAdapterHost } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE } from './database/run-statement.js';
import { AuditService } from './audit/audit.service.js';
import { HistoryController } from './audit/history.controller.js';
import { ConfigHealthController } from './config-health/config-health.controller.js';
import { ConfigHealthService } from './config-health/config-health.service.js';
import { ValidateCredentialsController } from './credential-checks/validate-credentials.controller.js';
import { ValidateCredentialsService } from './credential-checks/validate-credentials.service.js';
import { Sealer } from './crypto/sealer.js';
import { AccessGuard } from './http/access/access.guard.js';
import { ErrorFilter } from './http/errors/error.filter.js';
import { keepBodiesFromHost } from './http/body/host-body.js';
import { JwtAuthGuard } from './http/access/jwt-auth.guard.js';
import { mountedAt } from './http/mounted.js';
import { refuseOtherMethods } from './http/errors/method-not-allowed.js';
import { ProjectOwnershipGuard } from './http/access/project-ownership.guard.js';
import { KeyRingInUse } from './key-ring/key-ring-in-use.js';
import { KeyRingMonitor } from './key-ring/key-ring-monitor.js';
import { KeyRingUpkeep } from './key-ring/key-ring-upkeep.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './payments.module-definition.js';
import { DEFAULT_BASE_PATH } from './options/payments.options.js';
import {
  RESOLVED_OPTIONS,
  type PaymentsModuleExtras,
  type PaymentsModuleOptions,
  type ResolvedOptions,
} from './options/payments.options.js';
import { OPENED_KEY_RING, openKeyRing, type OpenedKeyRing } from './key-ring/opened-key-ring.js';
import { resolveOptions } from './options/resolve-options.js';
import { TimeLimits } from './options/time-limits.js';
import { ProjectListController } from './project-list/project-list.controller.js';
import { ProjectRemoval } from './project-removal/project-removal.js';
import { HostProjects } from './http/access/host-projects.js';
import { ProjectOwnership } from './domain/project-ownership.js';
import { SchemaCheck, requireDataSource } from './schema/schema-check.js';
import { ConfigEvents } from './stripe-config/config-events.js';
import { ExpiredSecrets } from './stripe-config/expired-secrets.js';
import { MaskingInterceptor } from './stripe-config/masking.interceptor.js';
import { StripeConfigController } from './stripe-config/stripe-config.controller.js';
import { StripeConfigService } from './stripe-config/stripe-config.service.js';
import { ConfigChanges } from './stripe-config/config-changes.js';
import { StripeClients } from './stripe-clients/stripe-clients.js';
import { EventHandlers } from './stripe-webhooks/event-handlers.js';
import { EventWorker } from './stripe-webhooks/event-worker.js';
import { StripeEventController } from './stripe-webhooks/stripe-event.controller.js';
import { StripeEventService } from './stripe-webhooks/stripe-event.service.js';
import { WebhookController, WebhookSlashController } from './stripe-webhooks/webhook.controller.js';
import { WebhookMonitor } from './stripe-webhooks/webhook-monitor.js';
import { WebhookSecretStore } from './stripe-webhooks/webhook-secrets.js';
import { WebhookService } from './stripe-webhooks/webhook.service.js';
import { WebhookUrlsController } from './stripe-webhooks/webhook-urls.controller.js';
import { StripeApi } from './stripe/stripe-api.js';
import { ConfigRemoval } from './stripe-config/config-removal.js';
import { EndpointRemoval } from './webhook-endpoint/endpoint-removal.js';
import { EndpointReconciler } from './webhook-endpoint/endpoint-reconciler.js';
import { EndpointRecords } from './webhook-endpoint/endpoint-records.js';
import { EndpointSecrets } from './webhook-endpoint/endpoint-secrets.js';
import { WebhookEndpointController } from './webhook-endpoint/webhook-endpoint.controller.js';
import { WebhookEndpointService } from './webhook-endpoint/webhook-endpoint.service.js';

const CONTROLLERS = [
  StripeConfigController,
  HistoryController,
  ConfigHealthController,
  ValidateCredentialsController,
  ProjectListController,
];

/** What a process without webhooks does not have. */
const WEBHOOK_CONTROLLERS = [
  WebhookUrlsController,
  WebhookEndpointController,
  StripeEventController,
  WebhookController,
];

const PROVIDERS: Provider[] = [
  AccessGuard,
  JwtAuthGuard,
  ProjectOwnershipGuard,
  MaskingInterceptor,
  ErrorFilter,
  SchemaCheck,
  KeyRingMonitor,
  KeyRingUpkeep,
  StripeConfigService,
  ExpiredSecrets,
  AuditService,
  ConfigRemoval,
  EndpointRemoval,
  ProjectRemoval,
  ConfigHealthService,
  ValidateCredentialsService,
  TimeLimits,
  StripeApi,
  EndpointRecords,
  EndpointSecrets,
  EndpointReconciler,
  WebhookEndpointService,
  ConfigEvents,
  ConfigChanges,
  StripeClients,
  {
    provide: OPENED_KEY_RING,
    inject: [RESOLVED_OPTIONS],
    useFactory: openKeyRing,
  },
  {
    provide: KeyRingInUse,
    inject: [OPENED_KEY_RING],
    useFactory: ({ ring }: OpenedKeyRing) => new KeyRingInUse(ring),
  },
  {
    provide: Sealer,
    inject: [KeyRingInUse],
    useFactory: (keys: KeyRingInUse) => new Sealer(keys),
  },
  { provide: ProjectOwnership, useClass: HostProjects },
];

const WEBHOOK_PROVIDERS: Provider[] = [
  WebhookSecretStore,
  WebhookMonitor,
  WebhookService,
  EventHandlers,
  EventWorker,
  StripeEventService,
];

/**
 * The Stripe configurations of projects: `PaymentsModule.forRoot(options)` or `.forRootAsync({ … })`.
 * It uses a TypeORM DataSource of the application, which must know `paymentsEntities` and `paymentsMigrations`.
 * Its guards, pipes, interceptor and filter are bound to its own routes; it has no effect on any other.
 */
@Module({})
export class PaymentsModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return completed(super.forRoot(options), options);
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
    keepBodiesFromHost(adapterHost, basePath);
  }
}

/** Adds to the definition what depends on where and how the module is mounted. */
function completed(definition: DynamicModule, extras: PaymentsModuleExtras): DynamicModule {
  const basePath = extras.basePath?.replace(/^\/+|\/+$/g, '') ?? DEFAULT_BASE_PATH;
  const { webhooks = true } = extras;
  const controllers = mountedAt(basePath, [...CONTROLLERS, ...(webhooks ? WEBHOOK_CONTROLLERS : [])]);
  const aliases = mountedAt(basePath, webhooks ? [WebhookSlashController] : []);
  return {
    ...definition,
    imports: [...(definition.imports ?? []), DiscoveryModule],
    controllers: [...controllers, ...aliases, ...mountedAt('', [refuseOtherMethods(...controllers)])],
    providers: [
      ...(definition.providers ?? []),
      ...PROVIDERS,
      ...(webhooks ? WEBHOOK_PROVIDERS : []),
      {
        provide: RESOLVED_OPTIONS,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: (options: PaymentsModuleOptions) => resolveOptions(options, basePath),
      },
      {
        provide: PAYMENTS_DATA_SOURCE,
        inject: [{ token: getDataSourceToken(extras.dataSource), optional: true }],
        useFactory: (dataSource?: DataSource) => requireDataSource(dataSource, extras.dataSource),
      },
    ],
    exports: [StripeClients, StripeConfigService, ProjectRemoval, Sealer, KeyRingMonitor, AccessGuard],
  };
}

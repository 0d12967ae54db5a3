import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuditService } from './audit/audit.service.js';
import { HistoryController } from './audit/history.controller.js';
import { ConfigHealthController } from './config-health/config-health.controller.js';
import { ConfigHealthService } from './config-health/config-health.service.js';
import { ValidateCredentialsController } from './credential-checks/validate-credentials.controller.js';
import { ValidateCredentialsService } from './credential-checks/validate-credentials.service.js';
import { Sealer } from './crypto/sealer.js';
import { ErrorFilter } from './http/error.filter.js';
import { JwtAuthGuard } from './http/jwt-auth.guard.js';
import { JwtStrategy } from './http/jwt.strategy.js';
import { refuseOtherMethods } from './http/method-not-allowed.js';
import { ProjectOwnershipGuard } from './http/project-ownership.guard.js';
import { KeyRingMonitor } from './key-custody/key-ring-monitor.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './payments.module-definition.js';
import { RESOLVED_OPTIONS, resolveOptions, type PaymentsModuleOptions } from './payments.options.js';
import { ProjectListController } from './project-list/project-list.controller.js';
import { ProjectOwnership } from './project-ownership.js';
import { ExpiredSecrets } from './stripe-config/expired-secrets.js';
import { MaskingInterceptor } from './stripe-config/masking.interceptor.js';
import { StripeConfigController } from './stripe-config/stripe-config.controller.js';
import { StripeConfigService } from './stripe-config/stripe-config.service.js';
import { EventHandlers } from './stripe-webhooks/event-handlers.js';
import { EventWorker } from './stripe-webhooks/event-worker.js';
import { StripeEventController } from './stripe-webhooks/stripe-event.controller.js';
import { StripeEventService } from './stripe-webhooks/stripe-event.service.js';
import { WebhookController } from './stripe-webhooks/webhook.controller.js';
import { WebhookMonitor } from './stripe-webhooks/webhook-monitor.js';
import { WebhookSecretStore } from './stripe-webhooks/webhook-secrets.js';
import { WebhookService } from './stripe-webhooks/webhook.service.js';
import { WebhookUrlsController } from './stripe-webhooks/webhook-urls.controller.js';
import { StripeApi } from './stripe/stripe-api.js';
import { ConfigRemoval } from './webhook-endpoint/config-removal.js';
import { WebhookEndpointController } from './webhook-endpoint/webhook-endpoint.controller.js';
import { WebhookEndpointService } from './webhook-endpoint/webhook-endpoint.service.js';

const CONTROLLERS = [
  StripeConfigController,
  HistoryController,
  ConfigHealthController,
  ValidateCredentialsController,
  WebhookUrlsController,
  WebhookEndpointController,
  StripeEventController,
  WebhookController,
  ProjectListController,
];

/**
 * The Stripe configurations of projects: `PaymentsModule.forRoot(options)` or `.forRootAsync({ … })`.
 * It uses the application's TypeORM DataSource, which must know `paymentsEntities` and `paymentsMigrations`.
 */
@Module({
  imports: [DiscoveryModule],
  controllers: [...CONTROLLERS, refuseOtherMethods(...CONTROLLERS)],
  providers: [
    StripeConfigService,
    ExpiredSecrets,
    ConfigRemoval,
    ConfigHealthService,
    ValidateCredentialsService,
    StripeApi,
    WebhookEndpointService,
    WebhookSecretStore,
    WebhookMonitor,
    WebhookService,
    EventHandlers,
    EventWorker,
    StripeEventService,
    AuditService,
    KeyRingMonitor,
    JwtStrategy,
    JwtAuthGuard,
    ProjectOwnershipGuard,
    MaskingInterceptor,
    ErrorFilter,
    { provide: RESOLVED_OPTIONS, inject: [MODULE_OPTIONS_TOKEN], useFactory: resolveOptions },
    {
      provide: Sealer,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ keyRing }: PaymentsModuleOptions) => new Sealer(keyRing),
    },
    {
      provide: ProjectOwnership,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ projects }: PaymentsModuleOptions) => projects,
    },
  ],
  exports: [StripeConfigService, Sealer, KeyRingMonitor],
})
export class PaymentsModule extends ConfigurableModuleClass {}

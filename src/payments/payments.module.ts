import { Module } from '@nestjs/common';
import { AuditService } from './audit/audit.service.js';
import { HistoryController } from './audit/history.controller.js';
import { Sealer } from './crypto/sealer.js';
import { ErrorFilter } from './http/error.filter.js';
import { JwtAuthGuard } from './http/jwt-auth.guard.js';
import { JwtStrategy } from './http/jwt.strategy.js';
import { refuseOtherMethods } from './http/method-not-allowed.js';
import { ProjectOwnershipGuard } from './http/project-ownership.guard.js';
import { KeyRingMonitor } from './key-custody/key-ring-monitor.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './payments.module-definition.js';
import type { PaymentsModuleOptions } from './payments.options.js';
import { ProjectListController } from './project-list/project-list.controller.js';
import { ProjectOwnership } from './project-ownership.js';
import { MaskingInterceptor } from './stripe-config/masking.interceptor.js';
import { StripeConfigController } from './stripe-config/stripe-config.controller.js';
import { StripeConfigService } from './stripe-config/stripe-config.service.js';

const CONTROLLERS = [StripeConfigController, HistoryController, ProjectListController];

/**
 * The Stripe configurations of projects: `PaymentsModule.forRoot(options)` or `.forRootAsync({ … })`.
 * It uses the application's TypeORM DataSource, which must know `paymentsEntities` and `paymentsMigrations`.
 */
@Module({
  controllers: [...CONTROLLERS, refuseOtherMethods(...CONTROLLERS)],
  providers: [
    StripeConfigService,
    AuditService,
    KeyRingMonitor,
    JwtStrategy,
    JwtAuthGuard,
    ProjectOwnershipGuard,
    MaskingInterceptor,
    ErrorFilter,
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

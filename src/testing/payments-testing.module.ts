import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PaymentsHealth } from '../payments/health/payments-health.js';
import { AccessGuard } from '../payments/http/access/jwt-auth.guard.js';
import { HostProjects } from '../payments/http/access/project-ownership.guard.js';
import {
  DEFAULT_BASE_PATH,
  RESOLVED_OPTIONS,
  type PaymentsModuleOptions,
} from '../payments/options/payments.options.js';
import { resolveOptions } from '../payments/options/resolve-options.js';
import { DataErasure } from '../payments/project-removal/data-erasure.js';
import { ProjectRemoval } from '../payments/project-removal/project-removal.js';
import { StripeClients } from '../payments/stripe-clients/stripe-clients.js';
import { HostEvents } from '../payments/stripe-config/host-events.js';
import { StripeConfigService } from '../payments/stripe-config/stripe-config.service.js';
import { EventWorker } from '../payments/stripe-webhooks/event-worker.js';
import { InMemoryPayments } from './in-memory-payments.js';
import { inMemoryProviders, optionsForTests } from './in-memory-providers.js';

/** Stands in for `PaymentsModule` in tests of single providers and controllers: its services in memory, and no routes. */
@Module({})
export class PaymentsTestingModule {
  /**
   * @param payments keep it, to give clients and to look at what was stored
   * @param options `auth` and `projects`, for code that uses our guards. Default: every caller passes, and nobody owns a project
   */
  static forRoot(
    payments: InMemoryPayments = new InMemoryPayments(),
    options: Pick<Partial<PaymentsModuleOptions>, 'auth' | 'projects'> = {},
  ): DynamicModule {
    return {
      module: PaymentsTestingModule,
      imports: [DiscoveryModule],
      providers: [
        ...inMemoryProviders(payments),
        HostEvents,
        AccessGuard,
        HostProjects,
        {
          provide: RESOLVED_OPTIONS,
          useValue: resolveOptions(optionsForTests(options), DEFAULT_BASE_PATH, payments),
        },
      ],
      exports: [
        StripeClients,
        StripeConfigService,
        ProjectRemoval,
        DataErasure,
        PaymentsHealth,
        EventWorker,
        AccessGuard,
        HostProjects,
      ],
    };
  }
}

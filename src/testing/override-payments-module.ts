import type { InjectionToken, Provider } from '@nestjs/common';
import { PAYMENTS_DATABASE } from '../payments/database/database.js';
import { AccessGuard, JwtAuthGuard } from '../payments/http/access/jwt-auth.guard.js';
import { HostProjects, ProjectOwnershipGuard } from '../payments/http/access/project-ownership.guard.js';
import { ErrorFilter } from '../payments/http/errors/error.filter.js';
import { OtherMethods } from '../payments/http/mounting/other-methods.js';
import type { PaymentsModuleOptions } from '../payments/options/payments.options.js';
import { FEATURES } from '../payments/payments.features.js';
import { MODULE_OPTIONS_TOKEN } from '../payments/payments.module-definition.js';
import { SchemaCheck } from '../payments/schema/schema-check.js';
import { ConfigRemoval } from '../payments/stripe-config/config-removal.js';
import { HostEvents } from '../payments/stripe-config/host-events.js';
import { MaskingInterceptor } from '../payments/stripe-config/masking.interceptor.js';
import { absent } from './absent.js';
import { InMemoryPayments } from './in-memory-payments.js';
import { inMemoryProviders, optionsForTests } from './in-memory-providers.js';

/** As much of the `TestingModuleBuilder` of `@nestjs/testing` as is used of it. */
interface Overridable {
  overrideProvider(token: unknown): {
    useValue(value: unknown): unknown;
    useFactory(options: { factory: (...values: never[]) => unknown; inject?: unknown[] }): unknown;
  };
}

/** What works without a database as it is: who may call, changes told to the host, and the routes of configurations. */
const KEPT: ReadonlySet<InjectionToken> = new Set<InjectionToken>([
  AccessGuard,
  ConfigRemoval,
  ErrorFilter,
  HostEvents,
  HostProjects,
  JwtAuthGuard,
  MaskingInterceptor,
  OtherMethods,
  ProjectOwnershipGuard,
]);

/**
 * Makes an application that imports `PaymentsModule.forRoot(…)` or `.forRootAsync(…)`, wherever it does, testable without the
 * module's database, key ring and Stripe: its services work in memory. Of its routes those of configurations work, and no webhook
 * is received: give events to handlers with {@link deliverStripeEvent}.
 *
 * @param builder `Test.createTestingModule({ imports: [AppModule] })`
 * @param payments keep it, to give clients and to look at what was stored
 * @param options in place of the application's own, should they need what a test has not. Default: the application's, of which the
 *   key ring is not opened. What is left out lets every caller pass, and nobody owns a project
 * @returns the builder
 */
export function overridePaymentsModule<Builder extends Overridable>(
  builder: Builder,
  payments: InMemoryPayments = new InMemoryPayments(),
  options?: Partial<PaymentsModuleOptions>,
): Builder {
  const parts = FEATURES.flatMap(({ webhooks, ...feature }) => [feature, webhooks ?? {}]);
  const tokens = parts.flatMap(({ providers = [] }) => providers.map(tokenOf));
  for (const token of [...tokens, SchemaCheck, PAYMENTS_DATABASE]) {
    if (!KEPT.has(token)) builder.overrideProvider(token).useValue(absent(nameOf(token), FIX));
  }
  for (const provider of inMemoryProviders(payments)) {
    const override = builder.overrideProvider(provider.provide);
    if ('useValue' in provider) override.useValue(provider.useValue);
    else override.useFactory({ factory: provider.useFactory, inject: provider.inject ?? [] });
  }
  if (options !== undefined) {
    builder.overrideProvider(MODULE_OPTIONS_TOKEN).useValue(optionsForTests(options));
  }
  return builder;
}

const FIX =
  'overridePaymentsModule has taken the database away; test what needs it with PaymentsModule itself';

function tokenOf(provider: Provider): InjectionToken {
  return typeof provider === 'function' ? provider : provider.provide;
}

function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}

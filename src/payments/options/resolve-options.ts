import { PaymentsOptionsError } from './options-error.js';
import { ProjectIds } from '../domain/project-ids.js';
import type { PaymentsModuleExtras, PaymentsModuleOptions, ResolvedOptions } from './payments.options.js';
import { findFaults } from './validate-options.js';

const DEFAULT_OVERLAP_HOURS = 24;
const DEFAULT_RETENTION_DAYS = 45;

/** The address of Stripe itself. */
export const STRIPE_API_BASE = 'https://api.stripe.com';

/**
 * Validates the options and fills in every default.
 *
 * @throws PaymentsOptionsError naming every wrong option
 */
export function resolveOptions(
  options: PaymentsModuleOptions,
  basePath: string,
  extras?: PaymentsModuleExtras,
): ResolvedOptions {
  const faults = findFaults(options, basePath, extras);
  if (faults.length > 0) throw new PaymentsOptionsError(faults);
  return {
    ...options,
    basePath,
    publicBaseUrl: options.publicBaseUrl.replace(/\/+$/, ''),
    stripeApiBase: options.stripeApiBase ?? STRIPE_API_BASE,
    webhookSecretOverlapHours: options.webhookSecretOverlapHours ?? DEFAULT_OVERLAP_HOURS,
    eventRetentionDays: options.eventRetentionDays ?? DEFAULT_RETENTION_DAYS,
    eraseEventsOnDelete: options.eraseEventsOnDelete ?? false,
    limits: {
      stripeCallsPerMinute: options.limits?.stripeCallsPerMinute ?? 5,
      stripeCallsAtOnce: options.limits?.stripeCallsAtOnce ?? 8,
      eventsAtOnce: options.limits?.eventsAtOnce ?? 4,
    },
    clock: options.clock ?? Date.now,
    projectIds: ProjectIds.of(extras?.projectIds),
  };
}

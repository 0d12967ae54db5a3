import { count } from '../telemetry/meter.js';
import type { StripeConfigEventName } from './host-events.js';

const ACTIONS = {
  'stripe-config.updated': { 'stripe_config.config.action': 'updated' },
  'stripe-config.deactivated': { 'stripe_config.config.action': 'deactivated' },
  'stripe-config.previous-webhook-secret-erased': {
    'stripe_config.config.action': 'previous_webhook_secret_erased',
  },
} as const satisfies Record<StripeConfigEventName, object>;

const CREATED = { 'stripe_config.config.action': 'created' };

/** Counts a change. @param version that it made; the first is a creation */
export function countChange(name: StripeConfigEventName, version: number): void {
  count('stripe_config.config.changes', version === 1 ? CREATED : ACTIONS[name]);
}

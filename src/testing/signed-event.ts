import Stripe from 'stripe';
import type { AnyStripeEvent } from '../payments/stripe/stripe-event-types.js';

/** A webhook as Stripe sends it. */
export interface SignedStripeEvent {
  /** The body, to be sent as it is. */
  payload: string;
  headers: { 'content-type': string; 'stripe-signature': string };
}

/**
 * Signs an event as Stripe signs its webhooks (docs.stripe.com/webhooks/signature), for requests to a webhook's address.
 *
 * @param secret the signing secret that is stored for the project and mode, `whsec_…`
 * @param signedAt default: now; Stripe's and our receivers refuse a signature that is older than five minutes
 */
export function signStripeEvent(
  event: AnyStripeEvent,
  secret: string,
  signedAt: Date = new Date(),
): SignedStripeEvent {
  const payload = JSON.stringify(event);
  const timestamp = Math.floor(signedAt.getTime() / 1000);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return { payload, headers: { 'content-type': 'application/json', 'stripe-signature': signature } };
}

import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import type { Secret } from '../crypto/secret.js';
import { livemodeOf, type Mode } from '../domain/credentials.js';

/** A generated event, as a webhook carries it. */
export interface TestEvent {
  id: string;
  payload: string;
  /** The header `Stripe-Signature`. */
  signature: string;
}

/** Generates an event of a type, and signs it as Stripe would, with the SDK's own helper. */
export function makeTestEvent(type: string, mode: Mode, secret: Secret): TestEvent {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  const object = type.split('.').slice(0, -1).join('.');
  const payload = JSON.stringify({
    id,
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: `test_${randomUUID().replaceAll('-', '')}`, object } },
    livemode: livemodeOf(mode),
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  });
  return {
    id,
    payload,
    signature: Stripe.webhooks.generateTestHeaderString({ payload, secret: secret.reveal() }),
  };
}

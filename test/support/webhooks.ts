import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import type { Mode } from '../../src/payments/domain/credentials.js';
import { webhookPath, type TestClient, type TestResponse } from './service.js';

export type EventPayload = Record<string, unknown>;

/** An event with a snapshot of its object, in the shape that Stripe documents (docs.stripe.com/api/events/object). */
export function snapshotEvent(mode: Mode, changes: EventPayload = {}): EventPayload {
  return {
    id: newEventId(),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: 1_767_225_600,
    data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', amount_paid: 1200, lines: [] } },
    livemode: mode === 'live',
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'invoice.paid',
    ...changes,
  };
}

/** A thin event in the shape that Stripe documents (docs.stripe.com/event-destinations#thin-events). */
export function thinEvent(mode: Mode, changes: EventPayload = {}): EventPayload {
  return {
    id: newEventId(),
    object: 'v2.core.event',
    type: 'v1.billing.meter.error_report_triggered',
    livemode: mode === 'live',
    created: '2026-01-01T00:00:00.123Z',
    context: null,
    reason: null,
    related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
    ...changes,
  };
}

export function newEventId(): string {
  return `evt_${randomUUID().replaceAll('-', '')}`;
}

/** The header `Stripe-Signature` as Stripe's own SDK makes it. @param age of the signature in seconds */
export function signatureOf(payload: string, secret: string, age = 0): string {
  const timestamp = Math.floor(Date.now() / 1000) - age;
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

/** Sends bytes to a webhook address, as Stripe does. @param signature null: without the header */
export function sendWebhook(
  client: TestClient,
  path: string,
  body: string | Uint8Array,
  signature: string | null,
  headers: Record<string, string> = {},
): Promise<TestResponse> {
  return client.request('POST', path, {
    subject: null,
    body,
    headers: { ...(signature !== null && { 'stripe-signature': signature }), ...headers },
  });
}

/** Delivers an event that a secret has signed just now. */
export function deliver(
  client: TestClient,
  projectId: string,
  mode: Mode,
  secret: string,
  event: EventPayload = snapshotEvent(mode),
): Promise<TestResponse> {
  const payload = JSON.stringify(event);
  return sendWebhook(client, webhookPath(projectId, mode), payload, signatureOf(payload, secret));
}

import type { StripeEndpoint } from '../../../src/payments/stripe/webhook-endpoints-api.js';
import type { EndpointGoal, EndpointState } from '../../../src/payments/webhook-endpoint/endpoint-plan.js';
import { metadataOf, type EndpointTarget } from '../../../src/payments/webhook-endpoint/endpoint-target.js';
import type { WebhookEndpointEntity } from '../../../src/payments/webhook-endpoint/webhook-endpoint.entity.js';

export const TARGET: EndpointTarget = {
  projectId: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
  mode: 'test',
  url: 'https://pay.example.test/hooks/1/test',
};
export const KEY = '00000000-0000-4000-8000-000000000001';
export const SOME_TIME = new Date(0);
export const wanted = (...eventTypes: string[]) => ({ url: TARGET.url, eventTypes });
export const PAID = wanted('invoice.paid');
export const GOAL: EndpointGoal = { target: TARGET, wanted: PAID };

/** An endpoint that this service made. */
export const ours = (id: string, details: Partial<StripeEndpoint> = {}): StripeEndpoint => ({
  id,
  url: TARGET.url,
  isEnabled: true,
  eventTypes: ['invoice.paid'],
  apiVersion: null,
  metadata: metadataOf(TARGET),
  ...details,
});

export const byHand = (id: string, details: Partial<StripeEndpoint> = {}): StripeEndpoint =>
  ours(id, { metadata: {}, ...details });

export const record = (details: Partial<WebhookEndpointEntity> = {}): WebhookEndpointEntity => ({
  project_id: TARGET.projectId,
  mode: TARGET.mode,
  endpoint_id: null,
  wanted: PAID,
  secret_version: null,
  idempotency_key: null,
  made_at: null,
  removed_at: null,
  removal_failed_at: null,
  ...details,
});

/** The record of an endpoint that this service made, and whose secret is that of version 2. */
export const made = (id: string, details: Partial<WebhookEndpointEntity> = {}): WebhookEndpointEntity =>
  record({ endpoint_id: id, secret_version: 2, made_at: SOME_TIME, ...details });

/** The record of an endpoint that was taken over. */
export const taken = (id: string, details: Partial<WebhookEndpointEntity> = {}): WebhookEndpointEntity =>
  made(id, { made_at: null, ...details });

/** A project with a secret key and nothing else. */
export const state = (details: Partial<EndpointState> = {}): EndpointState => ({
  record: undefined,
  endpoints: [],
  secretVersion: null,
  verifiedVersion: null,
  hasKey: true,
  isFull: false,
  ...details,
});

/** A project whose webhook secret was stored in version 2. */
export const stored = (details: Partial<EndpointState> = {}): EndpointState =>
  state({ secretVersion: 2, ...details });

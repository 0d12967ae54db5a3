import type { StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import { isOurs, type EndpointTarget } from './endpoint-target.js';
import type { WebhookEndpointEntity } from './webhook-endpoint.entity.js';

/** The default types: those that the documented system handles. */
export const DEFAULT_EVENT_TYPES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'charge.refunded',
];

/** The state of an endpoint in Stripe. */
export interface WebhookEndpointView {
  /** `missing`: Stripe has none for this project and mode. */
  state: 'enabled' | 'disabled' | 'missing';
  id: string | null;
  url: string;
  /** Whether this service created it; otherwise it was created by hand. */
  isOurs: boolean;
  apiVersion: string | null;
  eventTypes: string[];
  missingEventTypes: string[];
  /** Further endpoints of the same URL, whose webhooks cannot be verified. */
  otherIds: string[];
}

/** Our record of an endpoint, and what Stripe has at its URL. */
export interface ObservedEndpoint {
  record: WebhookEndpointEntity | undefined;
  endpoints: readonly StripeEndpoint[];
}

/** The endpoint to show: the recorded one, or any other of the URL where Stripe does not have it. */
export function viewOf(target: EndpointTarget, { record, endpoints }: ObservedEndpoint): WebhookEndpointView {
  const endpoint = endpoints.find(({ id }) => id === record?.endpoint_id) ?? endpoints[0];
  return {
    state: endpoint === undefined ? 'missing' : endpoint.isEnabled ? 'enabled' : 'disabled',
    id: endpoint?.id ?? null,
    url: target.url,
    isOurs: endpoint !== undefined && isOurs(endpoint, target),
    apiVersion: endpoint?.apiVersion ?? null,
    eventTypes: endpoint?.eventTypes ?? [],
    missingEventTypes: missingTypes(record?.wanted.eventTypes ?? DEFAULT_EVENT_TYPES, endpoint),
    otherIds: endpoints.map(({ id }) => id).filter((id) => id !== endpoint?.id),
  };
}

/** The types that an endpoint should send and does not. */
export function missingTypes(wanted: readonly string[], endpoint: StripeEndpoint | undefined): string[] {
  const sent = endpoint?.eventTypes ?? [];
  return sent.includes('*') ? [] : wanted.filter((type) => !sent.includes(type));
}

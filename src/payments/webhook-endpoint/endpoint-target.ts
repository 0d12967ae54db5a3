import type { StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import type { Mode } from '../domain/credentials.js';

/** Whose webhooks an endpoint sends, and where to. */
export interface EndpointTarget {
  projectId: string;
  mode: Mode;
  /** Where Stripe sends the webhooks of this project and mode. */
  url: string;
}

/** Marks an endpoint in Stripe as created by this service. */
export function metadataOf({ projectId, mode }: EndpointTarget): Record<string, string> {
  return { created_by: 'nest-stripe-config', project_id: projectId, mode };
}

/** Whether this service created the endpoint, and for this project and mode. */
export function isOurs({ metadata }: StripeEndpoint, target: EndpointTarget): boolean {
  return Object.entries(metadataOf(target)).every(([name, value]) => metadata[name] === value);
}

import type { WebhookEndpoint } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';

/** How an endpoint stands in Stripe, and what to do about it, in sentences. */
export function endpointNotes(endpoint: WebhookEndpoint, texts: Texts): string[] {
  const { state, id, made_by, api_version, missing_event_types, other_endpoint_ids } = endpoint;
  const others =
    other_endpoint_ids.length > 0 ? [fill(texts.endpointOthers, { ids: other_endpoint_ids.join(', ') })] : [];
  if (state === 'missing' || id === null) return [texts.endpointMissing, ...others];
  return [
    fill(state === 'enabled' ? texts.endpointEnabled : texts.endpointDisabled, { id }),
    made_by === 'service' ? texts.endpointByService : texts.endpointByHand,
    ...(missing_event_types.length > 0
      ? [fill(texts.endpointLacks, { types: missing_event_types.join(', ') })]
      : []),
    ...others,
    ...(api_version === null ? [] : [fill(texts.endpointVersion, { version: api_version })]),
  ];
}

import type { WebhookEndpointEntity } from './webhook-endpoint.entity.js';

/** What it takes to leave nothing of ours. */
export type RemovalStep =
  /** Removes one endpoint from Stripe. */
  | { do: 'remove'; id: string }
  /** Removes whatever Stripe has of ours: an endpoint whose making was broken off has no record. */
  | { do: 'remove-ours' }
  | { do: 'mark-removed' }
  | { do: 'delete-record' };

/** The way to nothing of ours in Stripe. An endpoint that was made by hand stays. */
export function planRemoval(record: WebhookEndpointEntity | undefined): RemovalStep[] {
  if (record === undefined) return [];
  const { endpoint_id: id, made_at, removed_at, idempotency_key } = record;
  const isInUse = id !== null && removed_at === null;
  if (idempotency_key === null && !isInUse) return [];
  if (idempotency_key === null && made_at === null) return [{ do: 'delete-record' }];
  return [
    ...(id !== null && made_at !== null ? [{ do: 'remove', id } as const] : []),
    { do: 'remove-ours' },
    { do: made_at === null ? 'delete-record' : 'mark-removed' },
  ];
}

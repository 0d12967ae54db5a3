import type { WebhookEndpointEntity } from './webhook-endpoint.entity.js';

/** A step of a removal. */
export type RemovalStep =
  /** Removes one endpoint from Stripe. */
  | { do: 'remove'; id: string }
  /** Removes all of our endpoints in Stripe: one whose creation was interrupted has no record. */
  | { do: 'remove-ours' }
  | { do: 'mark-removed' }
  | { do: 'delete-record' };

/** Plans the removal of all of our endpoints from Stripe. One that was created by hand stays. */
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

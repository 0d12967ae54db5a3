import Stripe from 'stripe';
import type { StripeEventsByType, StripeEventType } from '../payments/stripe/stripe-event-types.js';
import { STATES } from './event-states.js';
import { newStripeId } from './stripe-ids.js';
import { EVENT_TYPES, OBJECTS } from './stripe-objects.js';

/** Some of the fields of an object of Stripe, at any depth. */
export type StripeFields<T> = T extends readonly (infer Item)[]
  ? StripeFields<Item>[]
  : T extends object
    ? { [Name in keyof T]?: StripeFields<T[Name]> | undefined }
    : T;

/** What surrounds the object of an event. */
export interface StripeEventEnvelope {
  id?: string;
  /** The connected account that it happened in. */
  account?: string;
  api_version?: string | null;
  /** In seconds since 1970. Default: now. */
  created?: number;
  /** Default: false, which is the test mode. */
  livemode?: boolean;
  request?: { id: string | null; idempotency_key: string | null } | null;
  /** Of events of `*.updated`: what the object was like before. */
  previous_attributes?: object;
}

const KINDS = new Map(
  Object.entries(EVENT_TYPES).flatMap(([kind, types]) => types.map((type): [string, string] => [type, kind])),
);

/**
 * An event with a snapshot of its object, in the shape that Stripe documents (docs.stripe.com/api/events/object): each field that
 * Stripe always sends is there, and the object is in the state that the type tells of.
 *
 * @param type `invoice.paid`
 * @param fields of the object, in place of the defaults; a nested object takes the place of the whole default
 */
export function stripeEvent<Type extends StripeEventType>(
  type: Type,
  fields: StripeFields<StripeEventsByType[Type]['data']['object']> = {} as never,
  { previous_attributes, ...envelope }: StripeEventEnvelope = {},
): StripeEventsByType[Type] {
  const kind = KINDS.get(type);
  if (kind === undefined) throw new TypeError(`Stripe has no type of event "${type}"`);
  const event = {
    id: newStripeId('event'),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    ...envelope,
  };
  const object = { ...usualObject(kind, fields, event), ...STATES[type], ...fields };
  const data = { object, ...(previous_attributes !== undefined && { previous_attributes }) };
  return { ...event, data } as unknown as StripeEventsByType[Type];
}

/** Where a type tells of several kinds of objects, its `object` says which it is. */
function usualObject(
  kind: string,
  fields: object,
  { created, livemode }: { created: number; livemode: boolean },
): object {
  const named = (fields as { object?: string }).object ?? kind;
  const usual = structuredClone(OBJECTS[named] ?? OBJECTS[kind] ?? {});
  return {
    ...usual,
    ...('id' in usual && { id: newStripeId(named) }),
    ...('created' in usual && { created }),
    ...('livemode' in usual && { livemode }),
  };
}

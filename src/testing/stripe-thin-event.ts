import type { StripeEventOf, StripeThinEventType } from '../payments/stripe/stripe-event-types.js';
import type { StripeFields } from './stripe-event.js';
import { newStripeId } from './stripe-ids.js';
import { EVENT_TYPES, THIN_EVENT_TYPES } from './stripe-objects.js';

/**
 * A thin event in the shape that Stripe documents (docs.stripe.com/event-destinations#thin-events): it refers to its object
 * and has no snapshot of it.
 *
 * @param type `v1.billing.meter.error_report_triggered`
 * @param fields in place of the defaults; a nested object takes the place of the whole default
 */
export function stripeThinEvent<Type extends StripeThinEventType>(
  type: Type,
  fields: StripeFields<Omit<StripeEventOf<Type>, 'object' | 'type'>> = {} as never,
): StripeEventOf<Type> {
  return {
    id: newStripeId('event'),
    object: 'v2.core.event',
    type,
    livemode: false,
    created: new Date().toISOString(),
    context: null,
    reason: null,
    ...relatedTo(type),
    ...(fields as object),
  } as unknown as StripeEventOf<Type>;
}

function relatedTo(type: string): object {
  if (THIN_EVENT_TYPES.none.includes(type)) return {};
  const isSingleton = THIN_EVENT_TYPES.singleton.includes(type);
  if (!isSingleton && !THIN_EVENT_TYPES.object.includes(type)) {
    throw new TypeError(`Stripe has no type of thin event "${type}"`);
  }
  const kind = kindOf(type);
  const [, version = 'v1', name = kind] = /^(v2)\.(.+)$/.exec(kind) ?? [];
  const path = `/${version}/${name.replaceAll('.', '/')}`;
  if (isSingleton) return { related_object: { type: kind, url: path } };
  const id = newStripeId(kind);
  return { related_object: { id, type: kind, url: `${path.replace(/s?$/, 's')}/${id}` } };
}

/** The kind of object that an event is about: as the event with a snapshot has it, or what its type begins with. */
function kindOf(type: string): string {
  const snapshot = type.replace(/^v1\./, '');
  const [kind] = Object.entries(EVENT_TYPES).find(([, types]) => types.includes(snapshot)) ?? [];
  return kind ?? snapshot.replace(/\[.*\]/, '').replace(/\.[^.]+$/, '');
}

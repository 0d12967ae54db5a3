import type { StripeClient } from './client-of.js';

// The SDK's namespace of types can be imported by default only, see StripeClient.
type StripeEvent = ReturnType<StripeClient['webhooks']['constructEvent']>;
type EventNotification = ReturnType<StripeClient['parseEventNotification']>;

/** The type of an event, as Stripe names it: `invoice.paid`. */
export type StripeEventType = StripeEvent['type'];

/** The type of a thin event: `v1.billing.meter.error_report_triggered`. */
export type StripeThinEventType = EventNotification['type'];

/** What a handler may name: a type, every type below a prefix (`invoice.*`), or every type (`*`). */
export type StripeEventPattern = StripeEventType | StripeThinEventType | '*' | `${string}.*`;

/**
 * An event notification as it was sent, without the methods and the context object that the SDK adds while it parses one: they
 * belong to a client, and a stored event has none. The object that it is about is at `related_object.url`.
 */
export type StripeThinEvent<N = EventNotification> = N extends unknown
  ? Omit<N, 'fetchRelatedObject' | 'fetchEvent' | 'context'> & { context?: string | null }
  : never;

/** Each event by its type. To look one up costs the compiler little; `Extract` would compare all of them, for seconds. */
export type StripeEventsByType = { [E in StripeEvent as E['type']]: E };

/** The event that a handler of a pattern is given. Where the pattern is no single type: any event. */
export type StripeEventOf<P extends StripeEventPattern> = P extends StripeEventType
  ? StripeEventsByType[P]
  : P extends StripeThinEventType
    ? StripeThinEvent<Extract<EventNotification, { type: P }>>
    : AnyStripeEvent;

/** Any event that a handler may be given. */
export type AnyStripeEvent = StripeEvent | StripeThinEvent;

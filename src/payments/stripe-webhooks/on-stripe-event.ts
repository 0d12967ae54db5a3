import { SetMetadata } from '@nestjs/common';
import type { Mode } from '../domain/credentials.js';
import type { StripeEventOf, StripeEventPattern } from '../stripe/stripe-event-types.js';

/**
 * What a handler gets besides the event.
 *
 * @typeParam Transaction what the host's database gives: an `EntityManager` of TypeORM, a `PoolClient` of `pg`, or the `tx` of an
 *   adapter's library
 */
export interface StripeEventContext<Transaction = unknown> {
  /** In the canonical spelling of its form: a UUID in lower case, a ULID in upper case. */
  projectId: string;
  mode: Mode;
  /** Counts from 1. */
  attempt: number;
  /**
   * The worker's transaction. What is written through it is committed together with the mark that the event was handled:
   * exactly once. Everything else that a handler does may happen more than once.
   */
  transaction: Transaction;
  /** Aborted when the handler's time is over; the transaction is rolled back then. */
  signal: AbortSignal;
}

/** A method that handles events. It has finished when its promise is settled; after an error the event is retried later. */
export type StripeEventHandler<P extends StripeEventPattern = StripeEventPattern> = (
  event: StripeEventOf<P>,
  context: StripeEventContext<never>,
) => unknown;

/** Metadata key of a handler's patterns. */
export const STRIPE_EVENT_PATTERNS = Symbol('StripeEventPatterns');

/**
 * Makes a method of any provider of the application handle Stripe events: `@OnStripeEvent('invoice.paid')`, several
 * types, all below a prefix (`'customer.subscription.*'`), or all (`'*'`). The method's first parameter must take the
 * types that it names. At least once for each event, and one event at a time for each Stripe object of a project. All
 * handlers of an event share one transaction: when one fails, all of them run again.
 */
export function OnStripeEvent<P extends StripeEventPattern>(
  ...patterns: [P, ...P[]]
): <H extends StripeEventHandler<P>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<H>,
) => void {
  return SetMetadata(STRIPE_EVENT_PATTERNS, patterns);
}

/** Metadata key of the base paths whose events a handler gets. */
export const STRIPE_EVENTS_OF = Symbol('StripeEventsOf');

/**
 * Says whose events the handlers of a class, or one of them, get, where the application has several `PaymentsModule`s: those of
 * the instances with these base paths. With several that receive webhooks each handler must say so, or the start is refused. What
 * is said of a method goes before what is said of its class.
 */
export function StripeEventsOf(...basePaths: [string, ...string[]]): ClassDecorator & MethodDecorator {
  return SetMetadata(
    STRIPE_EVENTS_OF,
    basePaths.map((path) => path.replace(/^\/+|\/+$/g, '')),
  );
}

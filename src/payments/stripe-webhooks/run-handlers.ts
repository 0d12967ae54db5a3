import type { AnyStripeEvent } from '../stripe/stripe-event-types.js';
import type { EventHandler } from './event-handlers.js';
import type { StripeEventContext } from './on-stripe-event.js';

/** A handler's error, with the handler's name. */
export class HandlerFailure extends Error {
  override name = 'HandlerFailure';

  constructor(
    readonly handler: string,
    cause: unknown,
  ) {
    super(handler, { cause });
  }
}

/**
 * Gives an event to its handlers, one after another, until the context's signal is aborted.
 *
 * @param payload the event as Stripe sent it
 * @throws HandlerFailure of the first that fails
 */
export async function runHandlers(
  handlers: readonly EventHandler[],
  payload: string,
  context: StripeEventContext,
): Promise<void> {
  for (const { name, handle } of handlers) {
    if (context.signal.aborted) return;
    // Each gets copies of its own, so that none sees another's changes to them.
    const event = JSON.parse(payload) as AnyStripeEvent;
    try {
      await handle(event, { ...context });
    } catch (error) {
      throw new HandlerFailure(name, error);
    }
  }
}

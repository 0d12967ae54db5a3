import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { livemodeOf, type Mode } from '../payments/domain/credentials.js';
import type { AnyStripeEvent } from '../payments/stripe/stripe-event-types.js';
import { EventHandlers } from '../payments/stripe-webhooks/event-handlers.js';
import type { StripeEventContext } from '../payments/stripe-webhooks/on-stripe-event.js';
import { readEvent } from '../payments/stripe-webhooks/received-event.js';
import { HandlerFailure, runHandlers } from '../payments/stripe-webhooks/run-handlers.js';
import { absent } from './absent.js';

/** Whose event it is; everything but the project has a default. */
export interface StripeEventDelivery extends Partial<StripeEventContext> {
  projectId: string;
  /** Of the instance that receives it, where handlers name some by `@StripeEventsOf`. Default: handlers of all get it. */
  basePath?: string;
}

/**
 * Gives an event to the `@OnStripeEvent` handlers of an application, as the worker does, without HTTP and without a database: each
 * gets a copy of its own, one after another. An error of a handler is thrown as it is, and ends it.
 *
 * @param app a `TestingModule` or an application; it need not be initialized
 * @param event as {@link stripeEvent} and {@link stripeThinEvent} make them
 * @param delivery `mode`: by default the event's. `transaction`: what handlers write through; without, one that uses it fails
 * @returns the handlers that the event's type has, by names such as `Orders.onPaid`
 */
export async function deliverStripeEvent(
  app: Pick<INestApplicationContext, 'get'>,
  event: AnyStripeEvent,
  { basePath, ...delivery }: StripeEventDelivery,
): Promise<string[]> {
  const payload = JSON.stringify(event);
  const mode = delivery.mode ?? (event.livemode === livemodeOf('live') ? 'live' : 'test');
  const fault = readEvent(payload, mode);
  if (typeof fault === 'string') throw new TypeError(FAULTS[fault](mode));
  const handlers = handlersOf(app).of(event.type, basePath);
  try {
    await runHandlers(handlers, payload, {
      attempt: 1,
      transaction: absent(
        'transaction',
        'give deliverStripeEvent one: { transaction: dataSource.manager }, or what your database gives',
      ),
      signal: new AbortController().signal,
      ...delivery,
      mode,
    });
  } catch (error) {
    throw error instanceof HandlerFailure ? error.cause : error;
  }
  return handlers.map(({ name }) => name);
}

const FAULTS = {
  unreadable: () =>
    'this is no event as Stripe sends it, and a webhook with it would be refused; make one with stripeEvent or stripeThinEvent',
  other_mode: wrongMode,
  connect_test: wrongMode,
};

function wrongMode(mode: Mode): string {
  return `livemode of the event is not that of the mode ${mode}, and a webhook with it would not be handed on`;
}

/** Looked for each time, since handlers are the application's own and it may have no module that knows them. */
function handlersOf(app: Pick<INestApplicationContext, 'get'>): EventHandlers {
  const handlers = new EventHandlers(
    app.get(DiscoveryService, { strict: false }),
    new MetadataScanner(),
    new Reflector(),
  );
  handlers.onModuleInit();
  return handlers;
}

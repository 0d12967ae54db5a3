import { Injectable, Logger } from '@nestjs/common';
import type { AnyStripeEvent } from '../payments/stripe/stripe-event-types.js';
import { OnStripeEvent, type StripeEventContext } from '../payments/stripe-webhooks/on-stripe-event.js';

/** What the standalone service does with events: it logs that each came. Their contents are read over the API. */
@Injectable()
export class EventLog {
  private readonly logger = new Logger('Stripe events');

  @OnStripeEvent('*')
  log({ id, type }: AnyStripeEvent, { projectId, mode }: StripeEventContext): void {
    this.logger.log({ event: 'stripe event', projectId, mode, eventId: id, type });
  }
}

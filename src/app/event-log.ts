import { Injectable } from '@nestjs/common';
import type { AnyStripeEvent } from '../payments/stripe/stripe-event-types.js';
import { OnStripeEvent, type StripeEventContext } from '../payments/stripe-webhooks/on-stripe-event.js';
import { ServiceLogger } from './service-logger.js';

/** Logs each event that the standalone service receives. Their contents are read over the API. */
@Injectable()
export class EventLog {
  private readonly logger = new ServiceLogger(EventLog.name);

  @OnStripeEvent('*')
  log({ id, type }: AnyStripeEvent, { projectId, mode }: StripeEventContext): void {
    this.logger.write('stripe_event.received', { projectId, mode, eventId: id, type });
  }
}

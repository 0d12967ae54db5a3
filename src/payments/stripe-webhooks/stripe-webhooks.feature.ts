import type { Feature } from '../feature.js';
import { EventGauges } from './event-gauges.js';
import { EventHandlers } from './event-handlers.js';
import { EventRetention } from './event-retention.js';
import { EventWorker } from './event-worker.js';
import { ReceivingInstance } from './receiving-instance.js';
import { StripeEventController } from './stripe-event.controller.js';
import { StripeEventService } from './stripe-event.service.js';
import { WebhookMonitor } from './webhook-monitor.js';
import { WebhookSecretStore } from './webhook-secrets.js';
import { WebhookController, WebhookSlashController } from './webhook.controller.js';
import { WebhookService } from './webhook.service.js';

export const stripeWebhooks: Feature = {
  webhooks: {
    controllers: [StripeEventController, WebhookController],
    aliases: [WebhookSlashController],
    providers: [
      WebhookSecretStore,
      WebhookMonitor,
      WebhookService,
      ReceivingInstance,
      EventHandlers,
      EventWorker,
      EventRetention,
      EventGauges,
      StripeEventService,
    ],
    exports: [EventWorker],
  },
};

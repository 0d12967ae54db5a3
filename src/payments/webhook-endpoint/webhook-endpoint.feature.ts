import type { Feature } from '../feature.js';
import { EndpointRemoval } from './endpoint-removal.js';
import { EndpointReconciler } from './endpoint-reconciler.js';
import { EndpointRecords } from './endpoint-records.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { WebhookEndpointController } from './webhook-endpoint.controller.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';
import { WebhookUrlsController } from './webhook-urls.controller.js';

/** The service is provided without webhooks, too: endpoints that another process created are removed with their configuration. */
export const webhookEndpoint: Feature = {
  providers: [WebhookEndpointService, EndpointReconciler, EndpointRecords, EndpointSecrets, EndpointRemoval],
  webhooks: { controllers: [WebhookUrlsController, WebhookEndpointController] },
};

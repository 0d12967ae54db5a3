import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigRemoval } from '../stripe-config/config-removal.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';

/** Removes the webhook endpoints that were created in Stripe together with their configuration. Those that Stripe does not remove
 * are shown by the health of the configuration. */
@Injectable()
export class EndpointRemoval implements OnModuleInit {
  constructor(
    private readonly removal: ConfigRemoval,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  onModuleInit(): void {
    this.removal.onRemoval(async (projectId, { actor }) => {
      const keys = await this.endpoints.openKeys(projectId);
      return () => this.endpoints.removeAll(projectId, keys, String(actor));
    });
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigRemoval } from '../stripe-config/config-removal.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';

/** Removes the webhook endpoints that were made in Stripe with their configuration. What Stripe does not remove is shown by the health. */
@Injectable()
export class EndpointRemoval implements OnModuleInit {
  constructor(
    private readonly removal: ConfigRemoval,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  onModuleInit(): void {
    this.removal.onRemoval(async (projectId) => {
      const keys = await this.endpoints.openKeys(projectId);
      return () => this.endpoints.removeAll(projectId, keys);
    });
  }
}

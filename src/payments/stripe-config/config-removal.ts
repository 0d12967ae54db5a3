import { Injectable } from '@nestjs/common';
import type { Preconditions } from '../http/parameters/preconditions.js';
import { StripeConfigService, type Change } from './stripe-config.service.js';
import { WebhookEndpointService } from '../webhook-endpoint/webhook-endpoint.service.js';

/** Deletes a configuration, and the webhook endpoints that were made in Stripe for it. */
@Injectable()
export class ConfigRemoval {
  constructor(
    private readonly configs: StripeConfigService,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  /** Throws as {@link StripeConfigService.deactivate}. What Stripe does not remove is told by the health. */
  async remove(projectId: string, change: Change, conditions?: Preconditions): Promise<void> {
    const keys = await this.endpoints.openKeys(projectId);
    await this.configs.deactivate(projectId, change, conditions);
    await this.endpoints.removeAll(projectId, keys);
  }
}

import type { Feature } from '../feature.js';
import { ConfigChanges } from './config-changes.js';
import { ConfigEvents } from './config-events.js';
import { ConfigRemoval } from './config-removal.js';
import { ExpiredSecrets } from './expired-secrets.js';
import { MaskingInterceptor } from './masking.interceptor.js';
import { StripeConfigController } from './stripe-config.controller.js';
import { StripeConfigService } from './stripe-config.service.js';

export const stripeConfig: Feature = {
  controllers: [StripeConfigController],
  providers: [
    StripeConfigService,
    MaskingInterceptor,
    ConfigRemoval,
    ConfigChanges,
    ConfigEvents,
    ExpiredSecrets,
  ],
  exports: [StripeConfigService],
};

import type { Feature } from '../feature.js';
import { ChangeAnnouncements } from './change-announcements.js';
import { HostEvents } from './host-events.js';
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
    ChangeAnnouncements,
    HostEvents,
    ExpiredSecrets,
  ],
  exports: [StripeConfigService],
};

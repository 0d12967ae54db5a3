import { CreateStripeConfigs1764000000000 } from './1764000000000-create-stripe-configs.js';
import { AuditStripeConfigs1764000002000 } from './1764000002000-audit-stripe-configs.js';
import { ReceiveWebhooks1764000004000 } from './1764000004000-receive-webhooks.js';
import { PinSettings1764000007000 } from './1764000007000-pin-settings.js';
import { CloseProjects1764000008000 } from './1764000008000-close-projects.js';
import { TrackKeys1764000003000 } from './1764000003000-track-keys.js';

/** The migrations of the payments module, in their order, for the `migrations` of the host's DataSource. */
export const paymentsMigrations = [
  CreateStripeConfigs1764000000000,
  AuditStripeConfigs1764000002000,
  TrackKeys1764000003000,
  ReceiveWebhooks1764000004000,
  PinSettings1764000007000,
  CloseProjects1764000008000,
];

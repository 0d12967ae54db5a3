import { CreateStripeConfigs1764000000000 } from './1764000000000-create-stripe-configs.js';

/** The migrations of the payments module, in their order, for the `migrations` of the host's DataSource. */
export const paymentsMigrations = [CreateStripeConfigs1764000000000];

import type { Feature } from '../feature.js';
import { StripeClients } from './stripe-clients.js';

export const stripeClients: Feature = { providers: [StripeClients], exports: [StripeClients] };

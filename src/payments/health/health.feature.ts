import type { Feature } from '../feature.js';
import { PaymentsHealth } from './payments-health.js';

export const health: Feature = { providers: [PaymentsHealth], exports: [PaymentsHealth] };

import type { Feature } from '../feature.js';
import { PoolGauges } from './pool-gauges.js';
import { PaymentsHealth } from './payments-health.js';

export const health: Feature = { providers: [PaymentsHealth, PoolGauges], exports: [PaymentsHealth] };

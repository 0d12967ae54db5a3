import { audit } from './audit/audit.feature.js';
import { configHealth } from './config-health/config-health.feature.js';
import { credentialChecks } from './credential-checks/credential-checks.feature.js';
import type { Feature } from './feature.js';
import { health } from './health/health.feature.js';
import { http } from './http/http.feature.js';
import { keyRing } from './key-ring/key-ring.feature.js';
import { projectList } from './project-list/project-list.feature.js';
import { projectRemoval } from './project-removal/project-removal.feature.js';
import { stripeClients } from './stripe-clients/stripe-clients.feature.js';
import { stripeConfig } from './stripe-config/stripe-config.feature.js';
import { stripeWebhooks } from './stripe-webhooks/stripe-webhooks.feature.js';
import { webhookEndpoint } from './webhook-endpoint/webhook-endpoint.feature.js';

/** What the payments module is made of, in the order in which its routes are documented. */
export const FEATURES: readonly Feature[] = [
  http,
  keyRing,
  health,
  stripeConfig,
  audit,
  configHealth,
  credentialChecks,
  projectList,
  projectRemoval,
  stripeClients,
  webhookEndpoint,
  stripeWebhooks,
];

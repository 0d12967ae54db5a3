import type { Mode } from '../stripe-config/stripe-keys.js';

/** The address at which a project's webhooks of a mode are taken. */
export function webhookUrl(publicBaseUrl: string, projectId: string, mode: Mode): string {
  return `${publicBaseUrl}/api/v1/payments/stripe/webhooks/${projectId}/${mode}`;
}

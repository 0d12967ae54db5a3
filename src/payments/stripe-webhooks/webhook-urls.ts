import type { ResolvedOptions } from '../options/payments.options.js';
import type { Mode } from '../domain/credentials.js';

/** The address that receives a project's webhooks of a mode. */
export function webhookUrl(
  { publicBaseUrl, basePath }: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  projectId: string,
  mode: Mode,
): string {
  return `${publicBaseUrl}/${basePath}/stripe/webhooks/${projectId}/${mode}`;
}

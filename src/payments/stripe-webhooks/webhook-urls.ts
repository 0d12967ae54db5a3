import type { ResolvedOptions } from '../options/payments.options.js';
import type { Mode } from '../domain/credentials.js';

/** The address at which a project's webhooks of a mode are taken. */
export function webhookUrl(
  { publicBaseUrl, basePath }: Pick<ResolvedOptions, 'publicBaseUrl' | 'basePath'>,
  projectId: string,
  mode: Mode,
): string {
  return `${publicBaseUrl}/${basePath}/stripe/webhooks/${projectId}/${mode}`;
}

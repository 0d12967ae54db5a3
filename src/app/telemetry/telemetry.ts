import type { Logger } from 'pino';
import type { TelemetrySettings } from '../settings/telemetry-settings.js';
import type { Telemetry } from './sdk.js';

const NOTHING: Telemetry = {
  http: { metrics: false, traces: false },
  close: () => Promise.resolve(),
};

/**
 * Begins to observe the service as its settings ask. Without any it costs nothing: the SDK of OpenTelemetry is not even loaded.
 *
 * @throws ListenError when the page of metrics cannot be served where the settings say
 */
export async function openTelemetry(
  settings: TelemetrySettings | undefined,
  logger: Logger,
): Promise<Telemetry> {
  if (settings === undefined) return NOTHING;
  const { openSdk } = await import('./sdk.js');
  return openSdk(settings, logger);
}

import { INSTRUMENTS } from '../../../dist/payments/telemetry/instruments.js';

/** How Prometheus has a name of OpenTelemetry, as the service's page shows it. */
export const underscored = (name) => name.replaceAll('.', '_');

/** How Prometheus has a metric. */
export function prometheusName(name) {
  return `${underscored(name)}${INSTRUMENTS[name].kind === 'counter' ? '_total' : ''}`;
}

import type { Settings } from './settings.js';

/** How the service is observed. */
export interface TelemetrySettings {
  /** Where the page of metrics is served; undefined: nowhere. */
  page: { host: string; port: number } | undefined;
  /** What is sent to a collector; undefined: nothing. */
  otlp:
    | {
        metrics: boolean;
        traces: boolean;
        /** How often metrics are sent, in milliseconds. */
        intervalMs: number;
        /** `name=value`, separated by commas, as the collector wants them; of two of one name the last one holds. */
        headers: { metrics: string; traces: string };
      }
    | undefined;
}

/** @returns undefined where nobody observes it, so that nothing needs to be loaded for it */
export function readTelemetry(settings: Settings): TelemetrySettings | undefined {
  const host = settings.get('METRICS_HOST');
  const port = settings.get('METRICS_PORT');
  const everything = settings.get('OTEL_EXPORTER_OTLP_ENDPOINT') !== undefined;
  const isSent = (signal: 'METRICS' | 'TRACES'): boolean => {
    const isAddressed = settings.get(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) !== undefined || everything;
    return settings.get(`OTEL_${signal}_EXPORTER`) === 'otlp' && isAddressed;
  };
  const [metrics, traces] = [isSent('METRICS'), isSent('TRACES')];
  const intervalMs = settings.get('OTEL_METRIC_EXPORT_INTERVAL');
  const headersOf = (signal: 'METRICS' | 'TRACES'): string =>
    (['OTEL_EXPORTER_OTLP_HEADERS', `OTEL_EXPORTER_OTLP_${signal}_HEADERS`] as const)
      .flatMap((name) => settings.get(name)?.reveal() ?? [])
      .join(',');
  const headers = { metrics: headersOf('METRICS'), traces: headersOf('TRACES') };
  settings.get('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (settings.get('OTEL_SDK_DISABLED')) return undefined;
  const page = port === undefined ? undefined : { host, port };
  const otlp = metrics || traces ? { metrics, traces, intervalMs, headers } : undefined;
  return page === undefined && otlp === undefined ? undefined : { page, otlp };
}

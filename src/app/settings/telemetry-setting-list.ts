import { collectorAddress, collectorHeaders, count, flag, oneOf, text, wholeNumber } from './schemas.js';

/** The settings by which the service is observed. Those of `OTEL_` are OpenTelemetry's own, as its specification describes them. */
export const TELEMETRY_SETTINGS = {
  METRICS_PORT: {
    meaning:
      'the port of a page of metrics for Prometheus, `/metrics`, apart from the API; 0: any that is free',
    absent: 'there is no such page',
    schema: () => wholeNumber(65_535),
  },
  METRICS_HOST: {
    meaning: 'the address on which that page is served; anybody who reaches it may read it',
    default: '127.0.0.1',
    schema: () => text,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning: 'a collector of OpenTelemetry (OTLP over HTTP), to which metrics and traces are sent',
    absent: 'nothing is sent',
    schema: () => collectorAddress,
  },
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: {
    meaning: 'the whole address for metrics, where it is another one',
    absent: 'the collector’s `/v1/metrics`',
    schema: () => collectorAddress,
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    meaning: 'the whole address for traces, where it is another one',
    absent: 'the collector’s `/v1/traces`',
    schema: () => collectorAddress,
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    meaning: 'headers that the collector wants, `name=value` separated by commas',
    absent: 'none',
    secret: true,
    schema: () => collectorHeaders,
  },
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: {
    meaning: 'more headers, or other ones, that it wants with metrics',
    absent: 'none',
    secret: true,
    schema: () => collectorHeaders,
  },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    meaning: 'more headers, or other ones, that it wants with traces',
    absent: 'none',
    secret: true,
    schema: () => collectorHeaders,
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    meaning: '`http/protobuf`, the only one that is spoken',
    default: 'http/protobuf',
    schema: () => oneOf(['http/protobuf']),
  },
  OTEL_METRICS_EXPORTER: {
    meaning: '`otlp` or `none`: whether metrics are sent to the collector',
    default: 'otlp',
    schema: () => oneOf(['otlp', 'none']),
  },
  OTEL_TRACES_EXPORTER: {
    meaning: '`otlp` or `none`: whether traces are sent to the collector',
    default: 'otlp',
    schema: () => oneOf(['otlp', 'none']),
  },
  OTEL_METRIC_EXPORT_INTERVAL: {
    meaning: 'how often metrics are sent to the collector, in milliseconds, 1 to 3600000',
    default: '60000',
    schema: () => count(3_600_000),
  },
  OTEL_SDK_DISABLED: {
    meaning: '`true` or `false`: `true` turns metrics and traces off, whatever else is set',
    default: 'false',
    schema: () => flag,
  },
} as const;

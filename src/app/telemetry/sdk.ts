import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import {
  W3CTraceContextPropagator,
  parseKeyPairsIntoRecord,
  setGlobalErrorHandler,
} from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  type Resource,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type MetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import { describeError } from '../../payments/common/describe-error.js';
import { SCOPE } from '../../payments/telemetry/meter.js';
import { serviceLogger } from '../logging.js';
import type { ServiceLogger } from '../service-logger.js';
import type { TelemetrySettings } from '../settings/telemetry-settings.js';
import { MetricExporter } from './metric-exporter.js';
import { MetricsPage } from './metrics-page.js';

/** How long what was not sent yet may take at the end, in milliseconds. */
const FLUSH_MS = 500;
/** How often a collector that does not answer is logged at most, in milliseconds. */
const QUIET_MS = 60_000;
/** How long an export of metrics may take, in milliseconds, unless they are exported more often. */
const EXPORT_MS = 10_000;
/** The part of it after which a collector that has not answered counts as failing. */
const ANSWERED = 0.8;

/** What observes the service, and how it ends. */
export interface Telemetry {
  /** Whether requests are measured, and followed. */
  readonly http: { metrics: boolean; traces: boolean };
  /** Sends what was not sent yet, for a moment at most, and stops. */
  close(): Promise<void>;
}

/**
 * Registers the SDK of OpenTelemetry. What it reads itself (samplers, limits of spans and queues, the attributes of the resource) is
 * set by its own variables.
 *
 * @throws ListenError
 */
export async function openSdk({ page, otlp }: TelemetrySettings, logger: Logger): Promise<Telemetry> {
  const log = serviceLogger('Telemetry', logger);
  logFailures(log);
  const resource = resourceOfThis();
  const readers: MetricReader[] = [];
  const ends: (() => Promise<void>)[] = [];
  if (page !== undefined) {
    const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
    const served = new MetricsPage((request, response) => {
      exporter.getMetricsRequestHandler(request, response);
    });
    const url = await served.listen(page);
    log.write('metrics.listening', { url });
    readers.push(exporter);
    ends.push(() => served.close());
  }
  if (otlp?.metrics === true) {
    const exportTimeoutMillis = Math.min(EXPORT_MS, otlp.intervalMs);
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: new MetricExporter(
          parseKeyPairsIntoRecord(otlp.headers.metrics),
          exportTimeoutMillis * ANSWERED,
        ),
        exportIntervalMillis: otlp.intervalMs,
        exportTimeoutMillis,
      }),
    );
  }
  if (readers.length > 0) {
    const provider = new MeterProvider({ resource, readers });
    metrics.setGlobalMeterProvider(provider);
    ends.push(() => provider.shutdown());
  }
  if (otlp?.traces === true) {
    const headers = parseKeyPairsIntoRecord(otlp.headers.traces);
    const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter({ headers }))];
    const provider = new NodeTracerProvider({ resource, spanProcessors });
    // Without baggage: anybody may send any amount of it.
    provider.register({ propagator: new W3CTraceContextPropagator() });
    ends.push(() => provider.shutdown());
  }
  return {
    http: { metrics: readers.length > 0, traces: otlp?.traces === true },
    async close() {
      // A collector that does not answer must not delay the end.
      await Promise.race([
        Promise.allSettled(ends.map((end) => end())),
        delay(FLUSH_MS, undefined, { ref: false }),
      ]);
    },
  };
}

/** What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say; replicas differ in their instance. */
function resourceOfThis(): Resource {
  const own = { 'service.name': SCOPE, 'service.instance.id': randomUUID() };
  return defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [envDetector] }));
}

/** What the SDK reports, without the addresses and answers that its own texts repeat. */
function logFailures(log: ServiceLogger): void {
  let loggedAt = -Infinity;
  setGlobalErrorHandler((error) => {
    if (performance.now() - loggedAt < QUIET_MS) return;
    loggedAt = performance.now();
    log.write('telemetry.export_failed', describeError(error));
  });
}

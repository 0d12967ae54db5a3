import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/**
 * Fails when a collector has not answered in time. The reader would give up without an error that anybody sees, and the limits of the
 * exporter's own do not hold for a collector that is tried again, or sends its answer slowly.
 */
export class MetricExporter extends OTLPMetricExporter {
  /** @param deadlineMs shorter than the reader's */
  constructor(
    headers: Record<string, string>,
    private readonly deadlineMs: number,
  ) {
    super({ headers });
  }

  override export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    const timer = setTimeout(() => {
      done({ code: ExportResultCode.FAILED, error: new Error('The collector did not answer in time.') });
    }, this.deadlineMs);
    timer.unref();
    super.export(metrics, (result) => {
      clearTimeout(timer);
      // A promise waits for it, for which a second result is none.
      done(result);
    });
  }
}

import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider, MetricReader, type DataPoint, type MetricData } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** Reads metrics when it is asked to. */
class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** A span as specs look at it. */
export interface SeenSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  attributes: Record<string, unknown>;
}

/** The SDK of OpenTelemetry, registered in this process as an application does it. */
export class TestTelemetry {
  private readonly reader = new Reader();
  private readonly exporter = new InMemorySpanExporter();
  private readonly meters = new MeterProvider({ readers: [this.reader] });
  private readonly tracers = new NodeTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.exporter)],
  });

  constructor() {
    metrics.setGlobalMeterProvider(this.meters);
    this.tracers.register({ propagator: new W3CTraceContextPropagator() });
  }

  async metrics(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }

  /** The series of a metric. */
  async series(name: string): Promise<DataPoint<unknown>[]> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === name);
    return metric?.dataPoints ?? [];
  }

  /** The spans that have ended. */
  spans(): SeenSpan[] {
    return this.exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
    }));
  }

  /** The `tracestate` of the spans that have ended, where they have one. */
  states(): string[] {
    const spans = this.exporter.getFinishedSpans();
    return spans.flatMap((span) => span.spanContext().traceState?.serialize() ?? []);
  }

  /** All that an exporter would be given, as a text. */
  async text(): Promise<string> {
    const spans = this.exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, links, status, resource }) =>
        JSON.stringify({ name, attributes, events, links, status, resource: resource.attributes }),
      );
    return [...spans, JSON.stringify(await this.metrics())].join('\n');
  }

  async stop(): Promise<void> {
    for (const api of [metrics, trace, context, propagation]) api.disable();
    await Promise.all([this.meters.shutdown(), this.tracers.shutdown()]);
  }
}

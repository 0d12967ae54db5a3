import {
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  trace,
  type Context,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api';
import { SCOPE } from './meter.js';

/**
 * Runs work in a span, which ends with it. The error of work that fails is not repeated in the span, since nobody knows what it holds:
 * only that it failed.
 *
 * @param parent default: the span in which the caller runs
 */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
  parent: Context = context.active(),
): Promise<T> {
  const span = startSpan(name, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    failed(span);
    throw error;
  } finally {
    span.end();
  }
}

/** Begins a span that the caller ends. The tracer is that of the SDK which the process has now. */
export function startSpan(name: string, options: SpanOptions, parent: Context): Span {
  return trace.getTracer(SCOPE).startSpan(name, options, parent);
}

/** Marks a span, without a word of what went wrong. */
export function failed(span: Span): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * The context of a request: that of whoever instruments HTTP in this process, or else what its headers say (W3C `traceparent`, or what
 * the process's SDK is set to read).
 */
export function contextOfRequest(headers: object): Context {
  const active = context.active();
  return trace.getSpan(active) === undefined ? contextIn(headers, active) : active;
}

/** The context that the headers of a request name, without the `tracestate` of strangers, which may hold anything and is exported. */
export function contextIn(headers: object, onto: Context): Context {
  const extracted = propagation.extract(onto, headers);
  const spanContext = trace.getSpanContext(extracted);
  if (spanContext?.traceState === undefined) return extracted;
  const bare = { ...spanContext };
  delete bare.traceState;
  return trace.setSpanContext(extracted, bare);
}

/**
 * For what is done for several at once, or for nobody: in the context of whoever came first it would be a part of one trace only,
 * and of a wrong one.
 */
export function outsideTraces<T>(work: () => T): T {
  return context.with(ROOT_CONTEXT, work);
}

/** By this name the SDK of OpenTelemetry knows that nothing is to be traced; keys are equal by their names. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Runs work of which instrumentations of others make no spans. */
export function untraced<T>(work: () => T): T {
  return context.with(context.active().setValue(SUPPRESSED, true), work);
}

/** The span in which the caller runs, as `traceparent` of the W3C; null where there is none. */
export function traceParent(): string | null {
  const spanContext = trace.getSpanContext(context.active());
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return null;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/;

/** The context that {@link traceParent} has left. Of anything else: that of no trace. */
export function contextOf(traceParent: string | null): Context {
  const [, traceId = '', spanId = '', flags] = TRACE_PARENT.exec(traceParent ?? '') ?? [];
  const spanContext = {
    traceId,
    spanId,
    traceFlags: flags === '01' ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

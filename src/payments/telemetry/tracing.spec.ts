import { ROOT_CONTEXT, SpanKind, context, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { TestTelemetry } from '../../../test/support/telemetry.js';
import { Lookup } from '../database/lookup.js';
import { contextOf, contextOfRequest, inSpan, traceParent, untraced } from './tracing.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;

let telemetry: TestTelemetry;
beforeEach(() => {
  telemetry = new TestTelemetry();
});
afterEach(() => telemetry.stop());

describe('a stored context', () => {
  it('is that of the span in which it was stored', async () => {
    const stored = await inSpan('receive', {}, () => Promise.resolve(traceParent()));
    await inSpan('handle', { kind: SpanKind.CONSUMER }, () => Promise.resolve(), contextOf(stored));
    const [received, handled] = telemetry.spans();
    expect(stored).toBe(`00-${received?.traceId}-${received?.spanId}-01`);
    expect(handled).toMatchObject({ traceId: received?.traceId, parentId: received?.spanId });
  });

  it('is none where nobody traces', () => {
    expect(traceParent()).toBeNull();
  });

  it.each([
    null,
    '',
    'x'.repeat(55),
    `00-${TRACE}-${SPAN}`,
    `01-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `${PARENT}-more`,
  ])('of no form is none: %p', (text) => {
    expect(contextOf(text)).toBe(ROOT_CONTEXT);
  });
});

describe('the context of a request', () => {
  it('is what its headers say, unless somebody has read them already', async () => {
    const of = (headers: object) => trace.getSpanContext(contextOfRequest(headers));
    expect(of({ traceparent: PARENT })).toMatchObject({ traceId: TRACE, spanId: SPAN });
    expect(of({ traceparent: 'x' })).toBeUndefined();
    await inSpan('of the host', {}, (span) => {
      expect(of({ traceparent: PARENT })).toEqual(span.spanContext());
      return Promise.resolve();
    });
  });
});

describe('the tracestate of strangers', () => {
  it('is in no span', async () => {
    const headers = { traceparent: PARENT, tracestate: 'canary=1' };
    await inSpan('receive', {}, () => Promise.resolve(), contextOfRequest(headers));
    expect(telemetry.spans()).toMatchObject([{ traceId: TRACE, parentId: SPAN }]);
    expect(telemetry.states()).toEqual([]);
  });
});

describe('a span of work that fails', () => {
  it('does not repeat the error', async () => {
    await expect(inSpan('work', {}, () => Promise.reject(new Error('canary')))).rejects.toThrow('canary');
    expect(telemetry.spans()).toHaveLength(1);
    expect(await telemetry.text()).not.toContain('canary');
  });
});

describe('work that others instrument', () => {
  it('is not traced where we do it', () => {
    expect(isTracingSuppressed(context.active())).toBe(false);
    expect(untraced(() => isTracingSuppressed(context.active()))).toBe(true);
  });

  it('is part of nobody’s trace where several share it', async () => {
    const spans: unknown[] = [];
    const lookup = new Lookup(
      (keys) => {
        spans.push(trace.getSpan(context.active()));
        return Promise.resolve(keys);
      },
      (key) => key,
    );
    const ask = (key: string) => inSpan(key, {}, () => lookup.find(key));
    expect(await Promise.all(['a', 'b'].map(ask))).toEqual(['a', 'b']);
    expect(spans).toEqual([undefined]);
  });
});

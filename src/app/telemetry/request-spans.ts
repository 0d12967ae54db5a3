import { ROOT_CONTEXT, SpanKind, context, trace, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { contextIn, failed, startSpan } from '../../payments/telemetry/tracing.js';

/**
 * Follows every request in a span, as a part of the trace that its headers name. The span has its route and never its address, in
 * which anything may stand.
 */
export function traceRequests(fastify: FastifyInstance): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const parent = contextIn(request.raw.headers, ROOT_CONTEXT);
    const { method } = request;
    const route = request.is404 ? undefined : request.routeOptions.url;
    const attributes = {
      'http.request.method': method,
      'url.scheme': 'http',
      'stripe_config.request.id': request.id,
      ...(route !== undefined && { 'http.route': route }),
    };
    const name = route === undefined ? method : `${method} ${route}`;
    const span = startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    spans.set(request, span);
    context.with(trace.setSpan(parent, span), done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (span !== undefined && reply.statusCode >= 500) failed(span);
    span?.end();
    done();
  });
}

import type { FastifyInstance } from 'fastify';
import type { AttributesOf } from '../../payments/telemetry/instruments.js';
import { record } from '../../payments/telemetry/meter.js';

type RequestAttributes = AttributesOf<'http.server.request.duration'>;

/** Measures every request by its route; a path that has none is none of ours to name. */
export function measureRequests(fastify: FastifyInstance): void {
  // As many as routes with their statuses.
  const attributes = new Map<string, RequestAttributes>();
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    const name = `${request.method} ${reply.statusCode} ${route ?? ''}`;
    const known = attributes.get(name);
    const of = known ?? attributesOf(request.method, reply.statusCode, route);
    if (known === undefined) attributes.set(name, of);
    record('http.server.request.duration', reply.elapsedTime / 1_000, of);
    done();
  });
}

function attributesOf(method: string, status: number, route: string | undefined): RequestAttributes {
  return {
    'http.request.method': method,
    'http.response.status_code': status,
    'url.scheme': 'http',
    ...(route !== undefined && { 'http.route': route }),
    ...(status >= 500 && { 'error.type': String(status) }),
  };
}

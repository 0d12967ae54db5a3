import type { FastifyInstance } from 'fastify';
import type { AttributesOf } from '../../payments/telemetry/instruments.js';
import { count, record } from '../../payments/telemetry/meter.js';
import { METHODS } from '../methods.js';

type RequestAttributes = AttributesOf<'http.server.request.duration'>;

/** Of a request that was refused since there were too many: what alerts look for. */
const OVERLOAD = 'overload';
/** Of any other method, as the conventions of OpenTelemetry have it. */
const OTHER_METHOD = '_OTHER';
/** The routes that are asked while the service starts. */
const PROBES: ReadonlySet<string | undefined> = new Set(['/health/live', '/health/ready']);

/** As many as routes with their statuses. */
const attributes = new Map<string, RequestAttributes>();

/**
 * Measures every request that Fastify answers, by its route; a path that has none is none of ours to name. What is answered before
 * Fastify sees it is measured by {@link measureRefusal} and {@link measureOverload}, where it is answered.
 */
export function measureRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    const of = attributesOf(request.method, reply.statusCode, route);
    record('http.server.request.duration', reply.elapsedTime / 1_000, of);
    done();
  });
}

/**
 * Measures a request that is answered without being worked on, in no time.
 *
 * @param method undefined: of what is no HTTP
 */
export function measureRefusal(method: string | undefined, status: number, url?: string): void {
  const path = url?.split('?')[0];
  const route = PROBES.has(path) ? path : undefined;
  record('http.server.request.duration', 0, attributesOf(method, status, route));
}

/** As {@link measureRefusal}, of one that came while there were too many. One for webhooks is counted among these as well. */
export function measureOverload(method: string | undefined, isWebhook: boolean): void {
  record('http.server.request.duration', 0, attributesOf(method, 503, undefined, OVERLOAD));
  if (isWebhook) count('stripe_config.webhooks.received', { 'stripe_config.webhook.outcome': OVERLOAD });
}

function attributesOf(
  method: string | undefined,
  status: number,
  route: string | undefined,
  error = status >= 500 ? String(status) : undefined,
): RequestAttributes {
  const name = `${method} ${status} ${route ?? ''} ${error ?? ''}`;
  const known = attributes.get(name);
  if (known !== undefined) return known;
  const isKnown = method !== undefined && METHODS.has(method);
  const of = {
    'http.request.method': isKnown ? method : OTHER_METHOD,
    'http.response.status_code': status,
    'url.scheme': 'http',
    ...(route !== undefined && { 'http.route': route }),
    ...(error !== undefined && { 'error.type': error }),
  };
  // Of methods there may be any number.
  if (isKnown) attributes.set(name, of);
  return of;
}

import { ServerResponse, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';
import {
  layersOf,
  whenReady,
  type AdapterHost,
  type ExpressLayer,
  type ExpressLike,
} from '../mounting/application-routes.js';
import { OURS, type RouteConfig } from '../mounting/route-mark.js';
import { boundUnreadBody } from './unread-body.js';

/** The headers by which servers see that a request has a body. */
const WITHOUT_BODY = {
  'content-type': undefined,
  'content-length': undefined,
  'transfer-encoding': undefined,
};

/** The headers of requests whose parsers were kept away, as they came. */
const HIDDEN = new WeakMap<IncomingMessage, IncomingHttpHeaders>();

/** What is used of Fastify, which only its hosts install. */
interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (
      request: {
        headers: IncomingHttpHeaders;
        raw: IncomingMessage;
        routeOptions: { config?: RouteConfig };
      },
      reply: { raw: unknown },
      done: () => void,
    ) => void,
  ): void;
}

type ExpressRequest = IncomingMessage & { path: string };

/** The headers of a request as they came. */
export function headersOf(request: IncomingMessage): IncomingHttpHeaders {
  return HIDDEN.get(request) ?? request.headers;
}

/**
 * Keeps the host's parsers away from the bodies of this module's routes, on Express and Fastify alike: they find no header
 * that tells of a body, so that it stays on the stream for what reads it behind the guards. Routes are known by their mark
 * and not by their address, which the host has a say in, and which routes of its own may resemble. To be called while
 * modules are made, which is before the host's parsers are registered.
 */
export function keepBodiesFromHost(host: AdapterHost, basePath: string): void {
  whenReady(host, (adapter) => {
    keepFrom(adapter, basePath);
  });
}

function keepFrom(httpAdapter: HttpAdapterHost['httpAdapter'], basePath: string): void {
  if (httpAdapter.getType() === 'fastify') keepFromFastify(httpAdapter.getInstance());
  else {
    const isOurs = expressMatcher(httpAdapter.getInstance(), `/${basePath}/`.toLowerCase());
    httpAdapter.use((request: ExpressRequest, response: unknown, next: () => void) => {
      if (!HIDDEN.has(request) && isOurs(request.path)) {
        boundBody(request, response);
        HIDDEN.set(request, request.headers);
        request.headers = { ...request.headers, ...WITHOUT_BODY };
      }
      next();
    });
  }
}

function keepFromFastify(fastify: FastifyLike): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config?.[OURS]) {
      boundBody(request.raw, reply.raw);
      // Fastify lays them over the request's own, which stay as they are.
      request.headers = WITHOUT_BODY;
    }
    done();
  });
}

function boundBody(request: IncomingMessage, response: unknown): void {
  // HTTP/2 ends a stream without its connection.
  if (response instanceof ServerResponse) boundUnreadBody(request, response as ServerResponse);
}

/**
 * Makes what asks Express's router whether a path is one of ours: Express finds the route only after the parsers.
 *
 * @param part of every path of ours, in lower case: spares the host's requests the question
 */
function expressMatcher(express: ExpressLike, part: string): (path: string) => boolean {
  let ours: readonly ExpressLayer[] = [];
  return (path) => {
    if (!path.toLowerCase().includes(part)) return false;
    // They are registered after this was made.
    if (ours.length === 0) ours = layersOf(express);
    try {
      return ours.some((layer) => Boolean(layer.match(path)));
    } catch {
      return false;
    }
  };
}

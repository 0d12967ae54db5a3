import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';

/** The headers by which servers see that a request has a body. */
const WITHOUT_BODY = {
  'content-type': undefined,
  'content-length': undefined,
  'transfer-encoding': undefined,
};

/** The headers of requests whose parsers were kept away, as they came. */
const HIDDEN = new WeakMap<IncomingMessage, IncomingHttpHeaders>();

/** The headers of a request as they came. */
export function headersOf(request: IncomingMessage): IncomingHttpHeaders {
  return HIDDEN.get(request) ?? request.headers;
}

/** What is used of Fastify, which only its hosts install. */
interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (
      request: { raw: IncomingMessage; headers: IncomingHttpHeaders },
      reply: unknown,
      done: () => void,
    ) => void,
  ): void;
}

/**
 * Keeps the host's parsers away from the bodies of this module's routes, on Express and Fastify alike: they find no header
 * that tells of a body, so that it stays on the stream for what reads it behind the guards. To be called while modules
 * are made, which is before the host's parsers are registered.
 */
export function keepBodiesFromHost({ httpAdapter }: HttpAdapterHost, basePath: string): void {
  // An application without HTTP has no adapter, whatever the type says.
  if ((httpAdapter as unknown) === undefined) return;
  const prefix = `/${basePath}/stripe/`.toLowerCase();
  const isOurs = ({ url = '' }: IncomingMessage): boolean => url.toLowerCase().includes(prefix);
  if (httpAdapter.getType() === 'fastify') {
    httpAdapter.getInstance<FastifyLike>().addHook('onRequest', (request, _reply, done) => {
      // Fastify lays them over the request's own, which stay as they are.
      if (isOurs(request.raw)) request.headers = WITHOUT_BODY;
      done();
    });
  } else {
    httpAdapter.use((request: IncomingMessage, _response: unknown, next: () => void) => {
      if (isOurs(request)) {
        HIDDEN.set(request, request.headers);
        request.headers = { ...request.headers, ...WITHOUT_BODY };
      }
      next();
    });
  }
}

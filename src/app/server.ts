import { maxHeaderSize, type RequestListener } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { errorAnswer } from '../payments/http/errors/error-answer.js';
import { AppModule, type AppParts } from './app.module.js';
import { Draining } from './draining.js';
import type { LogLevel } from './env.js';
import { createHttpServer } from './http-server.js';
import type { Listener } from './listener.js';
import { logRequests, PinoLogger } from './logging.js';
import { requestIds } from './request-id.js';
import { headersFor } from './response-headers.js';
import { measureRefusal, measureRequests } from './telemetry/request-metrics.js';
import { traceRequests } from './telemetry/request-spans.js';
import type { Telemetry } from './telemetry/sdk.js';

/** How the service listens and logs. */
export interface ServerOptions extends AppParts {
  logLevel: LogLevel;
  /** Where the log goes; default: standard output. */
  logDestination?: DestinationStream;
  /** In which a trusted proxy sends a request's id; default: ids are made here. */
  requestIdHeader?: string | undefined;
  /** Whether requests are measured, and followed; default: neither. */
  observed?: Telemetry['http'];
  /** What listens already, and logs; default: a server that listens on `listen()`. */
  listener?: { server: Listener; logger: Logger };
}

/** Builds the service, ready for its docs and to listen. Opens nothing yet. */
export async function createServer(options: ServerOptions): Promise<NestFastifyApplication> {
  const { listener } = options;
  const logger = listener?.logger ?? createLogger(options.logLevel, options.logDestination ?? process.stdout);
  const requestIdOf = requestIds(options.requestIdHeader);
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    serverFactory: (handler: RequestListener) =>
      listener?.server.serve(handler) ?? createHttpServer(handler, { requestIdOf, logger }),
    // There is no middleware to run on each request.
    skipMiddie: true,
    // As long as a whole head may be, so that any wrong project id is answered as one.
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      sendMalformedRequest(request, reply);
    },
    // The server itself answers invalid requests.
    clientErrorHandler: () => undefined,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(options), adapter, {
    bodyParser: false,
    logger: new PinoLogger(logger),
    abortOnError: false,
  });
  prepareFastify(app, options.observed);
  return app;
}

/** The log of the service. */
export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, destination);
}

function prepareFastify(app: NestFastifyApplication, observed: ServerOptions['observed']): void {
  const fastify = app.getHttpAdapter().getInstance();
  const draining = app.get(Draining);
  // Bodies are left on the stream: they are read after the guards (see payments/http/body/json-body.ts).
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersFor(request.id));
    // Fastify would refuse a malformed type before any guard is asked.
    if (request.headers['content-type'] !== undefined) request.headers = { 'content-type': undefined };
    if (draining.begun) reply.header('Connection', 'close');
    done();
  });
  logRequests(fastify);
  if (observed?.traces === true) traceRequests(fastify);
  if (observed?.metrics === true) measureRequests(fastify);
}

const MALFORMED = 'malformed_request';

/** A URL that the router cannot decode: no hook is called for it, so it is logged and measured here. */
function sendMalformedRequest(request: FastifyRequest, reply: FastifyReply): void {
  const answer = errorAnswer(MALFORMED, 'The address is malformed.', request.id, request.headers.accept);
  void reply
    .status(answer.status)
    .headers({ ...headersFor(request.id), ...answer.headers })
    .send(JSON.stringify(answer.body));
  measureRefusal(request.method, answer.status);
  request.log.info({
    method: request.method,
    status: answer.status,
    code: MALFORMED,
  });
}

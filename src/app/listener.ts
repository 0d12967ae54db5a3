import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { errorAnswer } from '../payments/http/errors/error-answer.js';
import { createHttpServer } from './http-server.js';
import { listenOn } from './listen-on.js';
import { serviceLogger } from './logging.js';
import type { AnswerContext, Refusal } from './node-answers.js';
import { headersFor } from './response-headers.js';
import type { ServiceLogger } from './service-logger.js';
import { measureRefusal } from './telemetry/request-metrics.js';

/**
 * Listens from the first moment of a start. Until the service is ready it answers in its place: 200 to liveness probes,
 * and 503 to everything else.
 */
export class Listener {
  readonly server: Server;
  private handler: RequestListener = (request, response) => {
    this.answerUnready(request, response);
  };
  private service: RequestListener | undefined;
  private readonly logger: ServiceLogger;

  constructor(private readonly context: AnswerContext) {
    this.logger = serviceLogger(Listener.name, context.logger);
    this.server = createHttpServer((request, response) => {
      this.handler(request, response);
    }, context);
  }

  /**
   * @returns the address that it listens on
   * @throws ListenError
   */
  async listen(port: number, host: string): Promise<string> {
    const url = await listenOn(this.server, { port, host }, { port: 'PORT', host: 'HOST' });
    this.logger.write('server.listening', { url, msg: `Server listening at ${url}` });
    return url;
  }

  /** Sets the service's handler, which gets no request until {@link open}. */
  serve(handler: RequestListener): Server {
    this.service = handler;
    return this.server;
  }

  /** From now on the service answers. */
  open(): void {
    if (this.service !== undefined) this.handler = this.service;
  }

  /** For a start that failed: cuts every connection. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private answerUnready(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const requestId = this.context.requestIdOf(request);
    const isProbe = (method === 'GET' || method === 'HEAD') && url?.split('?')[0] === '/health/live';
    const answer = isProbe
      ? {
          status: 200,
          headers: { 'Content-Type': 'application/json; charset=utf-8' },
          body: { status: 'ok' },
        }
      : errorAnswer(NOT_READY.code, NOT_READY.detail, requestId, headers.accept);
    const body = JSON.stringify(answer.body);
    // The body is not read, so the connection must be closed.
    response.writeHead(answer.status, {
      ...headersFor(requestId),
      ...answer.headers,
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    });
    response.end(method === 'HEAD' ? undefined : body);
    measureRefusal(method, answer.status, url);
    const line = { method, status: answer.status, requestId };
    if (isProbe) this.context.logger.debug(line);
    else this.context.logger.info({ ...line, code: NOT_READY.code });
  }
}

const NOT_READY: Refusal = {
  code: 'dependency_unavailable',
  detail: 'The service is starting; try again shortly.',
};

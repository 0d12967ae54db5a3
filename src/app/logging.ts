import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { CALLER, REFUSAL, type HttpRequest } from '../payments/http/http-request.js';
import { ServiceLogger } from './service-logger.js';

/** Writes Nest's log lines to pino. Those of Nest itself at start, one for each route, are at the level `debug`. */
export class PinoLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const fromNest = typeof message === 'string';
    this.logger[fromNest ? 'debug' : 'info'](...line(message, rest));
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal(...line(message, rest));
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(...line(message, rest));
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(...line(message, rest));
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(...line(message, rest));
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace(...line(message, rest));
  }
}

/** Writes the events of the service before Nest's log leads to pino. */
export function serviceLogger(context: string, logger: Logger): ServiceLogger {
  return new ServiceLogger(context, new PinoLogger(logger.child({ context })));
}

/** Nest passes the context last. An object is logged as it is; its authors choose its contents. */
function line(message: unknown, rest: unknown[]): [object, string?] {
  const context = rest.at(-1);
  const fields = typeof context === 'string' ? { context } : {};
  return typeof message === 'object' && message !== null
    ? [{ ...fields, ...message }]
    : [fields, String(message)];
}

/** One line for each request, with its caller and why it was refused, if it was; probes are at the level `debug`: no header, no body, no query, and of the path only the route and a project's id. */
export function logRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { [CALLER]: caller, [REFUSAL]: refusal } = request as unknown as HttpRequest;
    const route = request.is404 ? undefined : request.routeOptions.url;
    request.log[route?.startsWith('/health/') === true ? 'debug' : 'info']({
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 100) / 100,
      projectId: projectIdOf(request),
      ...(refusal !== undefined && { ...refusal, subject: caller?.subject }),
    });
    done();
  });
}

/** Only when it is one: the guard has put those into lower case, and anything else is input. */
function projectIdOf({ params }: FastifyRequest): string | undefined {
  const id = (params as Record<string, string> | null)?.project_id;
  return id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined;
}

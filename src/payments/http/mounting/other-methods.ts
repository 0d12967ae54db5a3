import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ExternalContextCreator, HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ErrorFilter } from '../errors/error.filter.js';
import { MethodNotAllowed } from '../errors/method-not-allowed.js';
import { ApplicationRoutes } from './application-routes.js';
import { markRoute } from './route-mark.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers 405 for every method that our paths do not offer. Routers answer 404 there, which would mislead a caller to search for a
 * wrong address. The routes are registered at the adapter, where Nest writes no line about each into the log; the guards and
 * interceptors that the host has for all routes stand before them as well.
 */
@Injectable()
export class OtherMethods implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly contexts: ExternalContextCreator,
    private readonly filter: ErrorFilter,
  ) {}

  /** Nest has registered the routes of all controllers by now. */
  onModuleInit(): void {
    const routes = ApplicationRoutes.of(this.adapterHost);
    if (routes.refusesOthers) return;
    routes.refusesOthers = true;
    const offered = new Map<string, string[]>();
    for (const { method, path } of routes.list()) offered.set(path, [...(offered.get(path) ?? []), method]);
    for (const [path, methods] of offered) this.refuseOthers(path, methods);
  }

  private refuseOthers(path: string, offered: readonly string[]): void {
    const { httpAdapter } = this.adapterHost;
    const allowed = METHODS.filter((method) => offered.includes(method)).flatMap((method) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    );
    const refuse = this.contexts.create(
      this,
      () => this.refuse(allowed),
      this.refuse.name,
      undefined,
      undefined,
      undefined,
      undefined,
      // With filters, Nest throws again what one answered without a value.
      { guards: true, interceptors: true, filters: false },
    );
    for (const method of METHODS) {
      if (allowed.includes(method)) continue;
      const handler = (...values: unknown[]): Promise<void> =>
        refuse(...values).catch((error: unknown) => {
          this.filter.catch(error, new ExecutionContextHost(values));
        });
      markRoute(handler);
      httpAdapter[method.toLowerCase() as Lowercase<typeof method>](path, handler);
    }
  }

  private refuse(allowed: readonly string[]): never {
    throw new MethodNotAllowed(allowed);
  }
}

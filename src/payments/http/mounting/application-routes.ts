import type { HttpAdapterHost } from '@nestjs/core';
import type { Database } from '../../database/database.js';
import { PaymentsOptionsError } from '../../options/options-error.js';
import { OURS, ROUTE_CONFIG_METADATA, type RouteConfig } from './route-mark.js';

type HttpAdapter = HttpAdapterHost['httpAdapter'];

/**
 * Nest's own, as it may be, whatever its type says: an application without HTTP has no adapter, and early versions of Nest 11 do
 * not tell when there is one.
 */
export interface AdapterHost {
  httpAdapter?: HttpAdapter | null;
  init$?: HttpAdapterHost['init$'];
}

/** A route as the application serves it, below its prefix. */
export interface ServedRoute {
  method: string;
  /** `/api/v1/…`, with parameters as `:name`. */
  path: string;
}

/** What is used of Fastify, which only its hosts install. */
interface FastifyLike {
  addHook(
    name: 'onRoute',
    hook: (route: { method: string | string[]; url: string; config?: RouteConfig }) => void,
  ): void;
}

/** What is used of Express 5, and of Express 4, which has its router by another name, and only from the first route on. */
export interface ExpressLike {
  _router?: ExpressRouter;
  router: ExpressRouter;
}

interface ExpressRouter {
  stack: readonly ExpressLayer[];
}

/** What Express finds a route by. */
export interface ExpressLayer {
  route?: { path: string; methods: Record<string, boolean>; stack: readonly { handle: object }[] };
  /** @throws URIError for a path that cannot be decoded */
  match(path: string): unknown;
}

const APPLICATIONS = new WeakMap<AdapterHost, ApplicationRoutes>();

/**
 * The routes of this module in one application, all instances of it. They are known by their mark and not by their address, which
 * the host has a say in, and which routes of its own may resemble.
 */
export class ApplicationRoutes {
  /** Whether the other methods of its paths are refused by now. */
  refusesOthers = false;
  /** The base paths of the instances that receive webhooks, each with its database. */
  readonly receiving = new Map<string, Pick<Database, 'pool' | 'schema'>>();
  private readonly basePaths = new Set<string>();
  private readonly ofFastify: ServedRoute[] = [];

  /** To be called while modules are made, which is before routes are registered. */
  static of(host: AdapterHost): ApplicationRoutes {
    const known = APPLICATIONS.get(host);
    if (known !== undefined) return known;
    const routes = new ApplicationRoutes(host);
    APPLICATIONS.set(host, routes);
    return routes;
  }

  private constructor(private readonly host: AdapterHost) {
    whenReady(host, (adapter) => {
      if (adapter.getType() !== 'fastify') return;
      const fastify: FastifyLike = adapter.getInstance();
      fastify.addHook('onRoute', ({ method, url, config }) => {
        if (config?.[OURS] !== true) return;
        for (const each of [method].flat()) this.ofFastify.push({ method: each, path: url });
      });
    });
  }

  /**
   * Takes a base path for one instance of the module.
   *
   * @throws PaymentsOptionsError when another one has it
   */
  take(basePath: string): void {
    if (this.basePaths.has(basePath)) {
      throw new PaymentsOptionsError([
        `basePath ${JSON.stringify(basePath)} is taken by another PaymentsModule of this application; call forRoot once, in the root module, and inject its services elsewhere with { ...PaymentsModule.forRoot(…), global: true }, or give each a basePath of its own`,
      ]);
    }
    this.basePaths.add(basePath);
  }

  /** Whether an instance of the module has a base path. */
  has(basePath: string): boolean {
    return this.basePaths.has(basePath);
  }

  /** Those that are registered by now; none where the application does not serve HTTP. */
  list(): readonly ServedRoute[] {
    const { httpAdapter } = this.host;
    if (!httpAdapter) return [];
    if (httpAdapter.getType() === 'fastify') return this.ofFastify;
    return layersOf(httpAdapter.getInstance()).flatMap(({ route }) =>
      Object.keys(route?.methods ?? {}).map((method) => ({
        method: method.toUpperCase(),
        path: route?.path ?? '',
      })),
    );
  }
}

/** Runs work on the adapter. Tests of Nest make modules before they have one, and parsers and routes after that. */
export function whenReady(host: AdapterHost, work: (adapter: HttpAdapter) => void): void {
  if (host.httpAdapter) work(host.httpAdapter);
  else {
    host.init$?.subscribe(() => {
      if (host.httpAdapter) work(host.httpAdapter);
    });
  }
}

/** What Express has of this module's routes by now. */
export function layersOf(express: ExpressLike): readonly ExpressLayer[] {
  // Asking Express 4 for `router` throws.
  const { stack } = express._router ?? express.router;
  return stack.filter(
    ({ route }) =>
      route?.stack.some(({ handle }) => {
        const config = Reflect.getMetadata(ROUTE_CONFIG_METADATA, handle) as RouteConfig | undefined;
        return config?.[OURS] === true;
      }) ?? false,
  );
}

/**
 * Where a handler has what Nest's Fastify adapter puts into the `config` of its route: `FASTIFY_ROUTE_CONFIG_METADATA` of
 * `@nestjs/platform-fastify`, which hosts on Express have not installed.
 */
export const ROUTE_CONFIG_METADATA = '__fastify_route_config__';

/** Marks a route as one of this module. */
export const OURS = Symbol('nest-stripe-config');

export interface RouteConfig {
  [OURS]?: true;
  /** By this `fastify-raw-body`, registered for all routes, leaves a body alone that it would read to its end. */
  rawBody?: false;
}

/**
 * Marks the route of a handler as one of this module, whose body stays on the stream. Nest copies metadata of a handler to what it
 * registers with Express, and this one to Fastify's route.
 */
export function markRoute(handler: object): void {
  Reflect.defineMetadata(
    ROUTE_CONFIG_METADATA,
    { [OURS]: true, rawBody: false } satisfies RouteConfig,
    handler,
  );
}

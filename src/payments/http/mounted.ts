import { Controller, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { DEFAULT_BASE_PATH } from '../options/payments.options.js';
import type { ProjectIds } from '../domain/project-ids.js';
import { ApiAccess } from './openapi/api-documentation.js';
import { keepBodyOnStream } from './body/host-body.js';
import { markIds } from './openapi/documented-ids.js';

/**
 * Mounts controllers below a base path: each becomes a class of its own, of the same name, that inherits everything but the
 * path. Versions of the host's routes do not concern them, nor do its parsers.
 *
 * @param security names of the security schemes that their operations are documented with
 * @param projectIds as their operations are documented; undefined: UUIDs
 */
export function mountedAt(
  basePath: string,
  controllers: readonly Type[],
  security: readonly string[] = [],
  projectIds?: ProjectIds,
): Type[] {
  return controllers.map((controller) => {
    const path = Reflect.getMetadata(PATH_METADATA, controller) as string;
    const mounted = { [controller.name]: class extends controller {} }[controller.name] as Type;
    Controller({ path: path.replace(DEFAULT_BASE_PATH, basePath), version: VERSION_NEUTRAL })(mounted);
    ApiAccess(security)(mounted);
    if (projectIds !== undefined) {
      for (const handler of ownHandlersOf(mounted)) markIds(handler, projectIds);
    }
    for (const handler of handlersOf(mounted)) keepBodyOnStream(handler);
    return mounted;
  });
}

function handlersOf({ prototype }: Type): object[] {
  const methods = prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(methods).map((name) => methods[name] ?? {});
}

/** Gives a class handlers of its own in place of the inherited ones, so that they may be documented differently. */
function ownHandlersOf(mounted: Type): object[] {
  const inherited = handlersOf(mounted) as ((...values: unknown[]) => unknown)[];
  return inherited.map((handler) => {
    const { name } = handler;
    const own = {
      [name](this: unknown, ...values: unknown[]): unknown {
        return handler.apply(this, values);
      },
    }[name] as object;
    for (const key of Reflect.getMetadataKeys(handler) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), own);
    }
    Object.defineProperty(mounted.prototype, name, { value: own });
    return own;
  });
}

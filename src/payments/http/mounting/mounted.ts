import { Controller, SetMetadata, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { DEFAULT_BASE_PATH } from '../../options/payments.options.js';
import type { ProjectIds } from '../../domain/project-ids.js';
import { ApiAccess } from '../openapi/api-documentation.js';
import { markIds } from '../openapi/documented-ids.js';

/** Whether the routes of a controller need no access token. */
const IS_PUBLIC = Symbol('public');

/** What an instance of the module says of its routes. */
export interface Mounting {
  /** Names of the security schemes that operations are documented with. */
  security?: readonly string[] | undefined;
  /** As operations are documented; undefined: UUIDs. */
  projectIds?: ProjectIds | undefined;
  /** Metadata for the guards of the host, on routes that need no access token. */
  publicMetadata?: Readonly<Record<string | symbol, unknown>> | undefined;
}

/** Says of a controller that its routes need no access token. */
export const Public = (): ClassDecorator => SetMetadata(IS_PUBLIC, true);

/**
 * Mounts controllers below a base path: each becomes a class of its own, of the same name, that inherits everything but the
 * path. Versions of the host's routes do not concern them.
 */
export function mountedAt(
  basePath: string,
  controllers: readonly Type[],
  { security = [], projectIds, publicMetadata }: Mounting = {},
): Type[] {
  return controllers.map((controller) => {
    const path = Reflect.getMetadata(PATH_METADATA, controller) as string;
    const mounted = { [controller.name]: class extends controller {} }[controller.name] as Type;
    Controller({ path: path.replace(DEFAULT_BASE_PATH, basePath), version: VERSION_NEUTRAL })(mounted);
    ApiAccess(security)(mounted);
    const metadata = Reflect.hasMetadata(IS_PUBLIC, controller) ? publicMetadata : undefined;
    if (projectIds !== undefined || metadata !== undefined) {
      for (const handler of ownHandlersOf(mounted)) {
        if (projectIds !== undefined) markIds(handler, projectIds);
        setMetadata(handler, metadata);
      }
      setMetadata(mounted, metadata);
    }
    return mounted;
  });
}

/** As `SetMetadata` of Nest does, whose names may be symbols as well. */
function setMetadata(target: object, metadata: Mounting['publicMetadata'] = {}): void {
  for (const key of Reflect.ownKeys(metadata)) Reflect.defineMetadata(key, metadata[key], target);
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

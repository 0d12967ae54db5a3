import { Controller, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { DEFAULT_BASE_PATH } from '../options/payments.options.js';
import { ApiAccess } from './openapi/api-documentation.js';
import { keepBodyOnStream } from './body/host-body.js';

/**
 * Mounts controllers below a base path: each becomes a class of its own, of the same name, that inherits everything but the
 * path. Versions of the host's routes do not concern them, nor do its parsers.
 *
 * @param security names of the security schemes that their operations are documented with
 */
export function mountedAt(
  basePath: string,
  controllers: readonly Type[],
  security: readonly string[] = [],
): Type[] {
  return controllers.map((controller) => {
    const path = Reflect.getMetadata(PATH_METADATA, controller) as string;
    const mounted = { [controller.name]: class extends controller {} }[controller.name] as Type;
    Controller({ path: path.replace(DEFAULT_BASE_PATH, basePath), version: VERSION_NEUTRAL })(mounted);
    ApiAccess(security)(mounted);
    for (const handler of handlersOf(mounted)) keepBodyOnStream(handler);
    return mounted;
  });
}

function handlersOf({ prototype }: Type): object[] {
  const methods = prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(methods).map((name) => methods[name] ?? {});
}

import {
  Controller,
  RequestMapping,
  RequestMethod,
  UseFilters,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { PaymentsError } from '../../domain/errors.js';

/** A method that a path does not offer. */
export class MethodNotAllowed extends PaymentsError {
  override name = 'MethodNotAllowed';

  /** @param allowed the methods that the path offers, for the `Allow` header */
  constructor(readonly allowed: readonly string[]) {
    super(
      'method_not_allowed',
      'This address does not offer that method; the Allow header lists those it does.',
    );
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Creates a controller that answers 405 for every method that the given controllers do not offer on their paths.
 * Routers answer 404 there, which would mislead a caller to search for a wrong address. The answer is left to the filters of
 * the given controllers.
 */
export function refuseOtherMethods(...controllers: Type[]): Type {
  @ApiExcludeController()
  @Controller()
  @UseFilters(...filtersOf(controllers))
  class OtherMethodsController {}

  for (const [path, offered] of offeredMethods(controllers)) {
    const allowed = offered.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    for (const method of METHODS) {
      if (offered.includes(method)) continue;
      const name = `${method} ${path}`;
      const refuse = (): never => {
        throw new MethodNotAllowed(allowed);
      };
      Object.defineProperty(OtherMethodsController.prototype, name, { value: refuse });
      RequestMapping({ path, method: RequestMethod[method] })(OtherMethodsController.prototype, name, {
        value: refuse,
      });
    }
  }
  return OtherMethodsController;
}

function filtersOf(controllers: Type[]): Set<Type<ExceptionFilter>> {
  const filters = controllers.map(
    (controller) =>
      Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, controller) as Type<ExceptionFilter>[] | undefined,
  );
  return new Set(filters.flatMap((each) => each ?? []));
}

/** The methods of each path, read from the metadata of Nest's decorators. */
function offeredMethods(controllers: Type[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const controller of controllers) {
    const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
    for (const name of new MetadataScanner().getAllMethodNames(controller.prototype as object)) {
      const handler = (controller.prototype as Record<string, object>)[name] ?? {};
      const path = Reflect.getMetadata(PATH_METADATA, handler) as string | undefined;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (path === undefined || method === undefined) continue;
      const route = path === '/' ? prefix : `${prefix}/${path}`;
      methods.set(route, [...(methods.get(route) ?? []), RequestMethod[method]]);
    }
  }
  return methods;
}

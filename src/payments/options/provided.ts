import { Scope, type Type } from '@nestjs/common';
import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import { PaymentsOptionsError } from './options-error.js';

/** An instance, or a class of the host of which Nest has one or can create one. */
export type Provided<T> = T | Type<T>;

/**
 * The instance of what an option names. Call it once every provider exists: in `onModuleInit`.
 *
 * @param option its name, for errors
 * @throws PaymentsOptionsError when there is no one instance of the class, or Nest cannot create one
 */
export async function instanceOf<T extends object>(
  moduleRef: ModuleRef,
  option: string,
  provided: Provided<T>,
): Promise<T> {
  if (typeof provided !== 'function') return provided;
  const scope = scopeOf(moduleRef, provided);
  if (scope === Scope.DEFAULT) return moduleRef.get<T>(provided, { strict: false });
  if (scope !== undefined) {
    throw new PaymentsOptionsError([
      `${option}: ${provided.name}, or something that it needs, is created for each request or user of it; give it the default scope`,
    ]);
  }
  try {
    return await moduleRef.create<T>(provided);
  } catch (error) {
    throw new PaymentsOptionsError(
      [
        `${option}: Nest has no ${provided.name} and cannot make one; list it among the providers of one of your modules, or give an instance`,
      ],
      { cause: error },
    );
  }
}

/**
 * As {@link instanceOf}, for what is needed for requests only: gives the instance for a request, which is one of its own where
 * the host's class, or something that it needs, is created for each.
 */
export async function instanceForRequests<T extends object>(
  moduleRef: ModuleRef,
  option: string,
  provided: Provided<T>,
): Promise<(request: object) => T | Promise<T>> {
  if (typeof provided === 'function' && (scopeOf(moduleRef, provided) ?? Scope.DEFAULT) !== Scope.DEFAULT) {
    return (request) => {
      const contextId = ContextIdFactory.getByRequest(request);
      moduleRef.registerRequestByContextId(request, contextId);
      return moduleRef.resolve<T>(provided, contextId, { strict: false });
    };
  }
  const instance = await instanceOf(moduleRef, option, provided);
  return () => instance;
}

/** The scope of a provider of the application; undefined: it has none of this class. */
function scopeOf(moduleRef: ModuleRef, type: Type): Scope | undefined {
  try {
    return moduleRef.introspect(type).scope;
  } catch {
    return undefined;
  }
}

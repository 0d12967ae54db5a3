import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

/** An instance, or a class of the host of which Nest has one or can make one. */
export type Provided<T> = T | Type<T>;

/** The instance of what an option names. Call it once every provider is there: in `onModuleInit`. */
export async function instanceOf<T extends object>(moduleRef: ModuleRef, provided: Provided<T>): Promise<T> {
  if (typeof provided !== 'function') return provided;
  const type = provided;
  try {
    return moduleRef.get<T>(type, { strict: false });
  } catch {
    return moduleRef.create<T>(type);
  }
}

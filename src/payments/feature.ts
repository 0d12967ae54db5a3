import type { InjectionToken, Provider, Type } from '@nestjs/common';

/** What one folder adds to the payments module. */
export interface Feature {
  controllers?: readonly Type[];
  providers?: readonly Provider[];
  /** What a host may inject. */
  exports?: readonly InjectionToken[];
  /** What only a process that receives webhooks has. */
  webhooks?: {
    controllers?: readonly Type[];
    /** Further addresses of its controllers, which offer no methods of their own. */
    aliases?: readonly Type[];
    providers?: readonly Provider[];
    exports?: readonly InjectionToken[];
  };
}

import { Injectable, Optional, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { matchesEventPattern } from '../domain/event-type.js';
import type { AnyStripeEvent, StripeEventPattern } from '../stripe/stripe-event-types.js';
import { STRIPE_EVENTS_OF, STRIPE_EVENT_PATTERNS, type StripeEventContext } from './on-stripe-event.js';
import { ReceivingInstance } from './receiving-instance.js';

/** A handler that was found in the application. */
export interface EventHandler {
  /** `InvoiceListener.onPaid` */
  name: string;
  patterns: readonly StripeEventPattern[];
  /** The base paths of the instances whose events it gets; undefined: of all. */
  basePaths: readonly string[] | undefined;
  handle: (event: AnyStripeEvent, context: StripeEventContext) => unknown;
}

/** Finds the methods decorated with `@OnStripeEvent` on the application's providers and controllers. */
@Injectable()
export class EventHandlers implements OnModuleInit {
  private readonly handlers: EventHandler[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    @Optional() private readonly instance?: ReceivingInstance,
  ) {}

  /**
   * @throws Error naming a handler on a request-scoped provider, since events have no request, and one that does not say whose events
   *   it gets where there are several instances
   */
  onModuleInit(): void {
    const seen = new Set<unknown>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const { metatype, instance } = wrapper as { metatype: unknown; instance: unknown };
      // The wrapper of a factory's or a value's provider has no class.
      const prototype: unknown =
        this.prototypeOf(metatype) ?? (isObject(instance) ? Object.getPrototypeOf(instance) : undefined);
      if (!isObject(prototype) || prototype === Object.prototype) continue;
      const found = this.findIn(prototype);
      if (found.length === 0) continue;
      const { name } = prototype.constructor;
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient || !isObject(instance)) {
        throw new Error(
          `@OnStripeEvent on ${name}: there is no one instance of it, and an event belongs to no request; move the handler to a provider of the default scope.`,
        );
      }
      if (seen.has(instance)) continue;
      seen.add(instance);
      for (const { method, patterns, basePaths } of found) {
        const fault = this.instance?.faultOf(basePaths);
        if (fault !== undefined) throw new Error(`@OnStripeEvent on ${name}.${method}: ${fault}.`);
        const handle: EventHandler['handle'] = (event, context) =>
          (instance as Record<string, EventHandler['handle']>)[method]?.(event, context);
        this.handlers.push({ name: `${name}.${method}`, patterns, basePaths, handle });
      }
    }
  }

  /**
   * The handlers of a type of event, in the order in which the application's modules list them.
   *
   * @param basePath of the instance that received it; undefined: of all
   */
  of(type: string, basePath = this.instance?.basePath): EventHandler[] {
    return this.handlers.filter(
      ({ patterns, basePaths }) =>
        patterns.some((pattern) => matchesEventPattern(pattern, type)) &&
        (basePath === undefined || (basePaths?.includes(basePath) ?? true)),
    );
  }

  private prototypeOf(metatype: unknown): unknown {
    return typeof metatype === 'function' &&
      this.scanner.getAllMethodNames(metatype.prototype as object).length > 0
      ? metatype.prototype
      : undefined;
  }

  private findIn(prototype: object): (Pick<EventHandler, 'patterns' | 'basePaths'> & { method: string })[] {
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const method = (prototype as Record<string, unknown>)[name];
      const patterns = this.patternsOf(method);
      if (patterns === undefined) return [];
      const targets = [method as () => unknown, prototype.constructor as Type];
      const basePaths = this.reflector.getAllAndOverride<string[] | undefined>(STRIPE_EVENTS_OF, targets);
      return [{ method: name, patterns, basePaths }];
    });
  }

  private patternsOf(method: unknown): StripeEventPattern[] | undefined {
    if (typeof method !== 'function') return undefined;
    return this.reflector.get<StripeEventPattern[] | undefined>(STRIPE_EVENT_PATTERNS, method);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

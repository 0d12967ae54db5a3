import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { matchesEventPattern } from '../domain/event-type.js';
import type { AnyStripeEvent, StripeEventPattern } from '../stripe/stripe-event-types.js';
import { STRIPE_EVENT_PATTERNS, type StripeEventContext } from './on-stripe-event.js';

/** A handler that was found in the application. */
export interface EventHandler {
  /** `InvoiceListener.onPaid` */
  name: string;
  patterns: readonly StripeEventPattern[];
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
  ) {}

  /** @throws Error naming a handler on a request-scoped provider, since events have no request */
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
      for (const { method, patterns } of found) {
        const handle: EventHandler['handle'] = (event, context) =>
          (instance as Record<string, EventHandler['handle']>)[method]?.(event, context);
        this.handlers.push({ name: `${name}.${method}`, patterns, handle });
      }
    }
  }

  /** The handlers of a type of event, in the order in which the application's modules list them. */
  of(type: string): EventHandler[] {
    return this.handlers.filter(({ patterns }) =>
      patterns.some((pattern) => matchesEventPattern(pattern, type)),
    );
  }

  private prototypeOf(metatype: unknown): unknown {
    return typeof metatype === 'function' &&
      this.scanner.getAllMethodNames(metatype.prototype as object).length > 0
      ? metatype.prototype
      : undefined;
  }

  private findIn(prototype: object): { method: string; patterns: StripeEventPattern[] }[] {
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      const patterns = this.patternsOf((prototype as Record<string, unknown>)[method]);
      return patterns === undefined ? [] : [{ method, patterns }];
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

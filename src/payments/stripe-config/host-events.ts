import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { EventEmitter2 } from '@nestjs/event-emitter';
import { describeError } from '../common/describe-error.js';
import { PaymentsLogger } from '../common/payments-logger.js';

/** What happened to a configuration. `updated` with version 1 is its creation. */
export type StripeConfigEventName =
  'stripe-config.updated' | 'stripe-config.deactivated' | 'stripe-config.previous-webhook-secret-erased';

/** What listeners of a {@link StripeConfigEventName} get. */
export interface StripeConfigEvent {
  /** In the canonical spelling of its form: a UUID in lower case, a ULID in upper case. */
  projectId: string;
  /** The configuration's version since the change. */
  version: number;
  /** The id of who made it, as a text. */
  actor: string;
  /** UUID. */
  requestId: string;
}

/**
 * Emits the changes made through this process to the host's `EventEmitter2` (`@nestjs/event-emitter`), when it has one. A
 * change is already stored, whatever its listeners do.
 */
@Injectable()
export class HostEvents implements OnModuleInit {
  private readonly logger = new PaymentsLogger(HostEvents.name);
  private emitter: EventEmitter2 | undefined;

  constructor(private readonly moduleRef: ModuleRef) {}

  async onModuleInit(): Promise<void> {
    try {
      const { EventEmitter2 } = await import('@nestjs/event-emitter');
      this.emitter = this.moduleRef.get(EventEmitter2, { strict: false });
    } catch {
      // The host has none.
    }
  }

  emit(name: StripeConfigEventName, event: StripeConfigEvent): void {
    try {
      this.emitter?.emit(name, event);
    } catch (error) {
      this.logger.write('event_emitter.failed', { name, ...describeError(error) });
    }
  }
}

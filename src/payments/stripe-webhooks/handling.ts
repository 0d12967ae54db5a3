import { SpanKind } from '@opentelemetry/api';
import { matchesEventPattern } from '../domain/event-type.js';
import { record, secondsSince } from '../telemetry/meter.js';
import { contextOf, inSpan } from '../telemetry/tracing.js';
import type { EventHandler } from './event-handlers.js';
import type { ClaimedEvent } from './event-worker.statements.js';

/** What became of one attempt to handle an event. */
export type HandlingOutcome = 'handled' | 'skipped' | 'failed' | 'given_up' | 'unknown';

/** Watches one attempt to handle an event. */
export class Handling {
  private readonly startedAt = performance.now();
  private readonly type: string;

  constructor(
    private readonly event: Pick<ClaimedEvent, 'project_id' | 'mode' | 'event_id' | 'type' | 'attempts'>,
    handlers: readonly Pick<EventHandler, 'patterns'>[],
  ) {
    this.type = boundedType(event.type, handlers);
  }

  /**
   * Runs the handlers in a span of the trace in which the event was received. A span, unlike a metric, may name the event and
   * its project, as the log does.
   *
   * @param traceParent as it was stored with the event
   */
  within(traceParent: string | null, work: () => Promise<void>): Promise<void> {
    const { project_id, mode, event_id, type, attempts } = this.event;
    const attributes = {
      'stripe_config.project.id': project_id,
      'stripe_config.mode': mode,
      'stripe_config.event.id': event_id,
      'stripe_config.event.type': type,
      'stripe_config.event.attempt': attempts,
    };
    return inSpan(
      `handle ${this.type}`,
      { kind: SpanKind.CONSUMER, attributes },
      work,
      contextOf(traceParent),
    );
  }

  end(outcome: HandlingOutcome): void {
    record('stripe_config.event.handling.duration', secondsSince(this.startedAt), {
      'stripe_config.event.type': this.type,
      'stripe_config.event.outcome': outcome,
    });
  }
}

/**
 * The type of an event as the application's code names it: whoever may sign webhooks of a project can make up types, and each would
 * be a series of its own.
 */
export function boundedType(type: string, handlers: readonly Pick<EventHandler, 'patterns'>[]): string {
  const patterns = handlers.flatMap((handler) => handler.patterns);
  return (
    patterns.find((each) => each === type) ??
    patterns.find((each) => matchesEventPattern(each, type)) ??
    'other'
  );
}

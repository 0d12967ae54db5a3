import type { LoggerService } from '@nestjs/common';
import type { LogEventEntry } from '../domain/log-events.js';

/** What the events are written to. */
export type EventSink = Pick<Required<LoggerService>, 'debug' | 'log' | 'warn' | 'error'>;

/** Writes the events of a list, each at its level. */
export class EventLogger<E extends string> {
  constructor(
    private readonly sink: EventSink,
    private readonly events: Readonly<Record<E, LogEventEntry>>,
  ) {}

  /** @param fields for the same line; never a secret */
  write(event: E, fields: object = {}): void {
    const { level } = this.events[event];
    this.sink[level === 'info' ? 'log' : level]({ event, ...fields });
  }
}

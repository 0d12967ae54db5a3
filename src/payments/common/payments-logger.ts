import { Logger } from '@nestjs/common';
import { LOG_EVENTS, type LogEvent } from '../domain/log-events.js';
import { EventLogger } from './event-logger.js';

/** Writes the module's events to the log of the application. */
export class PaymentsLogger extends EventLogger<LogEvent> {
  /** @param context the name of the class that writes */
  constructor(context: string) {
    super(new Logger(context), LOG_EVENTS);
  }
}

import { Logger } from '@nestjs/common';
import { EventLogger, type EventSink } from '../payments/common/event-logger.js';
import { SERVICE_LOG_EVENTS, type ServiceLogEvent } from './log-events.js';

/** Writes the events of the service to its log. */
export class ServiceLogger extends EventLogger<ServiceLogEvent> {
  /**
   * @param context the name of the class that writes
   * @param logger needed before Nest has one
   */
  constructor(context: string, logger: EventSink = new Logger(context)) {
    super(logger, SERVICE_LOG_EVENTS);
  }
}

import type { LogEventEntry } from '../payments/domain/log-events.js';

/** Every event that the service around the module writes to the log. */
export const SERVICE_LOG_EVENTS = {
  'database.available': {
    level: 'info',
    when: 'The database can be reached and is migrated.',
    action: 'Nothing.',
  },
  'database.connection_lost': {
    level: 'warn',
    when: 'An idle connection of the pool was lost; the next request opens another.',
    action: 'Nothing; check the database or the network where it repeats.',
  },
  'database.migrated': {
    level: 'info',
    when: 'Migrations were run at start; `migrations` names them.',
    action: 'Nothing.',
  },
  'database.unavailable': {
    level: 'warn',
    when: 'The database cannot be reached, or not be migrated. It is tried again every second.',
    action: 'Do what `cause` says.',
  },
  'demo_project.unavailable': {
    level: 'warn',
    when: 'Development only: the demo project could not be created or found.',
    action: 'Check the database.',
  },
  'issuer_metadata.unavailable': {
    level: 'warn',
    when: 'The explorer lacks the addresses of the identity provider until the next start.',
    action: 'Check `AUTH_ISSUER`, and restart once the provider can be reached.',
  },
  'log.lines_dropped': {
    level: 'warn',
    when: 'Nobody read the log, and `count` lines were dropped.',
    action: 'Check what reads standard output.',
  },
  'metrics.listening': {
    level: 'info',
    when: 'The page of metrics is served at `url`.',
    action: 'Nothing.',
  },
  'requests.refused_by_load': {
    level: 'warn',
    when: 'More requests came than can be answered in time, and `count` of them got 503 within a second.',
    action: 'Run more replicas, or look for what floods the service; see `REQUESTS_AT_ONCE`.',
  },
  'server.listening': {
    level: 'info',
    when: 'The service listens at `url`, and answers 503 until it is ready.',
    action: 'Nothing.',
  },
  'service.ready': {
    level: 'info',
    when: 'The service answers requests.',
    action: 'Nothing.',
  },
  'setting.insecure': {
    level: 'warn',
    when: 'A setting names a file of secrets that every user of the machine may read.',
    action: 'Do what `warning` says.',
  },
  'sign_in_server.failed': {
    level: 'warn',
    when: 'Development only: the sign-in server could not answer a request.',
    action: 'Sign in again; report it where it repeats.',
  },
  'sign_in_server.listening': {
    level: 'info',
    when: 'Development only: people sign in at `url`, which issues the access tokens.',
    action: 'Nothing.',
  },
  'telemetry.export_failed': {
    level: 'warn',
    when: 'Metrics or traces could not be sent to the collector; they are lost. At most one line a minute.',
    action: 'Check the collector, and `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  },
  'stripe_event.received': {
    level: 'info',
    when: 'A stored event was handed to the handlers.',
    action: 'Nothing.',
  },
} as const satisfies Record<string, LogEventEntry>;

/** The name of an event of the service. */
export type ServiceLogEvent = keyof typeof SERVICE_LOG_EVENTS;

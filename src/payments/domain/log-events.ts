/** What an operator needs to know about an event of the log. */
export interface LogEventEntry {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** What happened when it is written. */
  when: string;
  /** What to do about it. */
  action: string;
}

/** Every event that the module writes to the log. Names are stable: alerts may match them. */
export const LOG_EVENTS = {
  'background_task.failed': {
    level: 'warn',
    when: 'A periodic task failed; `context` says which. It is tried again every second, `EventRetention` every minute.',
    action: 'Fix what `cause` or `error` names, mostly the database.',
  },
  'background_task.recovered': {
    level: 'info',
    when: 'The task works again.',
    action: 'Nothing.',
  },
  'config_announcements.failed': {
    level: 'warn',
    when: 'Changes cannot be announced; other replicas find them by comparing, within five seconds.',
    action: 'Check the database.',
  },
  'config_announcements.recovered': {
    level: 'info',
    when: 'Changes are announced again.',
    action: 'Nothing.',
  },
  'config_listener.connected': {
    level: 'info',
    when: 'Changes of other replicas are received again.',
    action: 'Nothing.',
  },
  'config_listener.disconnected': {
    level: 'warn',
    when: 'Changes of other replicas are not received; they are found by comparing, within five seconds.',
    action: 'Check the database; behind a pooler, or on an engine without notifications, this is expected.',
  },
  'credential.unreadable': {
    level: 'error',
    when: 'No key of the ring opens the stored credential that `field` names.',
    action: 'Restore the key ring from its backup, or store the credential again with a PUT.',
  },
  'data.erased': {
    level: 'info',
    when: '`DataErasure` has erased what is stored of `projects` and of `changes` in the audit trail, on the request `requestId`.',
    action: 'Nothing.',
  },
  'database.advisory_locks_missing': {
    level: 'warn',
    when: 'At start: an advisory lock of one connection is not refused to another. Migrations alone depend on them.',
    action: 'Run migrations as one job, before the services start.',
  },
  'database.check_failed': {
    level: 'warn',
    when: '`PaymentsHealth` found that the database does not answer, or that its tables cannot be read.',
    action: 'Fix what `cause` or `error` names.',
  },
  'database.check_recovered': {
    level: 'info',
    when: '`PaymentsHealth` found the database in good health again.',
    action: 'Nothing.',
  },
  'event_emitter.failed': {
    level: 'warn',
    when: 'A listener of the application’s `EventEmitter2` threw; the change is stored.',
    action: 'Fix the listener.',
  },
  'host.value_invalid': {
    level: 'error',
    when: 'The application gave an id or a list that cannot be used; the request got 500.',
    action: 'Do what `explanation` says about the option or the method that it names.',
  },
  'issuer_keys.unavailable': {
    level: 'warn',
    when: 'The keys of the identity provider could not be fetched at start; each token tries again.',
    action: 'Check `AUTH_ISSUER`, and that the provider can be reached from here.',
  },
  'key_ring.check_failed': {
    level: 'warn',
    when: 'The key ring could not be compared with the database. It is tried again every second.',
    action: 'Check the database.',
  },
  'key_ring.check_recovered': {
    level: 'info',
    when: 'The key ring can be compared again.',
    action: 'Nothing.',
  },
  'key_ring.file_exposed': {
    level: 'warn',
    when: 'The key ring file may be read by every user of the machine.',
    action: 'Run `chmod o-r` on it.',
  },
  'key_ring.mismatch': {
    level: 'error',
    when: 'The key ring does not fit the database; nothing is sealed, and `/health/ready` answers 503.',
    action: 'Do what `fault` says, mostly: restore the key ring from its backup.',
  },
  'key_ring.rejected': {
    level: 'error',
    when: 'A changed key ring file cannot be used; the previous ring stays in use.',
    action: 'Fix what `fault` names in the file.',
  },
  'key_ring.replaced': {
    level: 'info',
    when: 'A changed key ring file is in use.',
    action: 'Nothing.',
  },
  'key_ring.verified': {
    level: 'info',
    when: 'The key ring fits the database.',
    action: 'Nothing.',
  },
  'request.body_consumed': {
    level: 'error',
    when: 'The application read the body of a request to the module and did not keep its bytes; it got 500.',
    action: 'Do what `fix` says about body parsers.',
  },
  'request.error': {
    level: 'error',
    when: 'A request got 500, which no request should.',
    action: 'Report it, with the line.',
  },
  'request.failed': {
    level: 'warn',
    when: 'A request got an error because of the database, Stripe, the identity provider or the key ring.',
    action: 'Look `code` up in the [errors](errors.md), and fix what `cause` or `explanation` names.',
  },
  'request.refused': {
    level: 'debug',
    when: 'A request was refused because of what it asked for.',
    action: 'Nothing.',
  },
  'routes.mounted': {
    level: 'info',
    when: 'The module serves its routes below `path`, and Stripe is given `webhooks`.',
    action: 'Nothing.',
  },
  'routes.prefix_repeated': {
    level: 'warn',
    when: '`path` has `repeated` twice: once of the application’s prefix, once of the base path.',
    action: 'Give a `basePath` without it, or exclude the routes from the prefix.',
  },
  'routes.public_url_mismatch': {
    level: 'warn',
    when: 'Stripe is given `webhooks`, but the application serves its routes below `path`.',
    action: 'Add the prefix of the application to `publicBaseUrl`, unless a proxy adds it to the path.',
  },
  'stripe_event.failed': {
    level: 'warn',
    when: 'A handler failed on an event; it will be tried again.',
    action: 'Fix the `handler`.',
  },
  'stripe_event.given_up': {
    level: 'error',
    when: 'A handler failed on an event for the last time; it waits as `failed`.',
    action: 'Fix the `handler`, then replay the event.',
  },
  'stripe_event.outcome_unknown': {
    level: 'warn',
    when: 'The connection was lost while an event was marked as handled; it is tried again if it was not.',
    action: 'Nothing; check the database where it repeats.',
  },
  'stripe_event.unreadable': {
    level: 'error',
    when: 'No key of the ring opens a stored event.',
    action: 'Restore the key ring from its backup, or read the event at Stripe.',
  },
  'webhook.rejected': {
    level: 'warn',
    when: 'Stripe signed a webhook that cannot be accepted; `reason` is the code of its answer.',
    action: 'Look `reason` up in the [errors](errors.md).',
  },
  'webhook_endpoint.left': {
    level: 'warn',
    when: 'A configuration was removed, but its webhook endpoint could not be removed from Stripe.',
    action: 'Remove the endpoint in Stripe.',
  },
  'webhook_endpoint.removal_unknown': {
    level: 'warn',
    when: 'A configuration was removed, but not whether it has webhook endpoints in Stripe could be read.',
    action: 'Look for endpoints of the project in Stripe, and remove them.',
  },
  'webhooks.guarded': {
    level: 'warn',
    when: '`guards` of the application stand before the route that Stripe calls, which has no access token.',
    action:
      'Give `webhooks: { metadata }` with what lets a route pass them, or `{}` where Stripe passes without.',
  },
} as const satisfies Record<string, LogEventEntry>;

/** The name of an event: its subject, then what happened to it. */
export type LogEvent = keyof typeof LOG_EVENTS;

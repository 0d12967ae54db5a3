/** What a metric is, and all that docs, dashboard and alerts say of it. */
export interface Instrument {
  /**
   * `counter` and `histogram` are recorded where something happens; `gauge` (a value) and `upDownCounter` (a part of a sum) are asked
   * for at each collection.
   */
  readonly kind: 'counter' | 'histogram' | 'gauge' | 'upDownCounter';
  /** In the form of UCUM: `s`, `1`, `{event}`. */
  readonly unit: string;
  readonly description: string;
  /** What tells its series apart, each with its values, which must be few, and whoever sends requests must not choose them. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Where alone it is recorded. In an application its own instrumentation measures HTTP; the service makes no clients for itself. */
  readonly only?: 'service' | 'application';
}

/** Those that the conventions of OpenTelemetry advise for requests. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;
/** Those that they advise for databases. */
const DATABASE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] as const;

const INSTANCE = {
  'stripe_config.base_path':
    'of an instance of the module with another base path than the default: that path',
};
const POOL = { 'db.client.connection.pool.name': '`stripe-config`' };

/**
 * Every metric by its name. Names without `stripe_config.` are those of the semantic conventions of OpenTelemetry. What is not here
 * cannot be recorded.
 */
export const INSTRUMENTS = {
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    description:
      'How long requests took, until the answer was sent; 0 of those that were refused before anything was done',
    attributes: {
      'http.request.method':
        'one of the seven methods that routes may have; `_OTHER` of any other, and of what is no HTTP',
      'http.route': 'the pattern of the route; none where no route was found',
      'http.response.status_code': 'the status',
      'error.type': 'with 5xx: the status, or `overload` where there were too many requests',
      'url.scheme': '`http`',
    },
    buckets: REQUEST_SECONDS,
    only: 'service',
  },
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'How long statements took, without the wait for a connection',
    attributes: {
      'db.system.name': '`postgresql`',
      'db.operation.name':
        'the name of the statement; in `pg_prepared_statements` a number may follow it, as in `.1`',
      'error.type': 'where it failed: its SQLSTATE, or a word',
    },
    buckets: DATABASE_SECONDS,
  },
  'db.client.connection.wait_time': {
    kind: 'histogram',
    unit: 's',
    description: 'How long a connection of the pool was waited for',
    attributes: POOL,
    buckets: DATABASE_SECONDS,
  },
  'db.client.connection.count': {
    kind: 'upDownCounter',
    unit: '{connection}',
    description: 'The connections of the pool',
    attributes: { ...POOL, 'db.client.connection.state': '`used` or `idle`', ...INSTANCE },
  },
  'db.client.connection.max': {
    kind: 'upDownCounter',
    unit: '{connection}',
    description: 'The most connections that the pool may have',
    attributes: { ...POOL, ...INSTANCE },
  },
  'db.client.connection.pending_requests': {
    kind: 'upDownCounter',
    unit: '{request}',
    description: 'How many wait for a connection of the pool now',
    attributes: { ...POOL, ...INSTANCE },
  },
  'stripe_config.webhooks.received': {
    kind: 'counter',
    unit: '{webhook}',
    description: 'Webhooks by what became of them',
    attributes: {
      'stripe_config.webhook.outcome':
        '`stored`, `stored_before`, `ignored`, the code of the refusal, `overload` where there were too many requests, or `error`',
    },
  },
  'stripe_config.event.pending.age': {
    kind: 'gauge',
    unit: 's',
    description:
      'For how long the event that is due the longest has been due; 0 where none is. One that was put back is due anew',
    attributes: INSTANCE,
  },
  'stripe_config.event.dead': {
    kind: 'gauge',
    unit: '{event}',
    description: 'Events that were given up and wait for a replay; 10000 where there are more',
    attributes: INSTANCE,
  },
  'stripe_config.event.handling.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'How long one attempt to handle an event took',
    attributes: {
      'stripe_config.event.type':
        'what a handler names: the type, or else the pattern that it came by; `other` where no handler takes it',
      'stripe_config.event.outcome': '`handled`, `skipped`, `failed`, `given_up` or `unknown`',
    },
    buckets: REQUEST_SECONDS,
  },
  'stripe_config.key_ring.fit': {
    kind: 'gauge',
    unit: '1',
    description:
      '1 while the key ring opens what is stored, as a check has found within the last 90 seconds; otherwise 0',
    attributes: INSTANCE,
  },
  'stripe_config.key.rows': {
    kind: 'gauge',
    unit: '{row}',
    description:
      'Rows with values under a key, as a command that counts them has left it (`keys status`, `keys rewrap`)',
    attributes: {
      'stripe_config.key.id': 'the id of a key that the database knows',
      'stripe_config.key.active': '`true` or `false`: whether this process seals under it',
      ...INSTANCE,
    },
  },
  'stripe_config.key.rewrap.remaining': {
    kind: 'gauge',
    unit: '{row}',
    description:
      'Rows that the last rewrap to the active key has still to seal again; it says so every few seconds',
    attributes: INSTANCE,
  },
  'stripe_config.stripe.call.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'How long calls of Stripe took, those by clients of `StripeClients` included',
    attributes: {
      'http.request.method': 'the method',
      'url.template': 'the path with `{id}` for all that is no word of Stripe’s own paths',
      'stripe_config.stripe.outcome':
        '`ok`, `refused` (4xx), `limited` (429), `failed` (5xx), `timeout` or `unreachable`',
    },
    buckets: REQUEST_SECONDS,
  },
  'stripe_config.clients.lookups': {
    kind: 'counter',
    unit: '{lookup}',
    description: 'Questions to `StripeClients`',
    attributes: {
      'stripe_config.cache.result': '`hit`, or `miss`: the database was asked',
    },
    only: 'application',
  },
  'stripe_config.config.changes': {
    kind: 'counter',
    unit: '{change}',
    description:
      'Changes of configurations through this process, without those in transactions of the application',
    attributes: {
      'stripe_config.config.action':
        '`created`, `updated`, `deactivated` or `previous_webhook_secret_erased`',
    },
  },
  'stripe_config.listener.connected': {
    kind: 'gauge',
    unit: '1',
    description: '1 while the connection is up on which other replicas announce changes; otherwise 0',
    attributes: INSTANCE,
  },
} as const satisfies Record<string, Instrument>;

type Instruments = typeof INSTRUMENTS;

/** The name of a metric of a kind. */
export type MetricName<Kind extends Instrument['kind'] = Instrument['kind']> = {
  [Name in keyof Instruments]: Instruments[Name]['kind'] extends Kind ? Name : never;
}[keyof Instruments];

/** What may tell the series of a metric apart: nothing that the list does not name. */
export type AttributesOf<Name extends MetricName> = {
  readonly [Attribute in keyof Instruments[Name]['attributes']]?: string | number;
};

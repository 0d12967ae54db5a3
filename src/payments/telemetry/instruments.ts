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
  /** Only the service records it; in an application its own instrumentation of HTTP does. */
  readonly ofService?: true;
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
    description: 'How long requests took, until the answer was sent',
    attributes: {
      'http.request.method': 'one of the seven methods that routes may have',
      'http.route': 'the pattern of the route; none where no route was found',
      'http.response.status_code': 'the status',
      'error.type': 'with 5xx: the status',
      'url.scheme': '`http`',
    },
    buckets: REQUEST_SECONDS,
    ofService: true,
  },
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'How long statements took, without the wait for a connection',
    attributes: {
      'db.system.name': '`postgresql`',
      'db.operation.name': 'the name of the statement, as in `pg_prepared_statements`',
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

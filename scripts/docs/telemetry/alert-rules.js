// What should wake somebody (`critical`), or be looked at in the morning (`warning`). Each has series with which it fires and others
// with which it does not, as `promtool test rules` takes them: a test runs both.
import { prometheusName } from './names.js';

const requests = `${prometheusName('http.server.request.duration')}_count`;
const requestBuckets = `${prometheusName('http.server.request.duration')}_bucket`;
const statements = `${prometheusName('db.client.operation.duration')}_count`;
const attempts = `${prometheusName('stripe_config.event.handling.duration')}_count`;
const calls = `${prometheusName('stripe_config.stripe.call.duration')}_count`;
const webhooks = prometheusName('stripe_config.webhooks.received');
const pendingAge = prometheusName('stripe_config.event.pending.age');
const dead = prometheusName('stripe_config.event.dead');
const fit = prometheusName('stripe_config.key_ring.fit');
const remaining = prometheusName('stripe_config.key.rewrap.remaining');
const waiting = prometheusName('db.client.connection.pending_requests');
const listening = prometheusName('stripe_config.listener.connected');

/** The part of a counter with some labels in what has others, or in all of it, in five minutes. */
const part = (counter, labels, { by = '', among = '' } = {}) =>
  `sum${by} (rate(${counter}{${[among, labels].filter(Boolean).join(',')}}[5m])) / sum${by} (rate(${counter}${among && `{${among}}`}[5m]))`;

/** Requests of those who may use the service: what anybody can have answered, in any number, must not hide the rest, or look like it. */
const OF_USERS = 'http_route=~"/api/.*|",http_response_status_code!~"4..|501"';

/** A counter that goes up by so much a minute. */
const rising = (step) => `0+${step}x120`;

const LOST = 'dependency_unavailable|write_outcome_unknown|overload|error';
/** Webhooks that are Stripe's, as far as one knows: anybody may send others. */
const OF_STRIPE = `stored|stored_before|ignored|${LOST}`;

export const ALERTS = [
  {
    name: 'StripeConfigGone',
    severity: 'critical',
    of: 'stripe_config.key_ring.fit',
    expr: `absent(${fit})`,
    for: '5m',
    summary: 'No replica shows its metrics.',
    action: 'See whether the service runs, and whether Prometheus reaches METRICS_PORT.',
    fires: { other: '1x120' },
    quiet: { [fit]: '1x120' },
  },
  {
    name: 'StripeConfigErrors',
    severity: 'critical',
    of: 'http.server.request.duration',
    expr: `${part(requests, 'http_response_status_code=~"5.."', { among: OF_USERS })} > 0.05`,
    for: '5m',
    summary: 'More than one request of twenty fails.',
    action:
      'Read request.failed, request.error and requests.refused_by_load in the log: they name the cause.',
    fires: {
      [`${requests}{http_response_status_code="503"}`]: rising(5),
      [`${requests}{http_route="/api/v1/projects",http_response_status_code="500"}`]: rising(5),
      [`${requests}{http_route="/api/v1/projects",http_response_status_code="200"}`]: rising(90),
      [`${requests}{http_route="/api/v1/projects",http_response_status_code="401"}`]: rising(1_000),
      [`${requests}{http_route="/health/live",http_response_status_code="200"}`]: rising(1_000),
      [`${requests}{http_route="/docs",http_response_status_code="200"}`]: rising(1_000),
      [`${requests}{http_response_status_code="404"}`]: rising(1_000),
    },
    quiet: {
      [`${requests}{http_response_status_code="503"}`]: rising(1),
      [`${requests}{http_route="/api/v1/projects",http_response_status_code="200"}`]: rising(99),
      [`${requests}{http_route="/health/ready",http_response_status_code="503"}`]: rising(1_000),
      [`${requests}{http_response_status_code="501"}`]: rising(1_000),
    },
  },
  {
    name: 'StripeConfigOverload',
    severity: 'warning',
    of: 'http.server.request.duration',
    expr: `sum(rate(${requests}{error_type="overload"}[5m])) > 0`,
    for: '5m',
    summary: 'Requests are refused since there are too many.',
    action:
      'Run more replicas, or look for what floods the service; REQUESTS_AT_ONCE says how many there may be.',
    fires: {
      [`${requests}{http_response_status_code="503",error_type="overload"}`]: rising(1),
      [`${requests}{http_response_status_code="200"}`]: rising(999),
    },
    quiet: { [`${requests}{http_response_status_code="503",error_type="503"}`]: rising(10) },
  },
  {
    name: 'StripeConfigSlow',
    severity: 'warning',
    of: 'http.server.request.duration',
    expr: `histogram_quantile(0.99, sum by (le) (rate(${requestBuckets}{${OF_USERS},error_type!="overload"}[5m]))) > 1`,
    for: '10m',
    summary: 'One request of a hundred takes longer than a second.',
    action: 'Compare statements, the wait for connections and calls of Stripe on the dashboard.',
    fires: {
      [`${requestBuckets}{le="1"}`]: rising(90),
      [`${requestBuckets}{le="2.5"}`]: rising(100),
      [`${requestBuckets}{le="+Inf"}`]: rising(100),
      ...Object.fromEntries(
        ['http_response_status_code="401"', 'error_type="overload"'].flatMap((labels) =>
          ['1', '2.5', '+Inf'].map((le) => [`${requestBuckets}{${labels},le="${le}"}`, rising(10_000)]),
        ),
      ),
    },
    quiet: {
      [`${requestBuckets}{le="1"}`]: rising(100),
      [`${requestBuckets}{le="2.5"}`]: rising(100),
      [`${requestBuckets}{le="+Inf"}`]: rising(100),
    },
  },
  {
    name: 'StripeConfigWebhooksLost',
    severity: 'critical',
    of: 'stripe_config.webhooks.received',
    expr: `${part(webhooks, `stripe_config_webhook_outcome=~"${LOST}"`, { among: `stripe_config_webhook_outcome=~"${OF_STRIPE}"` })} > 0.1`,
    for: '5m',
    summary: 'Webhooks of Stripe cannot be stored. Stripe sends them again, for three days.',
    action:
      'Restore the database or the key ring, or see StripeConfigOverload; what Stripe has kept arrives by itself.',
    fires: {
      [`${webhooks}{stripe_config_webhook_outcome="dependency_unavailable"}`]: rising(10),
      [`${webhooks}{stripe_config_webhook_outcome="overload"}`]: rising(10),
      [`${webhooks}{stripe_config_webhook_outcome="stored"}`]: rising(80),
      [`${webhooks}{stripe_config_webhook_outcome="invalid_signature"}`]: rising(1_000),
    },
    quiet: {
      [`${webhooks}{stripe_config_webhook_outcome="invalid_signature"}`]: rising(90),
      [`${webhooks}{stripe_config_webhook_outcome="dependency_unavailable"}`]: rising(1),
      [`${webhooks}{stripe_config_webhook_outcome="stored"}`]: rising(19),
    },
  },
  {
    name: 'StripeConfigWebhooksRefused',
    severity: 'warning',
    of: 'stripe_config.webhooks.received',
    expr: `sum(rate(${webhooks}{stripe_config_webhook_outcome=~"stale_signature|unreadable_event|wrong_mode_event"}[15m])) > 0`,
    for: '15m',
    summary: 'Webhooks with a right signature are refused.',
    action: 'Read webhook.rejected in the log: a clock, a mode or an endpoint is wrong.',
    fires: { [`${webhooks}{stripe_config_webhook_outcome="stale_signature"}`]: rising(1) },
    quiet: { [`${webhooks}{stripe_config_webhook_outcome="invalid_signature"}`]: rising(100) },
  },
  {
    name: 'StripeConfigEventsWait',
    severity: 'critical',
    of: 'stripe_config.event.pending.age',
    expr: `max(${pendingAge}) > 60`,
    for: '2m',
    summary: 'An event has been due for more than a minute, and no handler has taken it.',
    action: 'See whether workers run, and which handlers are slow; add replicas where all are busy.',
    fires: { [`${pendingAge}{instance="a"}`]: '70+60x120', [`${pendingAge}{instance="b"}`]: '0x120' },
    quiet: { [pendingAge]: '30x120' },
  },
  {
    name: 'StripeConfigEventsUnknown',
    severity: 'critical',
    of: 'stripe_config.event.pending.age',
    expr: `absent(${pendingAge}) and on () ${fit} >= 0`,
    for: '5m',
    summary: 'No replica gets an answer of the database about its events.',
    action: 'Restore the database; database.unavailable in the log has the cause.',
    fires: { [fit]: '1x120' },
    quiet: { [fit]: '1x120', [pendingAge]: '0x120' },
  },
  {
    name: 'StripeConfigEventsGivenUp',
    severity: 'warning',
    of: 'stripe_config.event.dead',
    expr: `max(${dead}) > 0`,
    for: '5m',
    summary: 'Events were given up after twelve attempts.',
    action: 'Fix the handler that stripe_event.given_up names, then replay them: POST …/events/replay.',
    fires: { [dead]: '3x120' },
    quiet: { [dead]: '0x120' },
  },
  {
    name: 'StripeConfigHandlersFail',
    severity: 'warning',
    of: 'stripe_config.event.handling.duration',
    expr: `${part(attempts, 'stripe_config_event_outcome=~"failed|given_up|unknown"', { by: ' by (stripe_config_event_type)' })} > 0.5`,
    for: '15m',
    summary: 'Most attempts to handle {{ $labels.stripe_config_event_type }} fail.',
    action: 'Read stripe_event.failed in the log: it names the handler and the error.',
    labels: { stripe_config_event_type: 'invoice.paid' },
    fires: {
      [`${attempts}{stripe_config_event_type="invoice.paid",stripe_config_event_outcome="failed"}`]:
        rising(9),
      [`${attempts}{stripe_config_event_type="invoice.paid",stripe_config_event_outcome="handled"}`]:
        rising(1),
    },
    quiet: {
      [`${attempts}{stripe_config_event_type="invoice.paid",stripe_config_event_outcome="failed"}`]:
        rising(1),
      [`${attempts}{stripe_config_event_type="invoice.paid",stripe_config_event_outcome="handled"}`]:
        rising(9),
    },
  },
  {
    name: 'StripeConfigKeyRing',
    severity: 'critical',
    of: 'stripe_config.key_ring.fit',
    expr: `min(${fit}) < 1`,
    for: '2m',
    summary: 'A replica’s key ring does not open what is stored, or could not be checked.',
    action:
      'Read key_ring.mismatch and key_ring.check_failed in the log; give every replica the same ring, from its backup where a key is missing, or restore the database.',
    fires: { [`${fit}{instance="a"}`]: '1x120', [`${fit}{instance="b"}`]: '0x120' },
    quiet: { [`${fit}{instance="a"}`]: '1x120', [`${fit}{instance="b"}`]: '1x120' },
  },
  {
    name: 'StripeConfigRewrapLeft',
    severity: 'warning',
    of: 'stripe_config.key.rewrap.remaining',
    expr: `max(${remaining}) > 0`,
    for: '1d',
    summary: 'A rewrap was begun a day ago and has not ended: rows are still under an old key.',
    action: 'Run "keys rewrap" again; it goes on where it was.',
    minutes: 1_500,
    fires: { [remaining]: '40x1600' },
    quiet: { [remaining]: '0x1600' },
  },
  {
    name: 'StripeConfigStripeFails',
    severity: 'warning',
    of: 'stripe_config.stripe.call.duration',
    expr: `${part(calls, 'stripe_config_stripe_outcome=~"failed|timeout|unreachable"')} > 0.5`,
    for: '10m',
    summary: 'Most calls of Stripe fail.',
    action: 'See status.stripe.com, and the proxy or firewall before the service.',
    fires: {
      [`${calls}{stripe_config_stripe_outcome="timeout"}`]: rising(9),
      [`${calls}{stripe_config_stripe_outcome="ok"}`]: rising(1),
    },
    quiet: {
      [`${calls}{stripe_config_stripe_outcome="refused"}`]: rising(9),
      [`${calls}{stripe_config_stripe_outcome="ok"}`]: rising(1),
    },
  },
  {
    name: 'StripeConfigDatabaseErrors',
    severity: 'warning',
    of: 'db.client.operation.duration',
    expr: `${part(statements, 'error_type!=""')} > 0.05`,
    for: '5m',
    summary: 'More than one statement of twenty fails.',
    action:
      'Look at error_type: an SQLSTATE of PostgreSQL’s manual, appendix A, or a word for a lost connection.',
    fires: { [`${statements}{error_type="57014"}`]: rising(10), [statements]: rising(90) },
    quiet: { [`${statements}{error_type="57014"}`]: rising(1), [statements]: rising(99) },
  },
  {
    name: 'StripeConfigPoolExhausted',
    severity: 'warning',
    of: 'db.client.connection.pending_requests',
    expr: `min_over_time(${waiting}[5m]) > 0`,
    for: '5m',
    summary: 'Somebody always waits for a connection of the pool.',
    action: 'Look for slow statements and locks; then let the pool be larger, or add replicas.',
    fires: { [waiting]: '4x120' },
    quiet: { [waiting]: '4 0 5 0 4 0 3 0 4 0 4 0 5 0 4 0 3 0 4 0 4 0 5 0 4 0 3 0 4 0' },
  },
  {
    name: 'StripeConfigListenerDown',
    severity: 'warning',
    of: 'stripe_config.listener.connected',
    expr: `min(${listening}) < 1`,
    for: '10m',
    summary:
      'A replica does not hear of changes on others: replaced keys are used for up to five seconds more.',
    action:
      'Read config_listener.disconnected in the log; LISTEN needs a connection that no pooler shares. Behind a pooler this is as expected: silence it there.',
    fires: { [listening]: '0x120' },
    quiet: { [listening]: '1x120' },
  },
];

/** The rules as Prometheus reads them. */
export function rulesFile() {
  const rules = ALERTS.map(({ name, severity, expr, for: duration, summary, action }) => ({
    alert: name,
    expr,
    for: duration,
    labels: { severity },
    annotations: { summary, description: action },
  }));
  return { groups: [{ name: 'nest-stripe-config', rules }] };
}

/** What `promtool test rules` runs: each alert with what it fires on, and with what it does not. */
export function rulesTest(file) {
  const seriesOf = (series) => Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const tests = ALERTS.flatMap(({ name, severity, summary, action, labels, minutes = 60, fires, quiet }) => {
    const expected = {
      exp_labels: { severity, ...labels },
      exp_annotations: {
        summary: summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label]),
        description: action,
      },
    };
    return [fires, quiet].map((series) => ({
      interval: '1m',
      name,
      input_series: seriesOf(series),
      alert_rule_test: [
        { eval_time: `${minutes}m`, alertname: name, exp_alerts: series === fires ? [expected] : [] },
      ],
    }));
  });
  return { rule_files: [file], evaluation_interval: '1m', tests };
}

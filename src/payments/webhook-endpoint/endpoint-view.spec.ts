import { TARGET, made, ours, wanted } from '../../../test/support/stripe/endpoint-states.js';
import type { StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import { metadataOf } from './endpoint-target.js';
import { DEFAULT_EVENT_TYPES, viewOf, type WebhookEndpointView } from './endpoint-view.js';

const TYPES = ['invoice.paid', 'charge.refunded'];
const inUse = (id: string, details: Partial<StripeEndpoint> = {}): StripeEndpoint =>
  ours(id, { eventTypes: TYPES, apiVersion: '2026-10-28.endive', ...details });

const MISSING: WebhookEndpointView = {
  state: 'missing',
  id: null,
  url: TARGET.url,
  isOurs: false,
  apiVersion: null,
  eventTypes: [],
  missingEventTypes: DEFAULT_EVENT_TYPES,
  otherIds: [],
};
const IN_USE: WebhookEndpointView = {
  state: 'enabled',
  id: 'we_1',
  url: TARGET.url,
  isOurs: true,
  apiVersion: '2026-10-28.endive',
  eventTypes: TYPES,
  missingEventTypes: [],
  otherIds: [],
};

it.each<[string, string | undefined, StripeEndpoint[], WebhookEndpointView]>([
  ['that was never made', undefined, [], MISSING],
  ['that was removed in the Dashboard', 'we_1', [], { ...MISSING, missingEventTypes: TYPES }],
  ['as it was made', 'we_1', [inUse('we_1')], IN_USE],
  ['that was disabled', 'we_1', [inUse('we_1', { isEnabled: false })], { ...IN_USE, state: 'disabled' }],
  [
    'with the types that were asked for and that it does not send',
    'we_1',
    [inUse('we_1', { eventTypes: ['invoice.paid', 'payout.paid'] })],
    { ...IN_USE, eventTypes: ['invoice.paid', 'payout.paid'], missingEventTypes: ['charge.refunded'] },
  ],
  ['that sends all', 'we_1', [inUse('we_1', { eventTypes: ['*'] })], { ...IN_USE, eventTypes: ['*'] }],
  [
    'that was made by hand, with the usual types that it does not send',
    undefined,
    [inUse('we_1', { metadata: {}, eventTypes: ['invoice.paid'] })],
    {
      ...IN_USE,
      isOurs: false,
      eventTypes: ['invoice.paid'],
      missingEventTypes: DEFAULT_EVENT_TYPES.filter((type) => type !== 'invoice.paid'),
    },
  ],
  [
    'that is recorded, among others of its URL',
    'we_1',
    [inUse('we_3'), inUse('we_1'), inUse('we_2')],
    { ...IN_USE, otherIds: ['we_3', 'we_2'] },
  ],
  [
    'of its URL where Stripe does not have the recorded one',
    'we_3',
    [inUse('we_1'), inUse('we_2')],
    { ...IN_USE, otherIds: ['we_2'] },
  ],
  [
    'for another mode as made by hand',
    'we_1',
    [inUse('we_1', { metadata: { ...metadataOf(TARGET), mode: 'live' } })],
    { ...IN_USE, isOurs: false },
  ],
])('shows an endpoint %s', (_, id, endpoints, view) => {
  const record = id === undefined ? undefined : made(id, { wanted: wanted(...TYPES) });
  expect(viewOf(TARGET, { record, endpoints })).toEqual(view);
});

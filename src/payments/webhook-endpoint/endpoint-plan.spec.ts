import {
  GOAL,
  KEY,
  PAID,
  SOME_TIME,
  TARGET,
  byHand,
  made,
  ours,
  record,
  state,
  stored,
  taken,
  wanted,
} from '../../../test/support/stripe/endpoint-states.js';
import type { StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import { planEnsure, type EndpointToSave, type EndpointState, type Step } from './endpoint-plan.js';
import { metadataOf } from './endpoint-target.js';

/** Saves the record of an endpoint in use. */
const save = (endpointId: string, details: Partial<EndpointToSave> = {}): Step => ({
  do: 'save-record',
  record: { endpointId, secretVersion: 2, wanted: PAID, isOurs: true, ...details },
});
const MAKE: Step = { do: 'make', wanted: PAID };
const remove = (id: string): Step => ({ do: 'remove', id });
const update = (id: string, ...eventTypes: string[]): Step => ({ do: 'update', id, eventTypes });

describe('the way to an endpoint', () => {
  it.each<[string, EndpointState, Step[]]>([
    ['makes one where there is none', state(), [MAKE]],
    [
      'changes nothing about one that is as it shall be',
      stored({ record: made('we_1'), endpoints: [ours('we_1')] }),
      [],
    ],
    ['makes one where ours was removed in the Dashboard', stored({ record: made('we_1') }), [MAKE]],
    [
      'makes one where this service removed it before',
      stored({ record: made('we_1', { removed_at: SOME_TIME }) }),
      [MAKE],
    ],
    [
      'enables it again',
      stored({ record: made('we_1'), endpoints: [ours('we_1', { isEnabled: false })] }),
      [update('we_1', 'invoice.paid')],
    ],
    [
      'saves the record again of one that was marked as removed and is still there, as ours',
      stored({ record: made('we_1', { removed_at: SOME_TIME }), endpoints: [ours('we_1')] }),
      [save('we_1')],
    ],
    [
      'saves the record again of one that was left in Stripe',
      stored({ record: made('we_1', { removal_failed_at: SOME_TIME }), endpoints: [ours('we_1')] }),
      [save('we_1')],
    ],
  ])('%s', (_, from, steps) => {
    expect(planEnsure(GOAL, from)).toEqual(steps);
  });
});

describe('the types of events', () => {
  it.each<[string, StripeEndpoint, Step[]]>([
    [
      'that are new are added to those that it sends',
      ours('we_1', { eventTypes: ['payout.paid'] }),
      [
        update('we_1', 'payout.paid', 'invoice.paid', 'charge.refunded'),
        save('we_1', { wanted: wanted('invoice.paid', 'charge.refunded') }),
      ],
    ],
    [
      'that it sends already are not asked for again',
      ours('we_1', { eventTypes: ['charge.refunded', 'payout.paid', 'invoice.paid'] }),
      [save('we_1', { wanted: wanted('invoice.paid', 'charge.refunded') })],
    ],
    [
      'are complete where it sends all',
      ours('we_1', { eventTypes: ['*'] }),
      [save('we_1', { wanted: wanted('invoice.paid', 'charge.refunded') })],
    ],
    [
      'are completed and the endpoint enabled at once',
      ours('we_1', { isEnabled: false }),
      [
        update('we_1', 'invoice.paid', 'charge.refunded'),
        save('we_1', { wanted: wanted('invoice.paid', 'charge.refunded') }),
      ],
    ],
  ])('%s', (_, endpoint, steps) => {
    const goal = { target: TARGET, wanted: wanted('invoice.paid', 'charge.refunded') };
    expect(planEnsure(goal, stored({ record: made('we_1'), endpoints: [endpoint] }))).toEqual(steps);
  });

  it('that are fewer take none away', () => {
    const types = ['invoice.paid', 'charge.refunded'];
    const from = stored({
      record: made('we_1', { wanted: wanted(...types) }),
      endpoints: [ours('we_1', { eventTypes: types })],
    });
    expect(planEnsure(GOAL, from)).toEqual([save('we_1')]);
  });
});

describe('a making that was broken off', () => {
  const broken = { idempotency_key: KEY, wanted: wanted('payout.paid') };
  const REPEAT: Step = { do: 'repeat-making', wanted: wanted('payout.paid'), idempotencyKey: KEY };

  it.each<[string, EndpointState, Step[]]>([
    ['is repeated as it was asked for then', state({ record: record(broken) }), [REPEAT]],
    [
      'is repeated also where Stripe shows the endpoint',
      state({ record: record(broken), endpoints: [ours('we_1')] }),
      [REPEAT],
    ],
    [
      'is repeated before anything of ours is removed',
      stored({ secretVersion: 3, record: made('we_1', broken), endpoints: [ours('we_2'), ours('we_1')] }),
      [REPEAT],
    ],
    [
      'is completed with the types that are wanted now, once it is done',
      stored({
        record: made('we_1', { wanted: wanted('payout.paid') }),
        endpoints: [ours('we_1', { eventTypes: ['payout.paid'] })],
      }),
      [update('we_1', 'payout.paid', 'invoice.paid'), save('we_1')],
    ],
    ['is followed by a new one where there was nothing to repeat', state({ record: record() }), [MAKE]],
    [
      'is given up where one made by hand can be used',
      stored({ record: record(broken), endpoints: [byHand('we_1')], verifiedVersion: 2 }),
      [save('we_1', { isOurs: false })],
    ],
  ])('%s', (_, from, steps) => {
    expect(planEnsure(GOAL, from)).toEqual(steps);
  });
});

describe('an endpoint of ours', () => {
  const inUse = (...others: StripeEndpoint[]) =>
    stored({ record: made('we_2'), endpoints: [ours('we_2'), ...others] });

  it.each<[string, EndpointState, Step[]]>([
    [
      'whose secret the owner replaced stays until there is a new one',
      stored({ record: made('we_1'), endpoints: [ours('we_1')], secretVersion: 3 }),
      [MAKE],
    ],
    [
      'is removed once the new one is recorded, and nothing else',
      inUse(byHand('we_3'), ours('we_1')),
      [remove('we_1')],
    ],
    ['is one: all others are removed', inUse(ours('we_1'), ours('we_3')), [remove('we_1'), remove('we_3')]],
    [
      'is never taken over without a record, whatever verified',
      stored({ endpoints: [ours('we_1')], verifiedVersion: 2 }),
      [MAKE],
    ],
    [
      'whose secret was erased is not used any more',
      state({ record: made('we_1'), endpoints: [ours('we_1')], verifiedVersion: 2 }),
      [MAKE],
    ],
    ['is none without metadata', inUse(byHand('we_1')), []],
    ...Object.entries({ created_by: 'another program', project_id: KEY, mode: 'live' }).map(
      ([name, value]): [string, EndpointState, Step[]] => [
        `is none with another ${name}`,
        inUse(ours('we_1', { metadata: { ...metadataOf(TARGET), [name]: value } })),
        [],
      ],
    ),
    [
      'has further metadata where its owner added some',
      inUse(ours('we_1', { metadata: { ...metadataOf(TARGET), note: 'x' } })),
      [remove('we_1')],
    ],
  ])('%s', (_, from, steps) => {
    expect(planEnsure(GOAL, from)).toEqual(steps);
  });
});

describe('Stripe’s limit', () => {
  const full = (details: Partial<EndpointState> = {}) =>
    stored({ isFull: true, secretVersion: 3, ...details });
  const REFUSE: Step = { do: 'refuse', code: 'webhook_endpoint_limit' };

  it.each<[string, EndpointState, Step[]]>([
    ['is reported', full(), [REFUSE]],
    [
      'takes nothing away that was made by hand',
      full({ endpoints: [byHand('we_1'), byHand('we_2')] }),
      [REFUSE],
    ],
    [
      'makes room of one of ours whose secret is lost',
      full({ record: made('we_2'), endpoints: [byHand('we_1'), ours('we_2'), ours('we_3')] }),
      [remove('we_2'), MAKE],
    ],
    [
      'matters no more when the endpoint is there',
      stored({ isFull: true, record: made('we_1'), endpoints: [ours('we_1')] }),
      [],
    ],
  ])('%s', (_, from, steps) => {
    expect(planEnsure(GOAL, from)).toEqual(steps);
  });
});

describe('a configuration that was deleted meanwhile', () => {
  const gone = (details: Partial<EndpointState> = {}) => state({ hasKey: false, ...details });
  const REFUSE: Step = { do: 'refuse', code: 'credentials_missing' };

  it.each<[string, EndpointState, Step[]]>([
    ['gets no endpoint', gone(), [REFUSE]],
    [
      'keeps none that was just made',
      gone({ record: made('we_1', { secret_version: null }), endpoints: [ours('we_1')] }),
      [remove('we_1'), { do: 'remove-ours' }, { do: 'mark-removed' }, REFUSE],
    ],
    [
      'leaves one that was made by hand',
      gone({ record: taken('we_1'), endpoints: [byHand('we_1')] }),
      [{ do: 'delete-record' }, REFUSE],
    ],
    [
      'needs nothing where all was removed with it',
      gone({ record: made('we_1', { removed_at: SOME_TIME }) }),
      [REFUSE],
    ],
  ])('%s', (_, from, steps) => {
    expect(planEnsure(GOAL, from)).toEqual(steps);
  });
});

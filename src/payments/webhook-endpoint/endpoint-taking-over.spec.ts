import {
  GOAL,
  PAID,
  SOME_TIME,
  byHand,
  made,
  ours,
  state,
  stored,
  taken,
} from '../../../test/support/stripe/endpoint-states.js';
import { planEnsure, type EndpointState, type Step } from './endpoint-plan.js';

const MAKE: Step = { do: 'make', wanted: PAID };
const TAKE_OVER: Step = {
  do: 'save-record',
  record: { endpointId: 'we_1', secretVersion: 2, wanted: PAID, isOurs: false },
};
const update = (id: string, ...eventTypes: string[]): Step => ({ do: 'update', id, eventTypes });

const verified = (details: Partial<EndpointState>) => stored({ verifiedVersion: 2, ...details });

it.each<[string, EndpointState, Step[]]>([
  ['is taken over when the stored secret verified', verified({ endpoints: [byHand('we_1')] }), [TAKE_OVER]],
  [
    'is taken over when the secret verified again since it was stored',
    verified({ endpoints: [byHand('we_1')], verifiedVersion: 3 }),
    [TAKE_OVER],
  ],
  [
    'is completed and enabled when it is taken over',
    verified({ endpoints: [byHand('we_1', { isEnabled: false, eventTypes: ['payout.paid'] })] }),
    [update('we_1', 'payout.paid', 'invoice.paid'), TAKE_OVER],
  ],
  [
    'is left as it is in Stripe when it sends all',
    verified({ endpoints: [byHand('we_1', { eventTypes: ['*'] })] }),
    [TAKE_OVER],
  ],
  ['stays taken over', verified({ record: taken('we_1'), endpoints: [byHand('we_1')] }), []],
  ['is left beside a new one when its secret is not stored', state({ endpoints: [byHand('we_1')] }), [MAKE]],
  [
    'is left beside a new one when its secret has not verified anything',
    stored({ endpoints: [byHand('we_1')] }),
    [MAKE],
  ],
  [
    'is left beside a new one when the secret was replaced since it verified',
    stored({ endpoints: [byHand('we_1')], secretVersion: 3, verifiedVersion: 2 }),
    [MAKE],
  ],
  [
    'is left beside a new one when the secret was erased since it verified',
    state({ endpoints: [byHand('we_1')], verifiedVersion: 2 }),
    [MAKE],
  ],
  [
    'is left beside a new one when it was taken over and its secret replaced',
    stored({ record: taken('we_1'), endpoints: [byHand('we_1')], secretVersion: 3, verifiedVersion: 2 }),
    [MAKE],
  ],
  [
    'is left beside the new one once that is recorded',
    stored({ record: made('we_2'), endpoints: [ours('we_2'), byHand('we_1')] }),
    [],
  ],
  ['is not guessed when there are two', verified({ endpoints: [byHand('we_2'), byHand('we_1')] }), [MAKE]],
  [
    'is not taken for ours, which was removed in the Dashboard',
    verified({ record: made('we_1'), endpoints: [byHand('we_2')] }),
    [MAKE],
  ],
  [
    'is not taken for ours, which this service removed',
    verified({ record: made('we_1', { removed_at: SOME_TIME }), endpoints: [byHand('we_2')] }),
    [MAKE],
  ],
  [
    'is not taken over beside one of ours',
    verified({ record: made('we_1', { secret_version: 1 }), endpoints: [byHand('we_2'), ours('we_1')] }),
    [MAKE],
  ],
  [
    'is left beside ours, whose secret verified',
    verified({ record: made('we_1'), endpoints: [byHand('we_2'), ours('we_1')] }),
    [],
  ],
])('an endpoint made by hand %s', (_, from, steps) => {
  expect(planEnsure(GOAL, from)).toEqual(steps);
});

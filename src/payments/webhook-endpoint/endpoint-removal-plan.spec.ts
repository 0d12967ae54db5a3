import { KEY, SOME_TIME, made, record, taken } from '../../../test/support/stripe/endpoint-states.js';
import { planRemoval, type RemovalStep } from './endpoint-removal-plan.js';
import type { WebhookEndpointEntity } from './webhook-endpoint.entity.js';

const remove = (id: string): RemovalStep => ({ do: 'remove', id });

describe('the way to no endpoint', () => {
  it.each<[string, WebhookEndpointEntity | undefined, RemovalStep[]]>([
    ['is done where there never was one', undefined, []],
    ['is done where it was removed before', made('we_1', { removed_at: SOME_TIME }), []],
    ['is done where nothing was made', record(), []],
    [
      'removes what was made, and any of ours without a record',
      made('we_1'),
      [remove('we_1'), { do: 'remove-ours' }, { do: 'mark-removed' }],
    ],
    [
      'is gone again where removing failed before',
      made('we_1', { removal_failed_at: SOME_TIME }),
      [remove('we_1'), { do: 'remove-ours' }, { do: 'mark-removed' }],
    ],
    ['forgets what was made by hand, and leaves it in Stripe', taken('we_1'), [{ do: 'delete-record' }]],
    [
      'removes what a first making that was broken off left',
      record({ idempotency_key: KEY }),
      [{ do: 'remove-ours' }, { do: 'delete-record' }],
    ],
    [
      'removes what a making that was broken off left, and not what was made by hand',
      taken('we_1', { idempotency_key: KEY }),
      [{ do: 'remove-ours' }, { do: 'delete-record' }],
    ],
    [
      'removes both the recorded one and what a making that was broken off left',
      made('we_1', { idempotency_key: KEY }),
      [remove('we_1'), { do: 'remove-ours' }, { do: 'mark-removed' }],
    ],
    [
      'removes what a making that was broken off left after the recorded one was removed',
      made('we_1', { idempotency_key: KEY, removed_at: SOME_TIME }),
      [remove('we_1'), { do: 'remove-ours' }, { do: 'mark-removed' }],
    ],
  ])('%s', (_, from, steps) => {
    expect(planRemoval(from)).toEqual(steps);
  });
});

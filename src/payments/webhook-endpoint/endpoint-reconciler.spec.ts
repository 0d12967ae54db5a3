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
  taken,
} from '../../../test/support/stripe/endpoint-states.js';
import { Secret } from '../crypto/secret.js';
import { StripeRefusal } from '../stripe/stripe-api.js';
import type { NewEndpoint, StripeEndpoint, WebhookEndpointsApi } from '../stripe/webhook-endpoints-api.js';
import type { EndpointState, EndpointToSave } from './endpoint-plan.js';
import { EndpointReconciler } from './endpoint-reconciler.js';
import type { EndpointRecords } from './endpoint-records.js';
import type { EndpointSecrets } from './endpoint-secrets.js';

const CHANGE = { actor: 'alice', requestId: KEY };
const NEW_VERSION = 5;

/** What was done, in order. */
let done: string[];
/** What Stripe has at the URL. */
let endpoints: StripeEndpoint[];
/** What Stripe answers to each attempt to make an endpoint. */
let answers: (StripeEndpoint | StripeRefusal)[];
let idempotencyKeys: string[];
/** When the configuration is deleted, if it is. */
let deleted: 'before its secret is stored' | 'after its secret was stored' | undefined;

const api = {
  list: () => {
    done.push('list');
    return Promise.resolve(endpoints);
  },
  create: ({ idempotencyKey, metadata }: NewEndpoint) => {
    done.push('create');
    idempotencyKeys.push(idempotencyKey);
    expect(metadata).toEqual(ours('').metadata);
    const answer = answers.shift() ?? ours('we_new');
    if (answer instanceof StripeRefusal) return Promise.reject(answer);
    return Promise.resolve({ endpoint: answer, secret: new Secret('a secret') });
  },
  update: (id: string) => {
    done.push(`update ${id}`);
    return Promise.resolve(ours(id));
  },
  remove: (id: string) => {
    done.push(`remove ${id}`);
    const isThere = endpoints.some((each) => each.id === id);
    endpoints = endpoints.filter((each) => each.id !== id);
    return isThere ? Promise.resolve() : Promise.reject(new StripeRefusal('missing'));
  },
} as unknown as WebhookEndpointsApi;

const records = {
  beginMaking: () => Promise.resolve(void done.push('begin')),
  endMaking: () => {
    done.push('end');
    return Promise.resolve(record());
  },
  save: (_: unknown, { endpointId, secretVersion, wanted, isOurs }: EndpointToSave) => {
    done.push(`save ${endpointId}`);
    const details = { secret_version: secretVersion, wanted };
    return Promise.resolve((isOurs ? made : taken)(endpointId, details));
  },
  markRemoved: () => Promise.resolve(void done.push('mark removed')),
  delete: () => Promise.resolve(void done.push('delete record')),
} as unknown as EndpointRecords;

const secrets = {
  store: () => {
    done.push('store secret');
    return Promise.resolve(deleted === 'before its secret is stored' ? null : NEW_VERSION);
  },
  hasKey: () => Promise.resolve(deleted !== 'after its secret was stored'),
} as unknown as EndpointSecrets;

const reconciler = new EndpointReconciler(records, secrets);

beforeEach(() => {
  done = [];
  endpoints = [];
  answers = [];
  idempotencyKeys = [];
  deleted = undefined;
});

/** Ensures the endpoint, with Stripe as it was seen. */
function ensure(seen: EndpointState): Promise<void> {
  endpoints = [...seen.endpoints];
  return reconciler.ensure({ ...GOAL, api, change: CHANGE }, seen);
}

describe('making an endpoint', () => {
  it('stores the idempotency key before Stripe is asked, and the record when the secret is stored', async () => {
    await ensure(state());
    expect(done).toEqual(['begin', 'create', 'store secret', 'save we_new']);
  });

  it('removes one of ours whose secret is lost only after that', async () => {
    await ensure(state({ endpoints: [byHand('we_1'), ours('we_2')] }));
    expect(done).toEqual(['begin', 'create', 'store secret', 'save we_new', 'remove we_2']);
  });

  it('leaves nothing to repeat when Stripe refuses', async () => {
    const refusal = new StripeRefusal('request');
    answers = [refusal];
    await expect(ensure(state())).rejects.toBe(refusal);
    expect(done).toEqual(['begin', 'create', 'end']);
  });

  it('makes room one by one as long as Stripe is full, and asks with a new key each time', async () => {
    answers = [new StripeRefusal('limit'), new StripeRefusal('limit')];
    await ensure(state({ endpoints: [ours('we_1'), byHand('we_2'), ours('we_3'), ours('we_4')] }));
    expect(done).toEqual([
      ...['begin', 'create', 'end', 'remove we_1'],
      ...['begin', 'create', 'end', 'remove we_3'],
      ...['begin', 'create', 'store secret', 'save we_new', 'remove we_4'],
    ]);
    expect(new Set(idempotencyKeys).size).toBe(3);
  });

  it.each(['before its secret is stored', 'after its secret was stored'] as const)(
    'takes it back when the configuration is deleted %s',
    async (when) => {
      deleted = when;
      await expect(ensure(state())).rejects.toMatchObject({ code: 'credentials_missing' });
      expect(done.slice(2)).toEqual(['store secret', 'save we_new', 'remove we_new', 'list', 'mark removed']);
    },
  );
});

describe('a making that was broken off', () => {
  const broken = (...there: StripeEndpoint[]) =>
    state({ record: record({ idempotency_key: KEY }), endpoints: there });

  it('is repeated with the same key', async () => {
    answers = [ours('we_1')];
    await ensure(broken(ours('we_1')));
    expect(done).toEqual(['create', 'list', 'store secret', 'save we_1']);
    expect(idempotencyKeys).toEqual([KEY]);
  });

  it('is finished with the endpoint as it stands now, not as it was when Stripe first answered', async () => {
    answers = [ours('we_1')];
    await ensure(broken(ours('we_1', { isEnabled: false })));
    expect(done).toEqual(['create', 'list', 'store secret', 'save we_1', 'update we_1']);
  });

  it('is followed by a new one where Stripe repeats one that is not at our URL, which is removed', async () => {
    answers = [ours('we_1', { url: 'https://old.example.test' })];
    await ensure(broken());
    expect(done).toEqual([
      'create',
      'list',
      'remove we_1',
      'end',
      'begin',
      'create',
      'store secret',
      'save we_new',
    ]);
    expect(idempotencyKeys[1]).not.toBe(KEY);
  });

  it('is followed by a new one where Stripe refuses to repeat it', async () => {
    answers = [new StripeRefusal('idempotency')];
    await ensure(broken());
    expect(done).toEqual(['create', 'end', 'begin', 'create', 'store secret', 'save we_new']);
  });
});

describe('removing', () => {
  const openApi = () => {
    done.push('open');
    return Promise.resolve(api);
  };

  it('opens the key once, and removes what is recorded, what else is ours, and nothing made by hand', async () => {
    endpoints = [ours('we_1'), byHand('we_2'), ours('we_3')];
    await reconciler.remove(TARGET, made('we_1'), openApi);
    expect(done).toEqual(['open', 'remove we_1', 'list', 'remove we_3', 'mark removed']);
  });

  it('takes what is gone already for removed', async () => {
    await reconciler.remove(TARGET, made('we_1'), openApi);
    expect(done).toEqual(['open', 'remove we_1', 'list', 'mark removed']);
  });

  it.each([
    ['was made by hand', taken('we_1'), ['delete record']],
    ['was removed', made('we_1', { removed_at: SOME_TIME, wanted: PAID }), []],
  ])('needs no key where the endpoint %s', async (_, from, steps) => {
    await reconciler.remove(TARGET, from, openApi);
    expect(done).toEqual(steps);
  });
});

import fc from 'fast-check';
import {
  GOAL,
  KEY,
  PAID,
  SOME_TIME,
  byHand,
  made,
  ours,
  record,
  state,
  taken,
  wanted,
} from '../../../test/support/stripe/endpoint-states.js';
import { planEnsure, type EndpointState, type Step } from './endpoint-plan.js';

/** More than any way is long. */
const MANY_ROUNDS = 20;
const NEW_VERSION = 9;
const NEW_ID = 'we_new';

/** What Stripe answers to an attempt to make an endpoint, one after another, and to everything else in the end: done. */
type Answer = 'done' | 'limit' | 'nothing to repeat' | 'done, and the configuration deleted meanwhile';

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

const ENDPOINTS = fc.uniqueArray(
  fc
    .tuple(
      oneOf('hand_1', 'hand_2', 'ours_1', 'ours_2'),
      fc.boolean(),
      oneOf('*', 'invoice.paid', 'payout.paid'),
    )
    .map(([id, isEnabled, type]) =>
      (id.startsWith('hand') ? byHand : ours)(id, { isEnabled, eventTypes: [type] }),
    ),
  { selector: ({ id }) => id },
);
const RECORDS = fc
  .record({
    secret_version: oneOf(null, 1, 2),
    idempotency_key: oneOf(null, KEY),
    removed_at: oneOf(null, SOME_TIME),
    wanted: oneOf(PAID, wanted('payout.paid')),
  })
  .chain((details) =>
    oneOf(
      undefined,
      record(details),
      made('ours_1', details),
      made('ours_3', details),
      taken('hand_1', details),
    ),
  );
const STATES = fc
  .record({
    record: RECORDS,
    endpoints: ENDPOINTS,
    secretVersion: oneOf(null, 1, 2),
    verifiedVersion: oneOf(null, 1, 2),
    hasKey: oneOf(true, true, true, false),
  })
  .map((details) => state(details));
const ANSWERS = fc.array(
  oneOf<Answer>('done', 'limit', 'nothing to repeat', 'done, and the configuration deleted meanwhile'),
);

/** Where a step leads. */
function after(step: Step, from: EndpointState, answer: Answer): EndpointState {
  const { endpoints } = from;
  switch (step.do) {
    case 'make':
    case 'repeat-making': {
      const ended = from.record && record(Object.assign({}, from.record, { idempotency_key: null }));
      if (answer === 'limit') return { ...from, record: ended, isFull: step.do === 'make' };
      if (answer === 'nothing to repeat' && step.do === 'repeat-making') return { ...from, record: ended };
      const { eventTypes } = step.wanted;
      return {
        ...from,
        endpoints: [ours(NEW_ID, { eventTypes }), ...endpoints],
        record: made(NEW_ID, { wanted: step.wanted, secret_version: NEW_VERSION }),
        secretVersion: NEW_VERSION,
        hasKey: answer !== 'done, and the configuration deleted meanwhile',
      };
    }
    case 'update': {
      const { id, eventTypes } = step;
      return {
        ...from,
        endpoints: endpoints.map((each) =>
          each.id === id ? { ...each, isEnabled: true, eventTypes } : each,
        ),
      };
    }
    case 'save-record': {
      const { endpointId, secretVersion, isOurs } = step.record;
      const saved = (isOurs ? made : taken)(endpointId, {
        wanted: step.record.wanted,
        secret_version: secretVersion,
      });
      return { ...from, record: saved };
    }
    case 'remove':
      return { ...from, endpoints: endpoints.filter(({ id }) => id !== step.id) };
    case 'remove-ours':
      return { ...from, endpoints: endpoints.filter(({ metadata }) => metadata.created_by === undefined) };
    default:
      return from;
  }
}

/** Plans and applies until nothing is left to do, or the request is refused. */
function reconciled(from: EndpointState, answers: Answer[]): { end: EndpointState; isRefused: boolean } {
  const left = [...answers];
  let end = from;
  for (let round = 0; round < MANY_ROUNDS; round++) {
    const steps = planEnsure(GOAL, end);
    if (steps.length === 0) return { end, isRefused: false };
    for (const step of steps) {
      if (step.do === 'refuse') return { end, isRefused: true };
      const isMaking = step.do === 'make' || step.do === 'repeat-making';
      end = after(step, end, (isMaking ? left.shift() : undefined) ?? 'done');
    }
  }
  throw new Error('it does not end');
}

const handMade = ({ endpoints }: EndpointState) =>
  endpoints.filter(({ metadata }) => metadata.created_by === undefined).map(({ id }) => id);

it('reaches its end from everywhere, whatever Stripe answers, and never removes what was made by hand', () => {
  fc.assert(
    fc.property(STATES, ANSWERS, (from, answers) => {
      expect(handMade(reconciled(from, answers).end)).toEqual(handMade(from));
    }),
  );
});

it('ends with one endpoint in use, which is recorded, enabled and sends what is wanted, and no other of ours', () => {
  fc.assert(
    fc.property(STATES, ANSWERS, (from, answers) => {
      const { end, isRefused } = reconciled(from, answers);
      fc.pre(!isRefused);
      const used = end.endpoints.find(({ id }) => id === end.record?.endpoint_id);
      expect(used?.isEnabled).toBe(true);
      expect(['*', 'invoice.paid'].some((type) => used?.eventTypes.includes(type))).toBe(true);
      expect(end.record).toMatchObject({
        secret_version: end.secretVersion,
        idempotency_key: null,
        wanted: PAID,
      });
      const others = end.endpoints.filter(({ id }) => id !== used?.id);
      expect(others.filter(({ metadata }) => metadata.created_by !== undefined)).toEqual([]);
    }),
  );
});

it('leaves nothing of ours where the configuration was deleted while one was made', () => {
  fc.assert(
    fc.property(STATES, (from) => {
      const answers: Answer[] = ['done, and the configuration deleted meanwhile'];
      const { end, isRefused } = reconciled({ ...from, hasKey: true }, answers);
      fc.pre(isRefused && end.endpoints.length !== from.endpoints.length);
      expect(end.endpoints.map(({ id }) => id)).toEqual(handMade(from));
    }),
  );
});

import { isDeepStrictEqual } from 'node:util';
import type { StripeEndpoint } from '../stripe/webhook-endpoints-api.js';
import { planRemoval, type RemovalStep } from './endpoint-removal-plan.js';
import { isOurs, type EndpointTarget } from './endpoint-target.js';
import { missingTypes, type ObservedEndpoint } from './endpoint-view.js';
import type { WantedEndpoint } from './webhook-endpoint.entity.js';

/** The desired endpoint. */
export interface EndpointGoal {
  target: EndpointTarget;
  wanted: WantedEndpoint;
}

/** Everything that a plan depends on. Applying a step gives the next state. */
export interface EndpointState extends ObservedEndpoint {
  /** The version in which the stored webhook secret was written; null when none is stored. */
  secretVersion: number | null;
  /** The version whose webhook secret verified an event. */
  verifiedVersion: number | null;
  /** Whether a secret key is stored; false once the configuration was deleted. */
  hasKey: boolean;
  /** Whether Stripe refused another endpoint because of its limit. */
  isFull: boolean;
}

/** The record of the endpoint in use. */
export interface EndpointToSave {
  endpointId: string;
  secretVersion: number | null;
  wanted: WantedEndpoint;
  /** Whether this service created it: only then it may be removed. */
  isOurs: boolean;
}

/** A step of a plan. */
export type Step =
  | RemovalStep
  /** Creates an endpoint and stores its secret. */
  | { do: 'make'; wanted: WantedEndpoint }
  /** Repeats the creation of an endpoint that was interrupted: Stripe repeats its answer, if it had given one. */
  | { do: 'repeat-making'; wanted: WantedEndpoint; idempotencyKey: string }
  /** Enables an endpoint and sets what it sends. */
  | { do: 'update'; id: string; eventTypes: string[] }
  | { do: 'save-record'; record: EndpointToSave }
  /** Ends the request with an error. */
  | { do: 'refuse'; code: 'credentials_missing' | 'webhook_endpoint_limit' };

/**
 * Plans the steps to an enabled endpoint that sends at least the wanted types, and whose secret is stored. Plan again from
 * the state after the steps, until there are none.
 */
export function planEnsure(goal: EndpointGoal, state: EndpointState): Step[] {
  // The configuration was deleted meanwhile, perhaps before there was a record of what to remove.
  if (!state.hasKey) return [...planRemoval(state.record), { do: 'refuse', code: 'credentials_missing' }];
  const usable = usableEndpoint(goal.target, state);
  if (usable === undefined) return planMaking(goal, state);
  return [
    ...planUpdate(goal.wanted, usable),
    ...planRecord(goal, state, usable),
    // The secrets of our other endpoints are lost.
    ...oursOf(goal.target, state)
      .filter(({ id }) => id !== usable.id)
      .map(({ id }): Step => ({ do: 'remove', id })),
  ];
}

/**
 * The endpoint whose secret is the stored one: the recorded one as long as nobody has stored another secret since, or the
 * only one of the URL, made by hand, whose secret has verified an event.
 */
function usableEndpoint(target: EndpointTarget, state: EndpointState): StripeEndpoint | undefined {
  const { record, endpoints, secretVersion, verifiedVersion } = state;
  if (secretVersion === null) return undefined;
  // The stored secret belongs to that endpoint only.
  if (record?.secret_version === secretVersion) return endpoints.find(({ id }) => id === record.endpoint_id);
  const [only, ...others] = endpoints;
  if (only === undefined || others.length > 0 || isOurs(only, target)) return undefined;
  return verifiedVersion !== null && verifiedVersion >= secretVersion ? only : undefined;
}

function planMaking({ target, wanted }: EndpointGoal, state: EndpointState): Step[] {
  const { record, isFull } = state;
  if (record !== undefined && record.idempotency_key !== null)
    return [{ do: 'repeat-making', wanted: record.wanted, idempotencyKey: record.idempotency_key }];
  if (!isFull) return [{ do: 'make', wanted }];
  const [useless] = oursOf(target, state);
  if (useless === undefined) return [{ do: 'refuse', code: 'webhook_endpoint_limit' }];
  return [
    { do: 'remove', id: useless.id },
    { do: 'make', wanted },
  ];
}

function planUpdate({ eventTypes }: WantedEndpoint, endpoint: StripeEndpoint): Step[] {
  if (endpoint.isEnabled && missingTypes(eventTypes, endpoint).length === 0) return [];
  return [
    { do: 'update', id: endpoint.id, eventTypes: [...new Set([...endpoint.eventTypes, ...eventTypes])] },
  ];
}

function planRecord(
  { target, wanted }: EndpointGoal,
  state: EndpointState,
  endpoint: StripeEndpoint,
): Step[] {
  const { record, secretVersion } = state;
  const isSaved =
    record?.endpoint_id === endpoint.id &&
    record.secret_version === secretVersion &&
    isDeepStrictEqual(record.wanted, wanted) &&
    [record.idempotency_key, record.removed_at, record.removal_failed_at].every((each) => each === null);
  if (isSaved) return [];
  const next = { endpointId: endpoint.id, secretVersion, wanted, isOurs: isOurs(endpoint, target) };
  return [{ do: 'save-record', record: next }];
}

function oursOf(target: EndpointTarget, { endpoints }: EndpointState): StripeEndpoint[] {
  return endpoints.filter((endpoint) => isOurs(endpoint, target));
}

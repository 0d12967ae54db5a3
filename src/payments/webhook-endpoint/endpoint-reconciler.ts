import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { StripeRefusal, refusalOf } from '../stripe/stripe-api.js';
import type { MadeEndpoint, WebhookEndpointsApi } from '../stripe/webhook-endpoints-api.js';
import type { Change } from '../domain/change.js';
import {
  planEnsure,
  type EndpointGoal,
  type EndpointToSave,
  type EndpointState,
  type Step,
} from './endpoint-plan.js';
import { EndpointRecords } from './endpoint-records.js';
import { credentialsMissing, endpointLimit, unlessMissing } from './endpoint-refusals.js';
import { planRemoval, type RemovalStep } from './endpoint-removal-plan.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { isOurs, metadataOf, type EndpointTarget } from './endpoint-target.js';
import type { WantedEndpoint, WebhookEndpointEntity } from './webhook-endpoint.entity.js';

/** The goal, with the API of the project's account, and who asks for it. */
export interface EnsureTask extends EndpointGoal {
  api: WebhookEndpointsApi;
  change: Change;
}

/** Applies the steps of plans, one after another, to Stripe and to our records. */
@Injectable()
export class EndpointReconciler {
  constructor(
    private readonly records: EndpointRecords,
    private readonly secrets: EndpointSecrets,
  ) {}

  /** Applies the steps of {@link planEnsure}, and plans again, until there are none. */
  async ensure(task: EnsureTask, seen: EndpointState): Promise<void> {
    let state = seen;
    for (let steps = planEnsure(task, state); steps.length > 0; steps = planEnsure(task, state)) {
      for (const step of steps) state = await this.apply(step, state, task);
    }
  }

  /** Applies the steps of {@link planRemoval}. The API is opened, once, only where Stripe must be called. */
  async remove(
    target: EndpointTarget,
    record: WebhookEndpointEntity | undefined,
    openApi: () => Promise<WebhookEndpointsApi>,
  ): Promise<void> {
    let opened: Promise<WebhookEndpointsApi> | undefined;
    const api = () => (opened ??= openApi());
    for (const step of planRemoval(record)) await this.applyRemoval(step, target, api);
  }

  private async apply(step: Step, state: EndpointState, task: EnsureTask): Promise<EndpointState> {
    const { target, api } = task;
    switch (step.do) {
      case 'make':
        return this.make(step.wanted, state, task);
      case 'repeat-making':
        return this.repeatMaking(step, state, task);
      case 'update': {
        await api.update(step.id, step.eventTypes);
        // As requested, whatever was answered: the result is read from Stripe at the end.
        const updated = { isEnabled: true, eventTypes: step.eventTypes };
        const endpoints = state.endpoints.map((each) =>
          each.id === step.id ? { ...each, ...updated } : each,
        );
        return { ...state, endpoints };
      }
      case 'save-record':
        return this.saveRecord(step.record, state, target);
      case 'refuse':
        throw step.code === 'webhook_endpoint_limit' ? endpointLimit() : credentialsMissing(target.mode);
      default:
        await this.applyRemoval(step, target, () => Promise.resolve(api));
        return step.do === 'remove'
          ? { ...state, endpoints: state.endpoints.filter(({ id }) => id !== step.id) }
          : state;
    }
  }

  private async applyRemoval(
    step: RemovalStep,
    target: EndpointTarget,
    api: () => Promise<WebhookEndpointsApi>,
  ): Promise<void> {
    switch (step.do) {
      case 'remove':
        return (await api()).remove(step.id).catch(unlessMissing);
      case 'remove-ours': {
        const ours = (await (await api()).list(target.url)).filter((each) => isOurs(each, target));
        for (const { id } of ours) await (await api()).remove(id).catch(unlessMissing);
        return;
      }
      case 'mark-removed':
        return this.records.markRemoved(target);
      case 'delete-record':
        return this.records.delete(target);
    }
  }

  /** The idempotency key is stored first, so that an interrupted request can be repeated. */
  private async make(wanted: WantedEndpoint, state: EndpointState, task: EnsureTask): Promise<EndpointState> {
    const { target, api } = task;
    const idempotencyKey = randomUUID();
    await this.records.beginMaking(target, wanted, idempotencyKey);
    const made = await api
      .create({ ...wanted, metadata: metadataOf(target), idempotencyKey })
      .catch(refusalOf);
    if (!(made instanceof StripeRefusal)) return this.saveMade(made, wanted, state, task);
    const record = await this.records.endMaking(target);
    if (made.kind !== 'limit') throw made;
    return { ...state, record, isFull: true };
  }

  private async repeatMaking(
    { wanted, idempotencyKey }: { wanted: WantedEndpoint; idempotencyKey: string },
    state: EndpointState,
    task: EnsureTask,
  ): Promise<EndpointState> {
    const { target, api } = task;
    const made = await api
      .create({ ...wanted, metadata: metadataOf(target), idempotencyKey })
      .catch(refusalOf);
    if (made instanceof StripeRefusal) return { ...state, record: await this.records.endMaking(target) };
    const endpoints = await api.list(target.url);
    const endpoint = endpoints.find(({ id }) => id === made.endpoint.id);
    if (endpoint !== undefined)
      return this.saveMade({ ...made, endpoint }, wanted, { ...state, endpoints }, task);
    // The answer is for an endpoint that was removed since, or of an address that is no longer ours.
    await api.remove(made.endpoint.id).catch(unlessMissing);
    return { ...state, endpoints, record: await this.records.endMaking(target) };
  }

  /** Stores the secret of a created endpoint, and its record. */
  private async saveMade(
    { endpoint, secret }: MadeEndpoint,
    wanted: WantedEndpoint,
    state: EndpointState,
    { target, change }: EnsureTask,
  ): Promise<EndpointState> {
    const secretVersion = await this.secrets.store(target, secret, change);
    const endpoints = [endpoint, ...state.endpoints.filter(({ id }) => id !== endpoint.id)];
    const record = { endpointId: endpoint.id, secretVersion, wanted, isOurs: true };
    return this.saveRecord(record, { ...state, endpoints, secretVersion }, target);
  }

  /** Then checks whether the configuration was deleted meanwhile: the deletion may not have seen this record. */
  private async saveRecord(
    next: EndpointToSave,
    state: EndpointState,
    target: EndpointTarget,
  ): Promise<EndpointState> {
    const record = await this.records.save(target, next);
    const hasKey = next.secretVersion !== null && (await this.secrets.hasKey(target));
    return { ...state, record, hasKey };
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import type { EndpointToSave } from './endpoint-plan.js';
import type { EndpointTarget } from './endpoint-target.js';
import type { WantedEndpoint, WebhookEndpointEntity } from './webhook-endpoint.entity.js';
import {
  BEGIN_MAKING,
  END_MAKING,
  FIND_ENDPOINT,
  FIND_MADE,
  DELETE_RECORD,
  MARK_NOT_REMOVED,
  MARK_REMOVED,
  SAVE_ENDPOINT,
} from './webhook-endpoint.statements.js';

type Place = Pick<EndpointTarget, 'projectId' | 'mode'>;
type EndpointRecord = WebhookEndpointEntity | undefined;

/** The records of projects' webhook endpoints. */
@Injectable()
export class EndpointRecords {
  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  async find({ projectId, mode }: Place): Promise<EndpointRecord> {
    const [record] = await this.read(FIND_ENDPOINT, [projectId, mode]);
    return record;
  }

  /** What this service made for a project, or began to make, and has not removed from Stripe. */
  findMade(projectId: string): Promise<WebhookEndpointEntity[]> {
    return this.read(FIND_MADE, [projectId]);
  }

  /** Before Stripe is asked to make an endpoint, so that a request that is broken off can be repeated. */
  async beginMaking(place: Place, wanted: WantedEndpoint, idempotencyKey: string): Promise<void> {
    await this.write(BEGIN_MAKING, place, wanted, idempotencyKey);
  }

  /** Stripe refused, so that there is nothing to repeat. */
  endMaking(place: Place): Promise<EndpointRecord> {
    return this.write(END_MAKING, place);
  }

  save(place: Place, { wanted, endpointId, secretVersion, isOurs }: EndpointToSave): Promise<EndpointRecord> {
    return this.write(SAVE_ENDPOINT, place, wanted, endpointId, secretVersion, isOurs);
  }

  async markRemoved(place: Place): Promise<void> {
    await this.write(MARK_REMOVED, place);
  }

  async markNotRemoved(place: Place): Promise<void> {
    await this.write(MARK_NOT_REMOVED, place);
  }

  async delete(place: Place): Promise<void> {
    await this.write(DELETE_RECORD, place);
  }

  private read(statement: Statement, values: unknown[]): Promise<WebhookEndpointEntity[]> {
    return runStatement<WebhookEndpointEntity>(this.dataSource, 'read', statement, values);
  }

  private async write(
    statement: Statement,
    { projectId, mode }: Place,
    ...values: unknown[]
  ): Promise<EndpointRecord> {
    const all = [projectId, mode, ...values];
    const [record] = await runStatement<WebhookEndpointEntity>(this.dataSource, 'write', statement, all);
    return record;
  }
}

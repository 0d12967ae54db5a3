import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { EndpointToSave } from './endpoint-plan.js';
import type { EndpointTarget } from './endpoint-target.js';
import type { WantedEndpoint, WebhookEndpointEntity } from './webhook-endpoint.entity.js';
import {
  BEGIN_MAKING,
  DELETE_RECORD,
  END_MAKING,
  FIND_ENDPOINT,
  FIND_MADE,
  MARK_NOT_REMOVED,
  MARK_REMOVED,
  SAVE_ENDPOINT,
} from './webhook-endpoint.statements.js';

type Place = Pick<EndpointTarget, 'projectId' | 'mode'>;
type EndpointRecord = WebhookEndpointEntity | undefined;

/** The records of projects' webhook endpoints. */
@Injectable()
export class EndpointRecords {
  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

  async find(place: Place): Promise<EndpointRecord> {
    const [record] = await runStatement(this.database, 'read', FIND_ENDPOINT, keyOf(place));
    return record;
  }

  /** What this service created for a project, or began to create, and has not removed from Stripe. */
  findMade(projectId: string): Promise<WebhookEndpointEntity[]> {
    return runStatement(this.database, 'read', FIND_MADE, { project_id: projectId });
  }

  /** Before the call to Stripe that creates an endpoint, so that an interrupted request can be repeated. */
  async beginMaking(place: Place, wanted: WantedEndpoint, idempotencyKey: string): Promise<void> {
    const values = { ...keyOf(place), wanted, idempotency_key: idempotencyKey };
    await runStatement(this.database, 'write', BEGIN_MAKING, values);
  }

  /** Stripe refused, so there is nothing to repeat. */
  async endMaking(place: Place): Promise<EndpointRecord> {
    const [record] = await runStatement(this.database, 'write', END_MAKING, keyOf(place));
    return record;
  }

  async save(place: Place, endpoint: EndpointToSave): Promise<EndpointRecord> {
    const [record] = await runStatement(this.database, 'write', SAVE_ENDPOINT, {
      ...keyOf(place),
      wanted: endpoint.wanted,
      endpoint_id: endpoint.endpointId,
      secret_version: endpoint.secretVersion,
      is_ours: endpoint.isOurs,
    });
    return record;
  }

  async markRemoved(place: Place): Promise<void> {
    await runStatement(this.database, 'write', MARK_REMOVED, keyOf(place));
  }

  async markNotRemoved(place: Place): Promise<void> {
    await runStatement(this.database, 'write', MARK_NOT_REMOVED, keyOf(place));
  }

  async delete(place: Place): Promise<void> {
    await runStatement(this.database, 'write', DELETE_RECORD, keyOf(place));
  }
}

function keyOf({ projectId, mode }: Place): { project_id: string; mode: EndpointTarget['mode'] } {
  return { project_id: projectId, mode };
}

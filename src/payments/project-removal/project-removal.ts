import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import { PaymentsError } from '../domain/errors.js';
import { requireChange } from '../domain/change.js';
import type { Change } from '../domain/change.js';
import type { Mode } from '../domain/credentials.js';
import { canonicalUuid } from '../domain/uuid.js';
import { ConfigRemoval } from '../stripe-config/config-removal.js';

/** What was done about a project that is gone. */
export interface ProjectRemovalResult {
  /** The webhook endpoints that this service made and that Stripe did not remove; remove them in the Stripe Dashboard. */
  endpointsLeft: { mode: Mode; id: string | null }[];
}

/** Waits for the changes of the project that are under way; those that come later find the note. `$1` project id. */
const NOTE: Statement = {
  name: 'stripe_removed_projects_note',
  text: `
  WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended('stripe-config-removal:' || $1::uuid, 0))
  )
  INSERT INTO stripe_removed_projects (project_id) SELECT $1::uuid FROM waited ON CONFLICT DO NOTHING`,
};

/** Ends what is waiting for its handlers; what a worker has at hand is left to it. `$1` project id. */
const SKIP_PENDING: Statement = {
  name: 'stripe_events_skip_of_removed_project',
  text: `
  UPDATE stripe_events AS event SET status = 'skipped', finished_at = now()
  FROM (
    SELECT project_id, mode, event_id FROM stripe_events WHERE project_id = $1 AND status = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS waiting
  WHERE event.project_id = waiting.project_id AND event.mode = waiting.mode AND event.event_id = waiting.event_id`,
};

/** `$1` project id. */
const FIND_LEFT: Statement = {
  name: 'stripe_webhook_endpoints_find_left',
  text: `SELECT mode, endpoint_id AS id FROM stripe_webhook_endpoints
    WHERE project_id = $1 AND removed_at IS NULL
      AND (idempotency_key IS NOT NULL OR (endpoint_id IS NOT NULL AND made_at IS NOT NULL))
    ORDER BY mode`,
};

/** Ends everything that is kept for a project that is gone. */
@Injectable()
export class ProjectRemoval {
  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    private readonly removal: ConfigRemoval,
  ) {}

  /**
   * To be called when a project is removed for good, after {@link ProjectOwnership.findOwner} no longer knows it. Erases its
   * credentials, which closes its webhooks and its clients in every replica, hands none of its waiting events on, lets
   * nothing be stored for it again, and removes the webhook endpoints that this service made, as far as Stripe lets it.
   * Again is no error; after an error it is to be called again.
   *
   * @param projectId UUID
   * @throws DependencyUnavailable when the database cannot be reached
   */
  async remove(projectId: string, change: Change): Promise<ProjectRemovalResult> {
    requireChange(change);
    const id = canonicalUuid(projectId, 'project_id');
    // First, so that no change which is under way activates the configuration behind the erasure.
    await runStatement(this.dataSource, 'write', NOTE, [id]);
    await this.removal.remove(id, change).catch((error: unknown) => {
      if (!(error instanceof PaymentsError) || error.code !== 'config_not_found') throw error;
    });
    await runStatement(this.dataSource, 'write', SKIP_PENDING, [id]);
    const endpointsLeft = await runStatement<{ mode: Mode; id: string | null }>(
      this.dataSource,
      'read',
      FIND_LEFT,
      [id],
    );
    return { endpointsLeft };
  }
}

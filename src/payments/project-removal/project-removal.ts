import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { PaymentsError } from '../domain/errors.js';
import { validChange, type Change } from '../domain/change.js';
import type { Mode } from '../domain/credentials.js';
import type { HostId } from '../domain/host-id.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { WAIT_FOR_STORED } from './data-erasure.statements.js';
import { FIND_LEFT, NOTE_REMOVED_PROJECT, SKIP_UNHANDLED } from './project-removal.statements.js';
import { BATCH, inBatches } from './erase-events.js';
import { ConfigRemoval } from '../stripe-config/config-removal.js';

/** The result of removing a project. */
export interface ProjectRemovalResult {
  /** The webhook endpoints that this service created and that Stripe did not remove; remove them in the Stripe Dashboard. */
  endpointsLeft: { mode: Mode; id: string | null }[];
}

/** Removes everything that is stored for a removed project. */
@Injectable()
export class ProjectRemoval {
  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly removal: ConfigRemoval,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projectIds'>,
  ) {}

  /**
   * Call it when a project is removed for good, after {@link ProjectAccess.findOwner} no longer returns it. Erases its
   * credentials, which closes its webhooks and its clients in every replica, skips its waiting and failed events, prevents that anything
   * is stored for it again, and removes the webhook endpoints that this service created, as far as Stripe allows it. Its history
   * and its events stay, for your books: {@link DataErasure} erases them.
   *
   * Idempotent; call it again after an error. It takes no transaction of yours: call it after your commit, since no rollback brings
   * back an endpoint that Stripe has removed.
   *
   * @throws ValidationFailed when the id is of another form
   * @throws DependencyUnavailable when the database cannot be reached
   */
  async remove(projectId: HostId, change: Change): Promise<ProjectRemovalResult> {
    const by = validChange(change);
    const id = this.options.projectIds.read(projectId);
    // First, so that no pending change activates the configuration after the erasure.
    await runStatement(this.database, 'write', NOTE_REMOVED_PROJECT, { project_id: id });
    await this.removal.remove(id, by).catch((error: unknown) => {
      if (!(error instanceof PaymentsError) || error.code !== 'config_not_found') throw error;
    });
    await runStatement(this.database, 'write', WAIT_FOR_STORED, { project_id: id });
    await inBatches(() => this.skipSome(id));
    return { endpointsLeft: await runStatement(this.database, 'read', FIND_LEFT, { project_id: id }) };
  }

  private async skipSome(projectId: string): Promise<number> {
    const values = { project_id: projectId, batch: BATCH };
    const [row] = await runStatement(this.database, 'write', SKIP_UNHANDLED, values);
    return row?.count ?? 0;
  }
}

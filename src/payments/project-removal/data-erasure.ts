import { Inject, Injectable } from '@nestjs/common';
import { PaymentsLogger } from '../common/payments-logger.js';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { validChange, type Change } from '../domain/change.js';
import type { Mode } from '../domain/credentials.js';
import { ExplainedError } from '../domain/explained-error.js';
import { HOST_ID_FORM, idText, typeInWords, type HostId } from '../domain/host-id.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { ERASE_ACTOR, ERASE_EVENTS, ERASE_STATES, HAS_EVENTS } from './data-erasure.statements.js';
import { BATCH, eraseEvents, inBatches } from './erase-events.js';
import { ownedProjectIds } from './owned-project-ids.js';
import { ProjectRemoval, type ProjectRemovalResult } from './project-removal.js';

/** The result of erasing a project. */
export interface ProjectErasureResult extends ProjectRemovalResult {
  /** How many events were erased. */
  events: number;
}

/** The result of erasing what is stored of an owner. */
export interface OwnerErasureResult {
  /** The projects that were erased. */
  projects: string[];
  /** How many events of them were erased. */
  events: number;
  /** How many changes in the audit trail, of whatever project, no longer say that this person made them. */
  changes: number;
  /** The webhook endpoints that this service created and that Stripe did not remove; remove them in the Stripe Dashboard. */
  endpointsLeft: { projectId: string; mode: Mode; id: string | null }[];
}

/**
 * Erases what is stored of a project or of a person, for good. What stays is the audit trail, which can still be verified: that a
 * credential was changed, when, and its mask, but no longer by whom.
 *
 * Idempotent, and several may run at the same time. After an error call it again: it goes on where it stopped.
 */
@Injectable()
export class DataErasure {
  private readonly logger = new PaymentsLogger(DataErasure.name);

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly removal: ProjectRemoval,
    private readonly projects: HostProjects,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projectIds'>,
  ) {}

  /**
   * Removes a project as {@link ProjectRemoval.remove} does, and erases its events and what is known of its accounts at Stripe.
   *
   * @throws ValidationFailed when the id is of another form
   * @throws DependencyUnavailable when the database cannot be reached, or handlers hold an event for longer than they may
   */
  async eraseProject(projectId: HostId, change: Change): Promise<ProjectErasureResult> {
    const erased = await this.erase(projectId, change);
    this.logger.write('data.erased', { requestId: change.requestId, projects: 1, changes: 0 });
    return erased;
  }

  /**
   * Erases each project that `listOwnedBy` gives for an owner, as {@link eraseProject} does, and then from the audit trail of every
   * project that this person made a change. What else the host's `erasePerson` knows of them is erased between the two. Call it before your own tables forget who owns what, and after the person can no
   * longer sign in: a change that is made later says again who made it.
   *
   * @param owner the id by which {@link ProjectAccess} identifies owners
   * @throws ExplainedError when the owner is no id
   * @throws DependencyUnavailable as {@link eraseProject}
   */
  async eraseOwner(owner: HostId, change: Change): Promise<OwnerErasureResult> {
    const actor = idText(owner);
    if (actor === undefined) {
      throw new ExplainedError(`the owner is ${typeInWords(owner)}; it must be an id: ${HOST_ID_FORM}`);
    }
    const by = validChange(change);
    const result: OwnerErasureResult = { projects: [], events: 0, changes: 0, endpointsLeft: [] };
    for (const projectId of await ownedProjectIds(this.projects, actor)) {
      const { events, endpointsLeft } = await this.erase(projectId, change);
      result.projects.push(projectId);
      result.events += events;
      result.endpointsLeft.push(...endpointsLeft.map((endpoint) => ({ projectId, ...endpoint })));
    }
    await this.projects.erasePerson(actor, by);
    // Last, since the removals are changes as well, and the person may be the one who asks for them.
    result.changes = await inBatches(() => this.eraseActor(actor));
    const { requestId } = change;
    this.logger.write('data.erased', {
      requestId,
      projects: result.projects.length,
      changes: result.changes,
    });
    return result;
  }

  private async erase(projectId: HostId, change: Change): Promise<ProjectErasureResult> {
    const { endpointsLeft } = await this.removal.remove(projectId, change);
    const id = this.options.projectIds.read(projectId);
    // No event can be stored for it by now.
    const events = await eraseEvents(
      () => inBatches(() => this.eraseSomeEvents(id)),
      () => runStatement(this.database, 'read', HAS_EVENTS, { project_id: id }),
    );
    await runStatement(this.database, 'write', ERASE_STATES, { project_id: id });
    return { endpointsLeft, events };
  }

  private async eraseSomeEvents(projectId: string): Promise<number> {
    const values = { project_id: projectId, batch: BATCH };
    const [row] = await runStatement(this.database, 'write', ERASE_EVENTS, values);
    return row?.count ?? 0;
  }

  private async eraseActor(actor: string): Promise<number> {
    const [row] = await runStatement(this.database, 'write', ERASE_ACTOR, { actor, batch: BATCH });
    return row?.count ?? 0;
  }
}

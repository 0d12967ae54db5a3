import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Database } from '../../../payments/database/database.js';
import { runStatement } from '../../../payments/database/run-statement.js';
import type { RowOf } from '../../../payments/database/statement.js';
import { typeormDatabase } from '../../../payments/database/typeorm-database.js';
import type { WrittenChange } from '../../../payments/domain/change.js';
import { PaymentsError } from '../../../payments/domain/errors.js';
import { rolesFrom, type ProjectRole } from '../../../payments/domain/project-access.js';
import { insufficientRole } from '../../../payments/http/access/project-ownership.guard.js';
import { untilCurrent } from '../../access-trail/until-current.js';
import { FIND_MEMBERSHIPS, LIST_MEMBERS, REMOVE_MEMBER, SET_MEMBER } from './member.statements.js';

/** How many members a project may have beside its creator. */
export const MAX_MEMBERS = 100;
/** How many memberships of a person are read at once. */
const BATCH = 100;

/** A member of a project, its creator included. */
export type Member = RowOf<typeof LIST_MEMBERS>;

/** Who has which role in a project. Every change of it is in the trail of access. */
@Injectable()
export class MemberService {
  private readonly database: Database;

  constructor(@InjectDataSource() dataSource: DataSource) {
    this.database = typeormDatabase(dataSource);
  }

  /** The members behind a subject, by their subjects. */
  list(projectId: string, after: string, limit: number): Promise<Member[]> {
    return runStatement(this.database, 'read', LIST_MEMBERS, { project_id: projectId, after, size: limit });
  }

  /**
   * Gives somebody a role, whatever they had. Idempotent.
   *
   * @throws PaymentsError `project_not_found`, `insufficient_role` where who asks is no owner any more, `creator_stays_owner` or
   *   `member_limit_reached`
   */
  async set(projectId: string, subject: string, role: ProjectRole, change: WrittenChange): Promise<void> {
    const values = { ...valuesOf(projectId, subject, change, rolesFrom('owner')), role, max: MAX_MEMBERS };
    const [met] = await untilCurrent([projectId], () =>
      runStatement(this.database, 'write', SET_MEMBER, values),
    );
    if (met === undefined) throw projectNotFound();
    if (!met.is_allowed) throw insufficientRole('owner');
    // Who is an owner already is given nothing.
    if (met.is_creator && role === 'owner') return;
    if (met.is_creator) throw creatorStaysOwner();
    if (met.role_before === null && met.members >= MAX_MEMBERS) {
      throw new PaymentsError(
        'member_limit_reached',
        'The project has as many members as it may have; remove one first.',
      );
    }
  }

  /**
   * Takes somebody's role. Everybody may take their own.
   *
   * @throws PaymentsError `project_not_found`, `insufficient_role` where who asks is no owner any more, `creator_stays_owner` or
   *   `member_not_found`
   */
  async remove(projectId: string, subject: string, change: WrittenChange): Promise<void> {
    await this.take(projectId, subject, change, rolesFrom(subject === change.actor ? 'viewer' : 'owner'));
  }

  /** @param enough null: whoever asks */
  private async take(
    projectId: string,
    subject: string,
    change: WrittenChange,
    enough: ProjectRole[] | null,
  ): Promise<void> {
    const values = valuesOf(projectId, subject, change, enough);
    const [met] = await untilCurrent([projectId], () =>
      runStatement(this.database, 'write', REMOVE_MEMBER, values),
    );
    if (met === undefined) throw projectNotFound();
    if (!met.is_allowed) throw insufficientRole('owner');
    if (met.is_creator) throw creatorStaysOwner();
    if (met.role_before === null) {
      throw new PaymentsError('member_not_found', 'The project has no such member.');
    }
  }

  /** Removes somebody from all projects of others. */
  async removeFromAll(subject: string, change: WrittenChange): Promise<void> {
    for (;;) {
      const found = await runStatement(this.database, 'read', FIND_MEMBERSHIPS, { subject, batch: BATCH });
      if (found.length === 0) return;
      for (const { project_id } of found) {
        await this.take(project_id, subject, change, null).catch((error: unknown) => {
          // Somebody else was faster.
          if (!(error instanceof PaymentsError) || error.code !== 'member_not_found') throw error;
        });
      }
    }
  }
}

function valuesOf(
  projectId: string,
  subject: string,
  { actor, requestId }: WrittenChange,
  enough: ProjectRole[] | null,
) {
  return { project_id: projectId, subject, actor, request_id: requestId, enough };
}

function projectNotFound(): PaymentsError {
  return new PaymentsError('project_not_found', 'There is no such project, or it is inactive.');
}

function creatorStaysOwner(): PaymentsError {
  return new PaymentsError(
    'creator_stays_owner',
    'Who created the project is its owner for good, and can be neither demoted nor removed.',
  );
}

import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Database } from '../../payments/database/database.js';
import { Lookup } from '../../payments/database/lookup.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import type { WrittenChange } from '../../payments/domain/change.js';
import { PaymentsError } from '../../payments/domain/errors.js';
import { lesserRole, rolesFrom, type ProjectRole } from '../../payments/domain/project-access.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';
import { ChangeAnnouncements } from '../../payments/stripe-config/change-announcements.js';
import { untilCurrent } from '../access-trail/until-current.js';
import {
  ERASE_MAKER,
  FIND_TOKEN_NAMES,
  FIND_TOKEN_PROJECT,
  FIND_TOKEN_ROLES,
  FIND_TOKENS_OF,
  LIST_TOKENS,
  MAKE_TOKEN,
  REVOKE_TOKEN,
} from './service-token.statements.js';
import { hashOf, makeToken } from './token-form.js';
import { tokenIdOf, tokenSubject } from './token-subject.js';

/** How many tokens of a project may work at once. */
export const MAX_TOKENS = 50;
/** How many tokens of a person are read at once. */
const BATCH = 100;

/** Which token is to be made. */
export interface NewToken {
  name: string;
  role: ProjectRole;
  /** After how many days it expires. */
  days: number;
}

/** A token as lists show it. */
export type TokenView = RowOf<typeof LIST_TOKENS>;

/** The service tokens of projects. That one was made or revoked is in the trail of access. */
@Injectable()
export class ServiceTokenService {
  private readonly database: Database;
  private readonly roles: Lookup<RowOf<typeof FIND_TOKEN_ROLES>>;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly moduleRef: ModuleRef,
  ) {
    const database = typeormDatabase(dataSource);
    this.database = database;
    this.roles = new Lookup(
      (keys) =>
        runStatement(database, 'read', FIND_TOKEN_ROLES, {
          ids: keys.map((key) => key.slice(0, 36)),
          token_ids: keys.map((key) => key.slice(36)),
        }),
      ({ id, token_id }) => id + token_id,
    );
  }

  /**
   * Makes a token, which is returned and then known to nobody else.
   *
   * @throws PaymentsError `project_not_found`, `insufficient_role` where who asks is no admin, or less than the token would be, or
   *   `service_token_limit_reached`
   */
  async make(
    projectId: string,
    { name, role, days }: NewToken,
    { actor, requestId }: WrittenChange,
  ): Promise<TokenView & { token: string }> {
    const [id, token] = [randomUUID(), makeToken()];
    const needed = role === 'owner' ? 'owner' : 'admin';
    const values = {
      ...{ project_id: projectId, token_id: id, token_hash: hashOf(token), token_name: name, role, days },
      ...{ max: MAX_TOKENS, actor, request_id: requestId, enough: rolesFrom(needed) },
    };
    const [made] = await untilCurrent(projectId, () =>
      runStatement(this.database, 'write', MAKE_TOKEN, values),
    );
    if (made === undefined) {
      throw new PaymentsError('project_not_found', 'There is no such project, or it is inactive.');
    }
    if (!made.is_allowed) throw insufficientRole(needed);
    if (made.made_at === null || made.expires_at === null) {
      throw new PaymentsError(
        'service_token_limit_reached',
        'The project has as many service tokens as it may have; revoke one first.',
      );
    }
    const { made_at, expires_at } = made;
    return { id, name, role, made_by: actor, made_at, expires_at, last_used_at: null, token };
  }

  /** The tokens behind a time and an id, oldest first. */
  list(
    projectId: string,
    after: Pick<TokenView, 'made_at' | 'id'> | undefined,
    size: number,
  ): Promise<TokenView[]> {
    return runStatement(this.database, 'read', LIST_TOKENS, {
      project_id: projectId,
      after_made_at: after?.made_at ?? '-infinity',
      after_id: after?.id ?? '00000000-0000-0000-0000-000000000000',
      size,
    });
  }

  /**
   * Ends a token, in every replica. Idempotent.
   *
   * @throws PaymentsError `service_token_not_found`, or `insufficient_role` where who asks is no admin any more
   */
  async revoke(projectId: string, tokenId: string, change: WrittenChange): Promise<void> {
    await this.end(projectId, tokenId, change, rolesFrom('admin'));
  }

  /** @param enough null: whoever asks */
  private async end(
    projectId: string,
    tokenId: string,
    { actor, requestId }: WrittenChange,
    enough: ProjectRole[] | null,
  ): Promise<void> {
    const values = { project_id: projectId, token_id: tokenId, actor, request_id: requestId, enough };
    const [found] = await untilCurrent(projectId, () =>
      runStatement(this.database, 'write', REVOKE_TOKEN, values),
    );
    if (found === undefined) {
      throw new PaymentsError('service_token_not_found', 'The project has no such service token.');
    }
    if (!found.is_allowed) throw insufficientRole('admin');
    this.moduleRef.get(ChangeAnnouncements, { strict: false }).announce(projectId);
  }

  /**
   * What a token may in a project: no more than its maker may now. Asked with each request, so that a revoked token has no role
   * anywhere, also while announcements are lost.
   *
   * @returns undefined when there is no such project or it is inactive, null for no role
   */
  async roleOf(projectId: string, tokenId: string): Promise<ProjectRole | null | undefined> {
    const found = await this.roles.find(projectId + tokenId);
    if (found === undefined) return undefined;
    const { token_role, maker_role } = found;
    return token_role === null || maker_role === null ? null : lesserRole(token_role, maker_role);
  }

  /** The project of a token, while it has a role there. */
  async projectOf(
    tokenId: string,
  ): Promise<(RowOf<typeof FIND_TOKEN_PROJECT> & { role: ProjectRole }) | undefined> {
    const [project] = await runStatement(this.database, 'read', FIND_TOKEN_PROJECT, { token_id: tokenId });
    const role = project && (await this.roleOf(project.id, tokenId));
    return project === undefined || !role ? undefined : { ...project, role };
  }

  /** What to call the tokens among some actors. */
  async namesOf(subjects: readonly string[]): Promise<Map<string, string>> {
    const ids = subjects.flatMap((subject) => tokenIdOf(subject) ?? []);
    if (ids.length === 0) return new Map();
    const rows = await runStatement(this.database, 'read', FIND_TOKEN_NAMES, { ids });
    return new Map(
      rows.map(({ id, name, made_by }) => [
        tokenSubject(id),
        made_by === null ? `${name} (service token)` : `${name} (service token of ${made_by})`,
      ]),
    );
  }

  /** Revokes all tokens that somebody has made, and forgets who that was. */
  async eraseMaker(subject: string, change: WrittenChange): Promise<void> {
    for (;;) {
      const values = { made_by: subject, batch: BATCH };
      const found = await runStatement(this.database, 'read', FIND_TOKENS_OF, values);
      if (found.length === 0) return;
      for (const { id, project_id } of found) {
        await this.end(project_id, id, change, null);
        await runStatement(this.database, 'write', ERASE_MAKER, { id });
      }
    }
  }
}

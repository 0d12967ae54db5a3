import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Database } from '../../payments/database/database.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import type { WrittenChange } from '../../payments/domain/change.js';
import { PaymentsError } from '../../payments/domain/errors.js';
import { rolesFrom, roleToGive, type ProjectRole } from '../../payments/domain/project-access.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';
import { ChangeAnnouncements } from '../../payments/stripe-config/change-announcements.js';
import { untilCurrent } from '../access-trail/until-current.js';
import {
  ERASE_MAKER,
  FIND_OWN_TOKEN,
  FIND_TOKENS_OF,
  LIST_OWN_TOKENS,
  LIST_TOKENS,
  MAKE_TOKEN,
  REVOKE_TOKEN,
} from './service-token.statements.js';
import { hashOf, makeToken } from './token-form.js';
import { accessRefusal, noRoomIn } from './token-refusals.js';

/** How many tokens of a project may work at once. */
export const MAX_TOKENS = 50;
/** How many tokens of a person are read at once. */
const BATCH = 100;

/** Which token is to be made. */
export interface NewToken {
  name: string;
  role: ProjectRole;
  expiresAt: Date;
}

/** A token as lists of a project show it. */
export type TokenView = RowOf<typeof LIST_TOKENS>;
/** A token as its maker sees it. */
export type OwnTokenView = RowOf<typeof LIST_OWN_TOKENS>;
/** A place in a list of tokens. */
export type TokenPosition = Pick<TokenView, 'made_at' | 'id'>;

/** The service tokens of projects. That one was made or revoked is in the trail of access of each. */
@Injectable()
export class ServiceTokenService {
  private readonly database: Database;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly moduleRef: ModuleRef,
  ) {
    this.database = typeormDatabase(dataSource);
  }

  /**
   * Makes a token for some projects, all of them or none. It is returned, and then known to nobody else.
   *
   * @param projectIds in their canonical spelling; one that is there twice counts once
   * @throws PaymentsError `project_not_found` where who asks has no role, `insufficient_role` where they are no admin, or less than
   *   the token would be, or `service_token_limit_reached`; it says which project of several
   */
  async make(
    projectIds: readonly string[],
    { name, role, expiresAt }: NewToken,
    { actor, requestId }: WrittenChange,
  ): Promise<Omit<OwnTokenView, 'project_ids'> & { token: string }> {
    const [id, token, ids] = [randomUUID(), makeToken(), [...new Set(projectIds)]];
    const needed = roleToGive(role);
    const values = {
      ...{ project_ids: ids, token_id: id, token_hash: hashOf(token), token_name: name, role },
      ...{ expires_at: expiresAt, max: MAX_TOKENS, actor, request_id: requestId, enough: rolesFrom(needed) },
    };
    const rows = await untilCurrent(ids, () => runStatement(this.database, 'write', MAKE_TOKEN, values));
    const made = rows[0]?.made_at ?? null;
    if (made === null) {
      const found = new Map(rows.map((row) => [row.project_id, row]));
      const inOrder = projectIds.map((projectId) => found.get(projectId));
      const refusal = accessRefusal(
        inOrder.map((row) => row?.actor_role),
        needed,
      );
      throw refusal ?? noRoomIn(inOrder.map((row) => row?.has_room === true));
    }
    return {
      ...{ id, name, role, made_by: actor, made_at: made, expires_at: expiresAt, last_used_at: null, token },
    };
  }

  /** The tokens of a project behind a place, oldest first. */
  list(projectId: string, after: TokenPosition | undefined, size: number): Promise<TokenView[]> {
    const values = { project_id: projectId, ...behind(after), size };
    return runStatement(this.database, 'read', LIST_TOKENS, values);
  }

  /** The tokens that somebody has made, behind a place, oldest first. */
  listOwn(maker: string, after: TokenPosition | undefined, size: number): Promise<OwnTokenView[]> {
    const values = { made_by: maker, ...behind(after), size };
    return runStatement(this.database, 'read', LIST_OWN_TOKENS, values);
  }

  /**
   * Takes a project from a token, in every replica: it ends where that was its last one. Idempotent.
   *
   * @throws PaymentsError `service_token_not_found`, or `insufficient_role` where who asks is no admin any more
   */
  async revoke(projectId: string, tokenId: string, change: WrittenChange): Promise<void> {
    await this.end([projectId], tokenId, change, rolesFrom('admin'));
  }

  /**
   * Ends a token that the actor has made, in all its projects and every replica, whatever they may there now. Idempotent.
   *
   * @throws PaymentsError `service_token_not_found`
   */
  async revokeOwn(tokenId: string, change: WrittenChange): Promise<void> {
    const values = { token_id: tokenId, made_by: change.actor };
    const rows = await runStatement(this.database, 'read', FIND_OWN_TOKEN, values);
    if (rows.length === 0) throw noSuchOwnToken();
    const left = rows.filter(({ is_revoked }) => !is_revoked).map(({ project_id }) => project_id);
    this.announce(rows.filter(({ is_revoked }) => is_revoked));
    // Who was removed from projects must not make others wait there by ending again what has ended.
    if (left.length > 0) await this.end(left, tokenId, change, null);
  }

  /** @param enough null: whoever asks */
  private async end(
    projectIds: readonly string[],
    tokenId: string,
    { actor, requestId }: WrittenChange,
    enough: ProjectRole[] | null,
  ): Promise<void> {
    const values = { project_ids: projectIds, token_id: tokenId, actor, request_id: requestId, enough };
    const found = await untilCurrent(projectIds, () =>
      runStatement(this.database, 'write', REVOKE_TOKEN, values),
    );
    if (found.length === 0) {
      throw new PaymentsError('service_token_not_found', 'The project has no such service token.');
    }
    if (!found.every(({ is_allowed }) => is_allowed)) throw insufficientRole('admin');
    this.announce(found);
  }

  private announce(ended: readonly { project_id: string; is_remembered: boolean }[]): void {
    const announcements = this.moduleRef.get(ChangeAnnouncements, { strict: false });
    for (const { project_id, is_remembered } of ended) if (is_remembered) announcements.announce(project_id);
  }

  /** Revokes all tokens that somebody has made, and forgets who that was. */
  async eraseMaker(subject: string, change: WrittenChange): Promise<void> {
    for (;;) {
      const values = { made_by: subject, batch: BATCH };
      const found = await runStatement(this.database, 'read', FIND_TOKENS_OF, values);
      if (found.length === 0) return;
      for (const { id, project_id } of found) {
        await this.end([project_id], id, change, null);
        await runStatement(this.database, 'write', ERASE_MAKER, { id, project_id });
      }
    }
  }
}

/** What a maker is told of a token that is none of theirs, whoever's it is. */
export function noSuchOwnToken(): PaymentsError {
  return new PaymentsError('service_token_not_found', 'You have made no such service token.');
}

function behind(after: TokenPosition | undefined): { after_made_at: Date | string; after_id: string } {
  return {
    after_made_at: after?.made_at ?? '-infinity',
    after_id: after?.id ?? '00000000-0000-0000-0000-000000000000',
  };
}

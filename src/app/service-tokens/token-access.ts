import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Database } from '../../payments/database/database.js';
import { Lookup } from '../../payments/database/lookup.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import { lesserRole, type ProjectRole } from '../../payments/domain/project-access.js';
import { FIND_TOKEN_NAMES, FIND_TOKEN_PROJECTS, FIND_TOKEN_ROLES } from './token-access.statements.js';
import { tokenIdOf, tokenSubject } from './token-subject.js';

type TokenProject = Omit<RowOf<typeof FIND_TOKEN_PROJECTS>, 'token_role' | 'maker_role'> & {
  role: ProjectRole;
};

/** What service tokens may, and what they are called. */
@Injectable()
export class TokenAccess {
  private readonly database: Database;
  private readonly roles: Lookup<RowOf<typeof FIND_TOKEN_ROLES>>;

  constructor(@InjectDataSource() dataSource: DataSource) {
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
   * What a token may in a project: no more than its maker may now. Asked with each request, so that a token from which the project
   * was taken has no role in it, also while announcements are lost.
   *
   * @returns undefined when there is no such project or it is inactive, null for no role
   */
  async roleOf(projectId: string, tokenId: string): Promise<ProjectRole | null | undefined> {
    const found = await this.roles.find(projectId + tokenId);
    if (found === undefined) return undefined;
    const { token_role, maker_role } = found;
    return token_role === null || maker_role === null ? null : lesserRole(token_role, maker_role);
  }

  /** The projects in which a token has a role, oldest first: as many as a token may have at most. */
  async projectsOf(tokenId: string): Promise<TokenProject[]> {
    const rows = await runStatement(this.database, 'read', FIND_TOKEN_PROJECTS, { token_id: tokenId });
    return rows.map(({ token_role, maker_role, ...project }) => ({
      ...project,
      role: lesserRole(token_role, maker_role),
    }));
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
}

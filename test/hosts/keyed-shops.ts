import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { InjectDataSource } from '@nestjs/typeorm';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from '../../src/index.js';

/** The type of a key of 4 bytes that counts, and of a text of the application's own. */
export type KeyType = 'serial' | 'text';

/** Tables as TypeORM and others make them: people have serial keys, and shops have keys of some type. */
export function createKeyedShops(type: KeyType): string {
  return `
    CREATE TABLE people (id serial PRIMARY KEY);
    CREATE TABLE keyed_shops (
      id ${type} PRIMARY KEY, owner_id integer NOT NULL REFERENCES people, opened_at timestamptz(3) NOT NULL DEFAULT now()
    );
    INSERT INTO people DEFAULT VALUES;
    INSERT INTO people DEFAULT VALUES`;
}

/** Gives ids as the driver gives them: numbers of serial keys. */
@Injectable()
export class KeyedShops extends ProjectAccess {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  override async findOwner(id: string): Promise<number | undefined> {
    const sql = 'SELECT owner_id FROM keyed_shops WHERE id = $1';
    return (await this.dataSource.query<{ owner_id: number }[]>(sql, [id]))[0]?.owner_id;
  }

  override async listOwnedBy(owner: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const where = after === undefined ? '' : 'AND (opened_at, id) > ($3, $4)';
    const sql = `
      SELECT id, 'Shop ' || id AS name, NULL AS description, true AS "isActive", opened_at AS "createdAt",
        (SELECT count(*) FROM keyed_shops WHERE owner_id = $1)::integer AS total
      FROM keyed_shops WHERE owner_id = $1 ${where} ORDER BY opened_at, id LIMIT $2`;
    const values = [owner, limit, ...(after === undefined ? [] : [after.createdAt, after.id])];
    const projects = await this.dataSource.query<(OwnedProjects['projects'][number] & { total: number })[]>(
      sql,
      values,
    );
    return { projects, total: projects[0]?.total ?? 0 };
  }
}

/** Leaves callers as TypeORM's entities are: with a number for their key. */
export class NumberedPeopleGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    interface Request {
      headers: Record<string, string | undefined>;
      user?: { id: number };
    }
    const request = context.switchToHttp().getRequest<Request>();
    const key = request.headers['x-person'];
    if (key !== undefined) request.user = { id: Number(key) };
    return true;
  }
}

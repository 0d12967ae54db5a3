import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from '../../src/index.js';

/** Injection token of the host's own pool. */
export const SHOP_POOL = Symbol('ShopPool');

export const CREATE_SHOPS = `CREATE TABLE IF NOT EXISTS shops (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL, name text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now()
)`;

/** The shops of a host that has a pool of `pg` and no more. */
@Injectable()
export class PoolShops extends ProjectAccess {
  constructor(@Inject(SHOP_POOL) private readonly pool: Pool) {
    super();
  }

  async open(owner: string, name: string): Promise<string> {
    const sql = 'INSERT INTO shops (owner, name) VALUES ($1, $2) RETURNING id';
    return (await this.pool.query<{ id: string }>(sql, [owner, name])).rows[0]?.id ?? '';
  }

  override async findOwner(id: string): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ owner: string }>('SELECT owner FROM shops WHERE id = $1', [id]);
    return rows[0]?.owner;
  }

  override async listOwnedBy(owner: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const sql = `
      SELECT id, name, NULL AS description, true AS "isActive", opened_at AS "createdAt",
        (SELECT count(*)::integer FROM shops WHERE owner = $1) AS total
      FROM shops
      WHERE owner = $1 AND ($3::uuid IS NULL OR (opened_at, id) > (SELECT opened_at, id FROM shops WHERE id = $3))
      ORDER BY opened_at, id LIMIT $2`;
    type Row = OwnedProjects['projects'][number] & { total: number };
    const { rows } = await this.pool.query<Row>(sql, [owner, limit, after?.id ?? null]);
    return { projects: rows, total: rows[0]?.total ?? 0 };
  }
}

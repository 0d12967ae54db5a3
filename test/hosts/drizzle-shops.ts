import { Inject, Injectable } from '@nestjs/common';
import { and, asc, count, eq, getTableColumns, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from '../../src/index.js';

/** Injection token of the host's own database. */
export const SHOP_DATABASE = Symbol('ShopDatabase');

export const shops = pgTable('shops', {
  id: uuid().primaryKey().defaultRandom(),
  owner: text().notNull(),
  name: text().notNull(),
  openedAt: timestamp('opened_at', { withTimezone: true }).notNull().defaultNow(),
});

export const effects = pgTable('effects', { eventId: text('event_id').primaryKey() });

export type ShopDatabase = NodePgDatabase<{ shops: typeof shops }>;

/** The shops of a host that uses Drizzle. */
@Injectable()
export class DrizzleShops extends ProjectAccess {
  constructor(@Inject(SHOP_DATABASE) private readonly db: ShopDatabase) {
    super();
  }

  async open(owner: string, name: string): Promise<string> {
    const [shop] = await this.db.insert(shops).values({ owner, name }).returning();
    return shop?.id ?? '';
  }

  override async findOwner(id: string): Promise<string | undefined> {
    return (await this.db.query.shops.findFirst({ where: eq(shops.id, id) }))?.owner;
  }

  override async listOwnedBy(owner: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const isOwned = eq(shops.owner, owner);
    const isLater = after && sql`(opened_at, id) > (SELECT opened_at, id FROM shops WHERE id = ${after.id})`;
    const page = this.db.select(getTableColumns(shops)).from(shops).where(and(isOwned, isLater));
    const found = await page.orderBy(asc(shops.openedAt), asc(shops.id)).limit(limit);
    const [total] = await this.db.select({ of: count() }).from(shops).where(isOwned);
    return {
      projects: found.map(({ id, name, openedAt }) => ({
        id,
        name,
        description: null,
        isActive: true,
        createdAt: openedAt,
      })),
      total: total?.of ?? 0,
    };
  }
}

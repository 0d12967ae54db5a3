// A host with a Pool of pg and no TypeORM, as test/package/pool-host.test.ts installs it.
import { createSecretKey } from 'node:crypto';
import { Body, Controller, Global, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  OnStripeEvent,
  PaymentsModule,
  ProjectAccess,
  migrate,
  type OwnedProjects,
  type ProjectPage,
  type StripeEventContext,
} from 'nest-stripe-config';
import { Pool, type PoolClient } from 'pg';

const { DATABASE_URL, KEY_RING_FILE = '', AUTH_SECRET = '' } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL });

@Injectable()
class Shops extends ProjectAccess {
  async open(owner: string, name: string): Promise<string> {
    const sql = 'INSERT INTO shops (owner, name) VALUES ($1, $2) RETURNING id';
    const { rows } = await pool.query<{ id: string }>(sql, [owner, name]);
    return rows[0]?.id ?? '';
  }

  override async findOwner(id: string): Promise<string | undefined> {
    const { rows } = await pool.query<{ owner: string }>('SELECT owner FROM shops WHERE id = $1', [id]);
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
    const { rows } = await pool.query<Row>(sql, [owner, limit, after?.id ?? null]);
    return { projects: rows, total: rows[0]?.total ?? 0 };
  }
}

@Injectable()
class Effects {
  @OnStripeEvent('*')
  async on({ id }: { id: string }, { transaction }: StripeEventContext<PoolClient>): Promise<void> {
    await transaction.query('INSERT INTO effects VALUES ($1)', [id]);
  }
}

@Controller('host/shops')
class ShopController {
  constructor(private readonly shops: Shops) {}

  @Post()
  async open(@Body() { owner, name }: { owner: string; name: string }): Promise<{ id: string }> {
    return { id: await this.shops.open(owner, name) };
  }
}

@Global()
@Module({ providers: [Shops], controllers: [ShopController], exports: [Shops] })
class ShopModule {}

@Module({
  imports: [
    ShopModule,
    PaymentsModule.forRoot({
      keyRing: KEY_RING_FILE,
      projects: Shops,
      auth: { secret: createSecretKey(Buffer.from(AUTH_SECRET)) },
      publicBaseUrl: 'https://api.shop.example',
      database: { pool, schema: 'payments' },
    }),
  ],
  providers: [Effects],
})
class AppModule {}

async function main(): Promise<void> {
  await migrate(pool, { schema: 'payments' });
  await pool.query(
    `CREATE TABLE shops (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL, name text NOT NULL,
      opened_at timestamptz NOT NULL DEFAULT now()
    )`,
  );
  await pool.query('CREATE TABLE effects (event_id text PRIMARY KEY)');
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  console.log(`listening at ${await app.getUrl()}`);
}

void main();

import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import pg from 'pg';
import { DefaultNamingStrategy } from 'typeorm';
import { migrate } from '../src/app/migrate.js';
import { PaymentsModule } from '../src/index.js';
import { required } from '../src/payments/schema/schema-findings.js';
import { dataSourceFor, paymentsOptions } from './hosts/start-host.js';
import { Shops } from './hosts/shop.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { createConfig } from './support/written-changes.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.drop();
});

@Module({})
class HostModule {}

/** Starts a host on the database and ends it again. */
async function startHost(changes: Partial<TypeOrmModuleOptions> = {}): Promise<void> {
  const source = { ...dataSourceFor(database), ...changes } as TypeOrmModuleOptions;
  const host = {
    module: HostModule,
    imports: [TypeOrmModule.forRoot(source), PaymentsModule.forRoot(paymentsOptions())],
    providers: [Shops],
  };
  const app = await NestFactory.create(host, new FastifyAdapter(), { logger: false, abortOnError: false });
  try {
    await app.init();
  } finally {
    await app.close().catch(() => undefined);
  }
}

const name = () => new URL(database.url).pathname.slice(1);

describe('what a start requires', () => {
  it('is all that the migrations make', async () => {
    await migrate(database.url);
    const found = await database.query<{ kind: string; names: string[] }>(`
      WITH ours AS (SELECT oid, relname FROM pg_class WHERE relname LIKE 'stripe\\_%' AND relkind = 'r')
      SELECT 'table' AS kind, array_agg(relname::text) AS names FROM ours
      UNION ALL SELECT 'column', array_agg(relname || '.' || attname) FROM ours JOIN pg_attribute ON attrelid = oid
        WHERE attnum > 0 AND NOT attisdropped
      UNION ALL SELECT 'constraint', array_agg(conname::text) FROM ours JOIN pg_constraint ON conrelid = ours.oid
        WHERE contype IN ('c', 'p', 'u', 'f', 'x')
      UNION ALL SELECT 'trigger', array_agg(tgname::text) FROM ours JOIN pg_trigger ON tgrelid = ours.oid
        WHERE NOT tgisinternal
      UNION ALL SELECT 'function', array_agg(proname::text) FROM pg_proc WHERE pronamespace = 'public'::regnamespace`);
    const sorted = (kinds: [string, readonly string[]][]) =>
      Object.fromEntries(kinds.map(([kind, names]) => [kind, names.toSorted()]));
    expect(sorted([...required()])).toEqual(sorted(found.map(({ kind, names }) => [kind, names])));
  });

  it('is there once the migrations were run, with and without synchronize', async () => {
    await startHost();
    await startHost({ synchronize: true });
  });

  it.each<[string, string, RegExp]>([
    [
      'a table',
      'DROP TABLE stripe_call_limits',
      /lacks table stripe_call_limits, column .*; run paymentsMigr/,
    ],
    [
      'a column',
      'ALTER TABLE stripe_events DROP COLUMN last_error',
      /lacks column stripe_events\.last_error;/,
    ],
    [
      'a trigger',
      'DROP TRIGGER stripe_configs_audited_update ON stripe_configs',
      /lacks trigger stripe_configs_audited_update; run paymentsMigrations/,
    ],
    [
      'a trigger that is switched off',
      'ALTER TABLE stripe_config_audit DISABLE TRIGGER stripe_config_audit_append_only',
      /lacks trigger stripe_config_audit_append_only;.*disabled by hand, make again/,
    ],
    [
      'a function',
      'DROP FUNCTION stripe_config_durable() CASCADE',
      /lacks .*function stripe_config_durable;/,
    ],
    [
      'a rule',
      'ALTER TABLE stripe_configs DROP CONSTRAINT stripe_configs_sealed_check',
      /lacks constraint stripe_configs_sealed_check;/,
    ],
    [
      'what makes events unique',
      'ALTER TABLE stripe_events DROP CONSTRAINT stripe_events_pkey',
      /lacks constraint stripe_events_pkey;/,
    ],
  ])('is missed by name: %s', async (_, statement, message) => {
    await startHost();
    await database.query(statement);
    await expect(startHost()).rejects.toThrow(message);
  });

  it('is missing where synchronize made the tables, which is said with the fix', async () => {
    await expect(startHost({ synchronize: true, migrationsRun: false })).rejects.toThrow(
      /lacks trigger \w+, .* and \d+ more; synchronize makes tables without the triggers that guard the audit trail: set it to false, drop/,
    );
  });

  it.each<[string, () => Partial<TypeOrmModuleOptions>, RegExp]>([
    ['entityPrefix', () => ({ entityPrefix: 'shop_' }), /its entityPrefix renames.*a data source of its own/],
    [
      'a naming strategy',
      () => ({
        namingStrategy: Object.assign(new DefaultNamingStrategy(), {
          columnName: (property: string) => property.replaceAll('_', ''),
        }),
      }),
      /its namingStrategy renames/,
    ],
  ])('cannot bear other names: %s', async (_, changes, message) => {
    await expect(startHost(changes())).rejects.toThrow(message);
  });
});

describe('a database that works against the module', () => {
  /** A role that owns nothing, and may do everything. */
  async function otherRole(): Promise<{ role: string; url: string }> {
    const role = `role_${name()}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    const url = new URL(database.url);
    url.username = url.password = role;
    return { role, url: url.href };
  }

  it.each<[string, (role: string) => string, RegExp]>([
    [
      'row security, which would hide what is stored',
      () => 'ALTER TABLE stripe_configs ENABLE ROW LEVEL SECURITY',
      /row security hides rows of stripe_configs from its user; disable it/,
    ],
    [
      'a right that is missing',
      (role) => `REVOKE UPDATE ON stripe_events, stripe_configs FROM ${role}`,
      /its user lacks UPDATE on stripe_configs, stripe_events; grant it/,
    ],
    [
      'triggers that do not fire',
      (role) => `ALTER ROLE ${role} SET session_replication_role = 'replica'`,
      /session_replication_role other than origin/,
    ],
  ])('is refused: %s', async (_, statement, message) => {
    await startHost();
    const { role, url } = await otherRole();
    const start = () => startHost({ url, migrationsRun: false });
    try {
      await start();
      await database.query(statement(role));
      await expect(start()).rejects.toThrow(message);
    } finally {
      await database.query(`DROP OWNED BY ${role}`);
      await database.query(`DROP ROLE ${role}`);
    }
  });

  it('is refused: another encoding, which cannot hold every name', async () => {
    const other = `${name()}_ascii`;
    await database.query(`CREATE DATABASE ${other} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`);
    try {
      const url = new URL(database.url);
      url.pathname = `/${other}`;
      await expect(startHost({ url: url.href })).rejects.toThrow(/not encoded in UTF8/);
    } finally {
      await database.query(`DROP DATABASE ${other} WITH (FORCE)`);
    }
  });
});

describe('what the migrations make', () => {
  it('finds tables and operators whatever the search path is', async () => {
    await migrate(database.url);
    const functions = await database.query<{ settings: string[] | null }>(
      `SELECT proconfig AS settings FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(functions.length).toBe(required().get('function')?.length);
    for (const { settings } of functions)
      expect(settings).toEqual(['search_path=pg_catalog, public, pg_temp']);
  });

  it.each<[string, (client: pg.Client) => Promise<unknown>]>([
    ['stripe_configs', (client) => createConfig(client, randomUUID())],
    [
      'stripe_events',
      (client) =>
        client.query(
          `INSERT INTO stripe_events (project_id, mode, event_id, type, created_at, payload_sealed)
           VALUES (gen_random_uuid(), 'test', 'evt_1', 'a.b', now(), 'sc1.aaaaaaaaaa.a')`,
        ),
    ],
    [
      'stripe_webhook_endpoints',
      (client) =>
        client.query(
          "INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted) VALUES (gen_random_uuid(), 'test', '{}')",
        ),
    ],
  ])('makes changes of %s durable, and lets warnings of it through', async (_, change) => {
    await migrate(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('SET synchronous_commit = off; SET client_min_messages = error; BEGIN');
      await change(client);
      const { rows } = await client.query<Record<string, string>>(
        "SELECT current_setting('synchronous_commit') AS commit, current_setting('client_min_messages') AS messages",
      );
      expect(rows).toEqual([{ commit: 'on', messages: 'warning' }]);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  });
});

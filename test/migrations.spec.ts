import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../src/app/data-source.js';
import { migrate, revertMigration } from '../src/app/migrate.js';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import {
  cleanUp,
  logOf,
  runProgram,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type Settings,
} from './support/process.js';

const MIGRATIONS = ['CreateStripeConfigs1764000000000', 'CreateProjects1764000001000'];
const TABLES = [
  'migrations',
  'project_access_audit',
  'project_members',
  'project_owners',
  'projects',
  'service_tokens',
  'stripe_call_limits',
  'stripe_config_audit',
  'stripe_config_keys',
  'stripe_config_locks',
  'stripe_config_replicas',
  'stripe_config_states',
  'stripe_configs',
  'stripe_events',
  'stripe_webhook_endpoints',
];

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const tables = async () =>
  (
    await database.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
    )
  ).map(({ name }) => name);

describe('migrations', () => {
  it('are run once when two services start at once on an empty database', async () => {
    const keyRingFile = join(await temporaryFolder(), 'ring.json');
    await createKeyRingFile(keyRingFile);
    const settings = serviceSettings(database.url, keyRingFile);

    const services = await Promise.all([1, 2].map(() => startServiceProcess(settings)));

    for (const service of services) expect((await service.request('GET', '/health/ready')).status).toBe(200);
    await Promise.all(services.map((service) => service.stop()));
    const logs = services.map(logOf).flat();
    expect(
      logs.filter(({ event }) => event === 'database.migrated').map(({ migrations }) => migrations),
    ).toEqual([MIGRATIONS]);
    expect(logs.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('wait for each other', async () => {
    const done = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url)));
    expect(done.flat()).toEqual(MIGRATIONS);
  });

  it('make exactly what the entities describe', async () => {
    await migrate(database.url);
    expect(await schemaChanges()).toEqual([]);

    // The comparison sees a column that is gone.
    await database.query('ALTER TABLE stripe_configs DROP COLUMN fingerprints CASCADE');
    expect((await schemaChanges()).join()).toContain('fingerprints');
  });

  it('take back everything, the newest first', async () => {
    await migrate(database.url);
    for (const name of MIGRATIONS.toReversed()) expect(await revertMigration(database.url)).toBe(name);

    expect(await tables()).toEqual(['migrations']);
    expect(
      await database.query(`SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`),
    ).toEqual([]);
    expect(await revertMigration(database.url)).toBeUndefined();
    expect(await migrate(database.url)).toEqual(MIGRATIONS);
  });

  it('that fail leave nothing half made and say so', async () => {
    await database.query('CREATE TABLE stripe_configs (note text)');
    const command = runProgram('dist/cli/migrate.js', [], { DATABASE_URL: database.url });
    expect(await command.exit()).toBe(1);
    // SQLSTATE of a table that is already there.
    expect(command.stderr).toMatch(/^The migration failed \(42P07\)/);
    expect(await database.query('SELECT name FROM migrations')).toEqual([]);

    await database.query('DROP TABLE stripe_configs');
    expect(await migrate(database.url)).toEqual(MIGRATIONS);
  });
});

describe('npm run migrate', () => {
  it('brings the schema up to date, and takes back the newest migration', async () => {
    const settings = { DATABASE_URL: database.url };
    expect(await migrateCommand([], settings)).toEqual(['', ...MIGRATIONS.map((name) => `Ran ${name}`)]);
    expect(await migrateCommand([], settings)).toEqual(['', 'The schema was already up to date.']);
    expect(await migrateCommand(['--revert'], settings)).toEqual([
      '',
      `Took back ${MIGRATIONS.at(-1) ?? ''}`,
    ]);
    expect(await tables()).toEqual(TABLES.filter((table) => !/^(project|service_)/.test(table)));
  });

  it.each<[string, Settings, RegExp]>([
    ['no address', {}, /^There is no database in \S+: set DATABASE_URL/],
    ['no address in production', { NODE_ENV: 'production' }, /DATABASE_URL is missing/],
    ['a wrong address', { DATABASE_URL: 'mysql://host/database' }, /DATABASE_URL must be an address/],
    [
      'a database that is down',
      { DATABASE_URL: 'postgres://user:wordpass@127.0.0.1:1/x' },
      /ECONNREFUSED.*DATABASE_URL/,
    ],
  ])('says what is wrong with %s', async (_, settings, message) => {
    const command = runProgram('dist/cli/migrate.js', [], settings);
    expect(await command.exit()).toBe(1);
    expect(command.stderr).toMatch(message);
    expect(command.stderr).not.toMatch(/wordpass|mysql|\n\s+at /);
  });

  async function migrateCommand(args: string[], settings: Settings): Promise<string[]> {
    const command = runProgram('dist/cli/migrate.js', args, settings);
    await command.exit();
    return [command.stderr, ...command.stdout.trim().split('\n')];
  }
});

describe('TypeORM’s command line', () => {
  it('works through ormconfig.ts', async () => {
    expect(await runProgram('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.orm.json'], {}).exit()).toBe(
      0,
    );
    const run = async (command: string) => {
      const program = runProgram('node_modules/typeorm/cli.js', ['-d', 'dist/orm/ormconfig.js', command], {
        DATABASE_URL: database.url,
      });
      return { code: await program.exit(), output: program.stdout };
    };

    expect(await run('migration:run')).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(TABLES);
    expect((await run('migration:show')).output.match(/\[X\] \d+ \w+/g)).toHaveLength(MIGRATIONS.length);
    expect((await run('schema:log')).output).toMatch(/up to date/);
    for (const name of MIGRATIONS.toReversed()) {
      expect([name, (await run('migration:show')).output]).toEqual([name, expect.stringContaining(name)]);
      expect(await run('migration:revert')).toMatchObject({ code: 0 });
    }
    expect(await tables()).toEqual(['migrations']);
  });
});

/** The statements by which TypeORM would make the schema fit the entities. */
async function schemaChanges(): Promise<string[]> {
  const dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
  try {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  } finally {
    await dataSource.destroy();
  }
}

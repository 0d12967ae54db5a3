import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor, type DataSourceOptions } from 'typeorm';
import { describeError } from '../payments/http/describe-error.js';
import { paymentsMigrations } from '../payments/migrations/index.js';
import { paymentsEntities } from '../payments/payments.entities.js';
import { CreateProjects1764000001000 } from './projects/1764000001000-create-projects.js';
import { ProjectEntity } from './projects/project.entity.js';

/** How long to wait for a connection, in milliseconds, one from the pool included. */
const CONNECT_TIMEOUT_MS = 1_000;
/** How long a statement may run, in milliseconds. The server ends it; the client gives up a little later. */
const STATEMENT_TIMEOUT_MS = 3_000;
const POOL_SIZE = 10;

/** What the service, its command line and TypeORM's own use to reach the database. */
export function dataSourceOptions(url: string): DataSourceOptions {
  const logger = new Logger('Database');
  return {
    type: 'postgres',
    url,
    entities: [...paymentsEntities, ProjectEntity],
    migrations: [...paymentsMigrations, CreateProjects1764000001000],
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    installExtensions: false,
    // Ids are made by gen_random_uuid(), which PostgreSQL has had built in since 13.
    uuidExtension: 'pgcrypto',
    applicationName: 'nest-stripe-config',
    poolErrorHandler: (error: unknown) => {
      logger.warn({ event: 'idle connection lost', ...describeError(error) });
    },
    extra: {
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 500,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    },
  };
}

/** Names the advisory lock of migrations. */
const MIGRATION_LOCK = 'nest-stripe-config:migrations';

/** Migrations may take longer than a request's statement may, so they run on connections without those limits. */
export function migrationDataSource(url: string, schema?: string): DataSource {
  const extra = { max: 2, connectionTimeoutMillis: CONNECT_TIMEOUT_MS };
  return new DataSource({ ...dataSourceOptions(url), ...(schema !== undefined && { schema }), extra });
}

/**
 * Brings the schema up to date. Replicas that start together wait for each other.
 *
 * @returns the names of the migrations that were run
 */
export async function migrate(url: string): Promise<string[]> {
  return withMigrationLock(url, async (dataSource) =>
    (await dataSource.runMigrations()).map((migration) => migration.name),
  );
}

/**
 * Takes back the newest migration.
 *
 * @returns its name, or undefined when there was none
 */
export async function revertMigration(url: string): Promise<string | undefined> {
  return withMigrationLock(url, async (dataSource) => {
    // Newest first.
    const [newest] = await new MigrationExecutor(dataSource).getExecutedMigrations();
    await dataSource.undoLastMigration();
    return newest?.name;
  });
}

async function withMigrationLock<T>(url: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = migrationDataSource(url);
  await dataSource.initialize();
  try {
    const runner = dataSource.createQueryRunner();
    // The lock belongs to a transaction, so that it goes with the process, however that ends, and works behind a pooler.
    await runner.startTransaction();
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await runner.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);
    const result = await work(dataSource);
    await runner.commitTransaction();
    await runner.release();
    return result;
  } finally {
    await dataSource.destroy();
  }
}

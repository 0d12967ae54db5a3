import type { Pool, PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { ExplainedError } from '../domain/explained-error.js';
import { sessionOn } from './client-session.js';
import type { Database, DatabaseAdvice, OpenTransaction } from './database.js';
import { guardPool } from './pool.js';
import { TABLES } from './schema-name.js';

const known = new WeakMap<DataSource, Database>();

/** The database of a host that uses TypeORM, which gives handlers its manager. Nothing of TypeORM is loaded for it. */
export function typeormDatabase(dataSource: DataSource): Database {
  const database = known.get(dataSource) ?? databaseOn(dataSource);
  known.set(dataSource, database);
  return database;
}

function databaseOn(dataSource: DataSource): Database {
  const database: Database = {
    get pool() {
      return dataSource.isInitialized ? ((dataSource.driver as PostgresDriver).master as Pool) : undefined;
    },
    get schema() {
      return (dataSource.options as { schema?: string }).schema;
    },
    advice: adviceFor(dataSource),
    begin: () => begin(dataSource, database),
    join: async (handle) => sessionOn(database, await clientOf(handle, dataSource)),
  };
  return database;
}

async function begin(dataSource: DataSource, database: Database): Promise<OpenTransaction> {
  guardPool(database);
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PoolClient;
    await runner.startTransaction();
    return {
      ...sessionOn(database, client),
      handle: runner.manager,
      client,
      commit: () => runner.commitTransaction(),
      rollback: () => (runner.isTransactionActive ? runner.rollbackTransaction() : Promise.resolve()),
      release: () => runner.release(),
    };
  } catch (error) {
    await runner.release();
    throw error;
  }
}

async function clientOf(handle: unknown, dataSource: DataSource): Promise<PoolClient> {
  const { queryRunner } = (handle ?? {}) as { queryRunner?: Runner };
  if (queryRunner?.isTransactionActive !== true) {
    throw new ExplainedError(
      'change.transaction must be the EntityManager of a transaction: what dataSource.transaction() gives its function',
    );
  }
  if ((queryRunner.dataSource ?? queryRunner.connection) !== dataSource) {
    throw new ExplainedError(
      'change.transaction is of another data source than the options of PaymentsModule name; begin one there',
    );
  }
  return (await queryRunner.connect()) as PoolClient;
}

/** TypeORM 0.3 has the second name alone. */
type Runner = Pick<QueryRunner, 'isTransactionActive' | 'connect'> & {
  dataSource?: DataSource;
  connection?: DataSource;
};

function adviceFor(dataSource: DataSource): DatabaseAdvice {
  const { synchronize } = dataSource.options;
  return {
    option: 'dataSource',
    migrate: 'add paymentsMigrations to its migrations and run them before the application starts',
    complete:
      synchronize === true
        ? 'synchronize makes tables without the triggers that guard the audit trail: set it to false, drop the tables that it made, and run paymentsMigrations'
        : 'run paymentsMigrations before the application starts; what was dropped or disabled by hand, make again as they do',
    faults: () => findRenamed(dataSource),
  };
}

/** Our statements and migrations name our tables literally; with other names TypeORM would create them again. */
function findRenamed({ entityMetadatas, options }: DataSource): string[] {
  const isRenamed = entityMetadatas.some(
    ({ tableName, givenTableName, columns }) =>
      TABLES.includes(givenTableName ?? '') &&
      (tableName !== givenTableName ||
        columns.some(({ databaseName, propertyName }) => databaseName !== propertyName)),
  );
  if (!isRenamed) return [];
  const cause = options.entityPrefix ? 'entityPrefix' : 'namingStrategy';
  return [
    `its ${cause} renames the tables of paymentsEntities, which migration:generate would make again; give PaymentsModule a data source of its own without ${cause}`,
  ];
}

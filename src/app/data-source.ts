import { DataSource, type DataSourceOptions } from 'typeorm';
import { poolSizeFor } from '../payments/database/write-turns.js';
import { paymentsMigrations } from '../payments/schema/migrations/index.js';
import { paymentsEntities } from '../payments/schema/payments.entities.js';
import { CreateProjects1764000001000 } from './projects/1764000001000-create-projects.js';
import { COMMAND_POOL } from './command-database.js';
import { APPLICATION_NAME } from './application-name.js';
import { AccessEntryEntity } from './access-trail/access-entry.entity.js';
import { ProjectMemberEntity } from './projects/members/member.entity.js';
import { ServiceTokenEntity } from './service-tokens/service-token.entity.js';
import { ProjectEntity, ProjectOwnerEntity } from './projects/project.entity.js';

/** How long to wait for a new or a pooled connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
/** How long a statement may run, in milliseconds. The server ends it; the client gives up a little later. */
const STATEMENT_TIMEOUT_MS = 3_000;
const POOL_SIZE = 10;
/** How long a connection may be silent until the system probes the other side, in milliseconds. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * How the service and TypeORM's command line reach the database.
 *
 * @param poolErrorHandler is told of connections that break while nobody uses them; by default nobody is, since whoever
 *   needs one gets its own error
 * @param eventsAtOnce how many handlers of events the pool must have connections for
 */
export function dataSourceOptions(
  url: string,
  poolErrorHandler: (error: unknown) => void = () => undefined,
  eventsAtOnce = 1,
): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: [
      ...paymentsEntities,
      ProjectEntity,
      ProjectOwnerEntity,
      ProjectMemberEntity,
      AccessEntryEntity,
      ServiceTokenEntity,
    ],
    migrations: [...paymentsMigrations, CreateProjects1764000001000],
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    installExtensions: false,
    // Ids are made by gen_random_uuid(), which PostgreSQL has had built in since 13.
    uuidExtension: 'pgcrypto',
    applicationName: APPLICATION_NAME,
    poolErrorHandler,
    extra: {
      max: Math.max(POOL_SIZE, poolSizeFor(eventsAtOnce)),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 500,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    },
  };
}

/** For TypeORM's command line, with the limits of commands. */
export function commandDataSource(url: string, schema?: string): DataSource {
  return new DataSource({
    ...dataSourceOptions(url),
    ...(schema !== undefined && { schema }),
    extra: COMMAND_POOL,
  });
}

import type { DataSource } from 'typeorm';
import type { Database, HostDatabase } from '../database/database.js';
import { poolDatabase } from '../database/pool-database.js';
import { typeormDatabase } from '../database/typeorm-database.js';
import { PaymentsOptionsError } from './options-error.js';

/**
 * The database that the options name, or that of the application's data source.
 *
 * @param option validated
 * @param found the data source that the extras name; undefined: there is none
 * @throws PaymentsOptionsError when there is neither, or the data source is not PostgreSQL
 */
export function resolveDatabase(option: HostDatabase | undefined, found?: object, name?: string): Database {
  if (option === undefined) return typeormDatabase(requireDataSource(found as DataSource | undefined, name));
  if ('pool' in option) return poolDatabase(option.pool, option.schema);
  if ('adapter' in option) return option.adapter as Database;
  return typeormDatabase(option.dataSource as DataSource);
}

/**
 * The data source that the extras name.
 *
 * @throws PaymentsOptionsError when the application has none of that name, or it is not PostgreSQL
 */
export function requireDataSource(dataSource: DataSource | undefined, name = 'default'): DataSource {
  if (dataSource === undefined) {
    const fault = `dataSource: there is no TypeORM data source "${name}"; import TypeOrmModule.forRoot({ … }), or give the name of yours beside the options, or the database in them: database: { pool } of pg, or what an adapter makes`;
    throw new PaymentsOptionsError([fault]);
  }
  if (dataSource.options.type !== 'postgres') {
    throw new PaymentsOptionsError([`dataSource: "${name}" is not PostgreSQL; give the name of one that is`]);
  }
  return dataSource;
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE } from './database.js';
import { PaymentsOptionsError } from './payments.options.js';
import { TABLES, query } from './schema.js';

/** SQLSTATE of a table that is missing, of a schema that is, and of one that may not be used (PostgreSQL manual, appendix A). */
const FAULTS: Readonly<Record<string, string>> = {
  '42P01':
    'its database lacks the tables; add paymentsMigrations to its migrations and run them before the application starts',
  '3F000': 'its database lacks the schema that it names; make it, and run the migrations',
  '42501': 'its user may not read the tables; grant it SELECT, INSERT, UPDATE and DELETE',
};

/** Refuses to start on a database that was not made ready. One that cannot be reached is waited for by those who use it. */
@Injectable()
export class SchemaCheck implements OnModuleInit {
  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    try {
      await query(this.dataSource, `SELECT FROM ${TABLES.join(', ')} LIMIT 0`);
    } catch (error) {
      const { code } = error as { code?: string };
      const fault = FAULTS[code ?? ''];
      if (fault !== undefined) throw new PaymentsOptionsError([`dataSource: ${fault}`]);
    }
  }
}

/**
 * The data source that the extras name.
 *
 * @throws PaymentsOptionsError when the application has none of that name, or it is not PostgreSQL
 */
export function requireDataSource(dataSource: DataSource | undefined, name = 'default'): DataSource {
  if (dataSource === undefined) {
    const fault = `dataSource: there is no TypeORM data source "${name}"; import TypeOrmModule.forRoot({ … }), or give the name of yours beside the options`;
    throw new PaymentsOptionsError([fault]);
  }
  if (dataSource.options.type !== 'postgres') {
    throw new PaymentsOptionsError([`dataSource: "${name}" is not PostgreSQL; give the name of one that is`]);
  }
  return dataSource;
}

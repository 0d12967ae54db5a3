import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE } from '../database/run-statement.js';
import { withinDeadline } from '../common/deadline.js';
import { paymentsEntities } from './payments.entities.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { PaymentsOptionsError } from '../options/options-error.js';
import { examineSchema, listMissing, type SchemaFindings } from './schema-findings.js';

/** Longest time for checking a database, in milliseconds: after it the database counts as unreachable. */
const EXAMINE_MS = 10_000;

/** Refuses to start on a database that was not migrated. One that is unreachable is no fault here: its users wait for it. */
@Injectable()
export class SchemaCheck implements OnModuleInit {
  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const renamed = findRenamed(this.dataSource);
    // The data source of a host may have no time limit.
    const findings = await withinDeadline(
      EXAMINE_MS,
      () => examineSchema(this.dataSource),
      () => new DependencyUnavailable('database'),
    ).catch(() => undefined);
    const faults = [...renamed, ...(findings === undefined ? [] : faultsOf(findings, this.dataSource))];
    if (faults.length > 0) throw new PaymentsOptionsError(faults.map((fault) => `dataSource: ${fault}`));
  }
}

function faultsOf(findings: SchemaFindings, { options }: DataSource): string[] {
  const { isEmpty, missing, faults } = findings;
  if (isEmpty) {
    const fault =
      'its database lacks the tables; add paymentsMigrations to its migrations and run them before the application starts';
    return [fault, ...faults];
  }
  if (missing.length === 0) return faults;
  const fix =
    options.synchronize === true
      ? 'synchronize makes tables without the triggers that write the audit trail: set it to false, drop the tables that it made, and run paymentsMigrations'
      : 'run paymentsMigrations before the application starts; what was dropped or disabled by hand, make again as they do';
  return [`its database lacks ${listMissing(findings)}; ${fix}`, ...faults];
}

/** Our statements and migrations name our tables literally; with other names TypeORM would create them again. */
function findRenamed({ entityMetadatas, options }: DataSource): string[] {
  const isRenamed = entityMetadatas.some(
    ({ target, tableName, givenTableName, columns }) =>
      paymentsEntities.some((each) => each === target) &&
      (tableName !== givenTableName ||
        columns.some(({ databaseName, propertyName }) => databaseName !== propertyName)),
  );
  if (!isRenamed) return [];
  const cause = options.entityPrefix ? 'entityPrefix' : 'namingStrategy';
  return [
    `its ${cause} renames the tables of paymentsEntities, which migration:generate would make again; give PaymentsModule a data source of its own without ${cause}`,
  ];
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

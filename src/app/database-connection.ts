import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { describeError } from '../payments/common/describe-error.js';
import { databaseFaultOf } from '../payments/database/database-fault.js';
import { runStatement } from '../payments/database/run-statement.js';
import { statement } from '../payments/database/statement.js';
import { RepeatedFault } from '../payments/database/repeated-fault.js';
import { findSchema } from '../payments/database/schema-name.js';
import { typeormDatabase } from '../payments/database/typeorm-database.js';
import { MigrationLockHeld } from '../payments/schema/migration-lock-held.js';
import { SchemaFault } from '../payments/schema/schema-findings.js';
import { migrate } from './migrate.js';
import { ServiceLogger } from './service-logger.js';

const RETRY_MS = 1_000;

/** Needs nothing of the database but an answer. */
export const CHECK = statement({ name: 'check', parameters: {}, columns: {}, text: 'SELECT' });

/**
 * Connects to the database and migrates it. A database that is down at start is tried again: the service answers 503
 * meanwhile. The pool replaces connections that break later.
 */
@Injectable()
export class DatabaseConnection implements OnApplicationShutdown {
  private readonly logger = new ServiceLogger(DatabaseConnection.name);
  private readonly stopped = new AbortController();
  private readonly fault = new RepeatedFault(this.logger, 'database.unavailable', 'database.available');

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Tries until it is open, or the application is closed. Never rejects.
   *
   * @param signal ends the tries as well, and a running migration
   */
  async open(...ends: AbortSignal[]): Promise<void> {
    const signal = AbortSignal.any([this.stopped.signal, ...ends]);
    while (!signal.aborted && !(await this.tryToOpen(signal))) {
      await delay(RETRY_MS, undefined, { signal }).catch(ignore);
    }
  }

  /**
   * @throws DependencyUnavailable when the database does not answer, or is not migrated yet
   */
  async check(): Promise<void> {
    await runStatement(typeormDatabase(this.dataSource), 'read', CHECK, {});
  }

  onApplicationShutdown(): void {
    this.stopped.abort();
  }

  /** Migrates before initializing: requests take an initialized DataSource for a migrated one. */
  private async tryToOpen(signal: AbortSignal): Promise<boolean> {
    try {
      const { url } = this.dataSource.options as { url: string };
      const done = await migrate(url, { signal });
      if (done.length > 0) this.logger.write('database.migrated', { migrations: done });
      if (!signal.aborted) await this.dataSource.initialize();
      if (!signal.aborted) await findSchema(typeormDatabase(this.dataSource));
      this.fault.worked();
      return true;
    } catch (error) {
      if (!signal.aborted) this.report(error);
      return false;
    }
  }

  private report(error: unknown): void {
    this.fault.failed(error, error instanceof SchemaFault ? error.message : waitsFor(error));
  }
}

/** Logs a connection of the pool that broke while nobody used it. */
export function logLostConnection(error: unknown): void {
  const { error: name, errorCode } = describeError(error);
  new ServiceLogger(DataSource.name).write('database.connection_lost', {
    error: name,
    errorCode,
    ...databaseFaultOf(error),
  });
}

function waitsFor(error: unknown): string | undefined {
  return error instanceof MigrationLockHeld
    ? 'another migration of the database holds the lock, and is waited for'
    : undefined;
}

function ignore(): void {
  // The pause was cut short.
}

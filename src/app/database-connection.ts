import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { runStatement } from '../payments/database.js';
import { describeError } from '../payments/http/describe-error.js';
import { findSchema } from '../payments/schema.js';
import { MigrationLockHeld, migrate } from './migrate.js';

const RETRY_MS = 1_000;

/**
 * Connects to the database and migrates it. A database that is down at start is waited for: the service answers 503
 * meanwhile. Connections that break later are the pool's matter.
 */
@Injectable()
export class DatabaseConnection implements OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly stopped = new AbortController();
  private waiting = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Tries until it is open, or the application is closed. Never rejects.
   *
   * @param signal ends the tries as well, a migration at hand included
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
    await runStatement(this.dataSource, 'read', { name: 'check', text: 'SELECT 1' }, []);
  }

  onApplicationShutdown(): void {
    this.stopped.abort();
  }

  /** A DataSource that is initialized is migrated, too: requests are judged by the first. */
  private async tryToOpen(signal: AbortSignal): Promise<boolean> {
    try {
      const { url } = this.dataSource.options as { url: string };
      const done = await migrate(url, { signal });
      if (done.length > 0) this.logger.log({ event: 'migrated', migrations: done });
      if (!signal.aborted) await this.dataSource.initialize();
      if (!signal.aborted) await findSchema(this.dataSource);
      return true;
    } catch (error) {
      if (!signal.aborted) this.report(error);
      return false;
    }
  }

  private report(error: unknown): void {
    if (!(error instanceof MigrationLockHeld)) {
      this.waiting = false;
      this.logger.error({ event: 'database not reachable or not migrated', ...describeError(error) });
    } else if (!this.waiting) {
      this.waiting = true;
      this.logger.warn({ event: 'waiting for another migration of the database, which holds the lock' });
    }
  }
}

function ignore(): void {
  // The pause was cut short.
}

import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { runStatement } from '../payments/database.js';
import { describeError } from '../payments/http/describe-error.js';
import { migrate } from './data-source.js';

const RETRY_MS = 1_000;

/**
 * Connects to the database and migrates it. A database that is down at start is waited for: the service listens and
 * answers 503 meanwhile. Connections that break later are the pool's matter.
 */
@Injectable()
export class DatabaseConnection implements OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly stopped = new AbortController();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Tries once; on failure goes on trying in the background. Never rejects. */
  async open(): Promise<void> {
    if (!(await this.tryToOpen())) void this.keepTrying();
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

  private async keepTrying(): Promise<void> {
    do {
      try {
        await delay(RETRY_MS, undefined, { ref: false, signal: this.stopped.signal });
      } catch {
        return;
      }
    } while (!(await this.tryToOpen()));
  }

  /** A DataSource that is initialized is migrated, too: requests are judged by the first. */
  private async tryToOpen(): Promise<boolean> {
    try {
      const { url } = this.dataSource.options as { url: string };
      const done = await migrate(url);
      if (done.length > 0) this.logger.log({ event: 'migrated', migrations: done });
      if (!this.stopped.signal.aborted) await this.dataSource.initialize();
      return true;
    } catch (error) {
      this.logger.error({ event: 'database not reachable or not migrated', ...describeError(error) });
      return false;
    }
  }
}

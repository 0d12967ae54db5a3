import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { Periodic } from '../database/periodic.js';
import { ERASE_BATCH, ERASE_EXPIRED } from './stripe-config.statements.js';

/** How often, in milliseconds. Expired secrets are refused at once, and erased within this time. */
const ERASE_MS = 60_000;

/** Erases replaced webhook secrets that have expired. */
@Injectable()
export class ExpiredSecrets implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly periodic = new Periodic(ExpiredSecrets.name, async () => {
    const erased = await runStatement(this.database, 'write', ERASE_EXPIRED, {});
    return erased.length < ERASE_BATCH ? ERASE_MS : 0;
  });

  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
  }
}

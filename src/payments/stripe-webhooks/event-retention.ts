import { performance } from 'node:perf_hooks';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { Periodic } from '../database/periodic.js';
import { runStatement } from '../database/run-statement.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { DELETE_BATCH, DELETE_OLD_EVENTS } from './event-retention.statements.js';

/** How often to look for events that have grown old, in milliseconds. */
const LOOK_MS = 60_000;
/** After so many looks with little to do the search begins with the oldest event again, in case one was locked before. */
const LOOKS_UNTIL_ANEW = 60;
/** How long to pause between batches, in times of what a batch took: four fifths of the time are left to others. */
const PAUSE = 4;
/** Before every time. */
const OLDEST = '-infinity';

/** Deletes events that were handled or skipped, once they are as old as the options say. Any number of replicas may do it. */
@Injectable()
export class EventRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  // After a failure, too, since a statement that took too long would take as long again.
  private readonly periodic = new Periodic(EventRetention.name, () => this.deleteSome(), LOOK_MS);
  /** Where the next batch begins: PostgreSQL would read what is deleted but not yet vacuumed again with each batch. */
  private last: Date | string = OLDEST;
  private looks = 0;
  private isAnew = true;

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'eventRetentionDays'>,
  ) {}

  onApplicationBootstrap(): void {
    if (this.options.eventRetentionDays !== 'forever') this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
  }

  /** @returns how long to pause, in milliseconds */
  private async deleteSome(): Promise<number> {
    const { eventRetentionDays: days } = this.options;
    if (days === 'forever') return LOOK_MS;
    const started = performance.now();
    const from = this.isAnew ? OLDEST : this.last;
    this.isAnew = false;
    const [deleted] = await runStatement(this.database, 'write', DELETE_OLD_EVENTS, { days, from });
    this.last = deleted?.last ?? this.last;
    if (deleted?.count === DELETE_BATCH) return PAUSE * (performance.now() - started);
    this.looks += 1;
    this.isAnew = this.looks % LOOKS_UNTIL_ANEW === 0;
    return LOOK_MS;
  }
}

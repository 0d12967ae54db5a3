import { Inject, Injectable } from '@nestjs/common';
import { withinDeadline } from '../common/deadline.js';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { Gauges } from '../options/gauges.js';
import { MEASURE_EVENTS } from './event-gauges.statements.js';

/** More events that were given up are not told apart. */
const MOST_DEAD = 10_000;
/** How long a collection waits for the database, in milliseconds: what cannot be measured in time is left out. */
const LIMIT_MS = 2_000;

type Measures = RowOf<typeof MEASURE_EVENTS>;

/** Shows how the stored events are, by one statement for each collection. */
@Injectable()
export class EventGauges {
  private pending: Promise<Measures | undefined> | undefined;

  constructor(
    gauges: Gauges,
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
  ) {
    gauges.watch('stripe_config.event.pending.age', async () => {
      const measures = await this.measure();
      if (measures === undefined) return [];
      const { now, due_since: since } = measures;
      return [[since === null ? 0 : (now.getTime() - since.getTime()) / 1_000, {}]];
    });
    gauges.watch('stripe_config.event.dead', async () => {
      const measures = await this.measure();
      return measures === undefined ? [] : [[measures.dead, {}]];
    });
  }

  /** Both gauges, and collections at the same time, share one statement. */
  private measure(): Promise<Measures | undefined> {
    this.pending ??= withinDeadline(
      LIMIT_MS,
      async () => (await runStatement(this.database, 'read', MEASURE_EVENTS, { most: MOST_DEAD }))[0],
      () => new Error('the database did not answer in time'),
    ).finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { POOL_ATTRIBUTES as POOL } from '../database/pool.js';
import { Gauges } from '../options/gauges.js';

/** Shows the use of the pool, which may be the whole application's. */
@Injectable()
export class PoolGauges {
  constructor(
    gauges: Gauges,
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
  ) {
    gauges.watch('db.client.connection.count', () => {
      const { idleCount = 0, totalCount = 0 } = this.pool ?? {};
      return [
        [totalCount - idleCount, { ...POOL, 'db.client.connection.state': 'used' }],
        [idleCount, { ...POOL, 'db.client.connection.state': 'idle' }],
      ];
    });
    gauges.watch('db.client.connection.max', () => [[this.pool?.options.max ?? 0, POOL]]);
    gauges.watch('db.client.connection.pending_requests', () => [[this.pool?.waitingCount ?? 0, POOL]]);
  }

  /** Undefined until the host has opened it. */
  private get pool(): Pool | undefined {
    return this.database.pool as Pool | undefined;
  }
}

import type { Pool } from 'pg';
import type { Database } from './database.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { poolOf } from './pool.js';
import { ExplainedError } from '../domain/explained-error.js';

/** The part of a pool that writes leave to reads. */
const RESERVE = 0.3;
/** How many of the writes' connections are for single statements only, since longer work may need them. */
const FOR_STATEMENTS = 2;
/** How many writes may wait for each connection: as many as are done within a part of a second. */
const WAITING_FOR_EACH = 16;
/** Longest wait for a turn where the pool names no time for a connection, in milliseconds. */
const WAIT_MS = 1_000;

/** How long a write holds its connection: for one statement, or for a whole transaction. */
export type Hold = 'statement' | 'transaction';

/** Bounds the connections of a pool that writes hold, so that reads go on when writes cannot. */
class WriteTurns {
  private running = 0;
  private holding = 0;
  private waiting: { hold: Hold; start: () => void }[] = [];
  private lastChange = performance.now();

  /** @param waitMs longest wait; when no write ends for this time, further ones are refused at once */
  constructor(
    private readonly limits: Record<Hold, number>,
    private readonly waitMs: number,
  ) {}

  /** @throws DependencyUnavailable when the limit is reached and no write makes progress */
  async take(hold: Hold): Promise<() => void> {
    if (this.isFree(hold)) this.start(hold);
    else await this.wait(hold);
    return () => {
      this.running -= 1;
      if (hold === 'transaction') this.holding -= 1;
      this.lastChange = performance.now();
      this.startWaiting();
    };
  }

  private isFree(hold: Hold): boolean {
    if (this.running >= this.limits.statement) return false;
    return hold === 'statement' || this.holding < this.limits.transaction;
  }

  private start(hold: Hold): void {
    this.running += 1;
    if (hold === 'transaction') this.holding += 1;
    this.lastChange = performance.now();
  }

  private startWaiting(): void {
    for (const each of [...this.waiting]) if (this.isFree(each.hold)) each.start();
  }

  private wait(hold: Hold): Promise<void> {
    const isFull = this.waiting.length >= this.limits.statement * WAITING_FOR_EACH;
    if (isFull || performance.now() - this.lastChange > this.waitMs) return Promise.reject(noTurn());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== each);
      };
      const each = {
        hold,
        start: () => {
          leave();
          this.start(hold);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        leave();
        reject(noTurn());
      }, this.waitMs);
      this.waiting.push(each);
    });
  }
}

function noTurn(): DependencyUnavailable {
  return new DependencyUnavailable('database', {
    cause: new ExplainedError(
      'the writes before did not end in time; look for a standby that is waited for, for locks, and at the load of the database',
    ),
  });
}

const turns = new WeakMap<Pool, WriteTurns>();

/** How many connections of a database's pool writes may hold. A host's pool has the host's size. */
export function writeLimits(database: Database): Record<Hold, number> {
  const { max } = poolOf(database).options;
  const statement = Math.max(1, max - Math.max(1, Math.floor(max * RESERVE)));
  return { statement, transaction: Math.max(1, statement - FOR_STATEMENTS) };
}

/** The size of a pool in which so many transactions may write at once, by {@link writeLimits}. */
export function poolSizeFor(transactions: number): number {
  return Math.ceil((transactions + FOR_STATEMENTS) / (1 - RESERVE));
}

/**
 * Waits until a write may take a connection of the pool.
 *
 * @returns what to call when the write has ended
 * @throws DependencyUnavailable when that would take too long
 */
export async function takeWriteTurn(database: Database, hold: Hold): Promise<() => void> {
  const pool = poolOf(database);
  // 0 means no limit.
  const { connectionTimeoutMillis: waitMs = 0 } = pool.options;
  const ofPool = turns.get(pool) ?? new WriteTurns(writeLimits(database), waitMs > 0 ? waitMs : WAIT_MS);
  turns.set(pool, ofPool);
  return ofPool.take(hold);
}

import type { PoolClient } from 'pg';
import { ExplainedError } from '../domain/explained-error.js';
import type { AdaptedDatabase } from './database.js';
import { holdTransaction } from './held-transaction.js';
import { isClient, poolDatabase, type PoolTransactions } from './pool-database.js';
import { isPool } from './pool.js';

/** A database of Drizzle, as `drizzle(pool)` of `drizzle-orm/node-postgres` makes it: as much of it as is asked for. */
export interface HostDrizzle {
  /** Its `Pool` of `pg`. */
  readonly $client?: unknown;
  transaction(work: (tx: object) => Promise<unknown>): Promise<unknown>;
}

/** What handlers get of a database of Drizzle: `StripeEventContext<DrizzleTransaction<typeof db>>`. */
export type DrizzleTransaction<Db extends HostDrizzle> = Parameters<Parameters<Db['transaction']>[0]>[0];

/** What Drizzle keeps beside a connection or a pool, which its types do not show. */
interface DrizzleSession {
  readonly client: PoolClient;
  readonly dialect: object;
  readonly schema: object | undefined;
  readonly options: object;
  transaction(work: (tx: object) => Promise<void>): Promise<unknown>;
}

interface Inside {
  readonly $client: object;
  readonly _: { readonly session?: DrizzleSession };
}

const FAULT =
  'database: drizzleDatabase() takes what drizzle(pool) of drizzle-orm/node-postgres makes, version 0.45, with a Pool of pg';

/**
 * The database of a host that uses Drizzle, for the option `database`. Handlers get a transaction of Drizzle, and
 * `change.transaction` takes one.
 *
 * @param db what `drizzle(pool)` of `drizzle-orm/node-postgres` makes; its pool stays the host's
 * @param options `schema`: that of the module's tables. Default: the one in which they are found
 */
export function drizzleDatabase(
  db: HostDrizzle,
  { schema }: { schema?: string | undefined } = {},
): AdaptedDatabase {
  const { $client: pool, _: { session } = {} } = (db as Partial<Inside> | undefined) ?? {};
  if (!isPool(pool) || !isSession(session)) return { adapter: { fault: FAULT } };
  return { adapter: poolDatabase(pool, schema, transactionsOf(session)) };
}

/**
 * Transactions of Drizzle on connections that are ours: `db.transaction` would take one of the pool, and not give it back where
 * BEGIN fails.
 */
function transactionsOf(session: DrizzleSession): PoolTransactions {
  const Session = session.constructor as new (client: PoolClient, ...rest: unknown[]) => DrizzleSession;
  return {
    async begin(client) {
      const { dialect, schema, options } = session;
      const onClient = new Session(client, dialect, schema, options);
      const { handle, commit, rollback } = await holdTransaction<object>((work) =>
        onClient.transaction(work),
      );
      return { handle, rollback, commit: () => commit().catch(rethrowCause) };
    },
    clientOf(handle) {
      const client = (handle as Partial<Inside> | null | undefined)?._?.session?.client;
      if (isClient(client)) return client;
      throw new ExplainedError(
        'change.transaction must be a transaction of Drizzle: what db.transaction() gives its function',
      );
    },
  };
}

function isSession(session: DrizzleSession | undefined): session is DrizzleSession {
  const { dialect, options } = session ?? {};
  return typeof dialect === 'object' && typeof options === 'object' && session?.constructor.length === 3;
}

/** What the driver says is the cause of what Drizzle says. */
function rethrowCause(error: unknown): never {
  throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

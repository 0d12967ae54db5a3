import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { ExplainedError } from '../domain/explained-error.js';
import { sessionOn } from './client-session.js';
import type { AdaptedDatabase, Database, HostPool, OpenTransaction, Session } from './database.js';
import { holdTransaction } from './held-transaction.js';
import { POOL_ADVICE, joined, watchFromTheStart } from './pool-database.js';
import { connectLimit, isBusy, isPool, lentBy, neverReuse, poolOf } from './pool.js';

/** A `PrismaClient`: as much of it as is asked for. */
export interface HostPrisma {
  $transaction(
    work: (tx: HostPrismaTransaction) => Promise<unknown>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<unknown>;
}

/** A `Prisma.TransactionClient`: as much of it as is asked for. */
export interface HostPrismaTransaction {
  $executeRawUnsafe(sql: string): PromiseLike<number>;
}

const FAULT =
  'database: prismaDatabase() takes a PrismaClient of version 7 and { pool }, the Pool of pg that its adapter has: new PrismaClient({ adapter: new PrismaPg(pool) })';

/**
 * Prisma would end a transaction after this time, in milliseconds, and give back a connection that is still in use: never. The
 * module has limits of its own.
 */
const NEVER_MS = 2 ** 31 - 1;

/** Prisma's code of a transaction that has ended. */
const ENDED = 'P2028';

/** The transaction is on a connection of another pool. */
class OtherPool extends ExplainedError {
  override name = 'OtherPool';
}

/**
 * The database of a host that uses Prisma, for the option `database`. Handlers get a `Prisma.TransactionClient`, and
 * `change.transaction` takes one.
 *
 * @param prisma a `PrismaClient` that was given `adapter: new PrismaPg(pool)`
 * @param options `pool`: the same `Pool` of `pg`, which stays the host's. `schema`: that of the module's tables; default: the one in
 *   which they are found
 */
export function prismaDatabase(
  prisma: HostPrisma,
  options: { pool: HostPool; schema?: string | undefined },
): AdaptedDatabase {
  const { pool, schema } = (options as typeof options | undefined) ?? {};
  const isClient = typeof (prisma as HostPrisma | undefined)?.$transaction === 'function';
  if (!isPool(pool) || !isClient) return { adapter: { fault: FAULT } };
  const database: Database = {
    pool,
    schema,
    advice: { ...POOL_ADVICE, faults: () => faultsOf(database, prisma) },
    begin: () => begin(database, prisma),
    join: (handle) => join(database, handle),
  };
  watchFromTheStart(pool, database);
  return { adapter: database };
}

async function begin(database: Database, prisma: HostPrisma): Promise<OpenTransaction> {
  const options = { maxWait: connectLimit(database), timeout: NEVER_MS };
  const { handle, ...held } = await holdTransaction<HostPrismaTransaction>((work) =>
    prisma.$transaction(work, options),
  );
  try {
    return openOn(database, await connectionOf(database, handle), { handle, ...held });
  } catch (error) {
    await held.rollback().catch(ignore);
    throw error;
  }
}

function openOn(
  database: Database,
  client: PoolClient,
  { handle, ...held }: { handle: object; commit: () => Promise<void>; rollback: () => Promise<void> },
): OpenTransaction {
  let isEnded = false;
  return {
    ...sessionOn(database, client),
    handle,
    client,
    commit() {
      isEnded = true;
      return held.commit().catch(rethrowDriverError);
    },
    rollback() {
      isEnded = true;
      return held.rollback();
    },
    async release() {
      if (isEnded) return;
      // A statement is unanswered, behind which Prisma's ROLLBACK would wait.
      neverReuse(client);
      void client.end();
      await held.rollback().catch(ignore);
    },
  };
}

/** Prisma may end a host's transaction at any time, by its own limit: each statement asks it first. */
async function join(database: Database, handle: unknown): Promise<Session> {
  const { $executeRawUnsafe, $connect } = (handle ?? {}) as Record<string, unknown>;
  if (typeof $executeRawUnsafe !== 'function' || $connect !== undefined) {
    throw new ExplainedError(
      'change.transaction must be a transaction of Prisma: what prisma.$transaction() gives its function',
    );
  }
  const find = () => connectionOf(database, handle as HostPrismaTransaction).catch(explainEnd);
  joined(database, await find());
  return {
    database,
    async query(statement) {
      let client = await find();
      // Something was sent behind the question, perhaps the ROLLBACK of Prisma: what follows that would be committed alone.
      while (isBusy(client)) client = await find();
      return joined(database, client).query(statement);
    },
  };
}

/**
 * The connection on which a transaction is. Prisma does not show it, so a message is sent through Prisma that only the connection
 * itself receives. The number of its server process would not do: behind a pooler the client has another.
 *
 * @throws OtherPool when it is none of the pool's
 */
async function connectionOf(database: Database, tx: HostPrismaTransaction): Promise<PoolClient> {
  const mark = randomUUID();
  const found: PoolClient[] = [];
  const listening = lentBy(poolOf(database)).map((client) => {
    const listen = ({ message }: { message?: string | undefined }): void => {
      if (message === mark) found.push(client);
    };
    client.on('notice', listen);
    return () => client.off('notice', listen);
  });
  try {
    // INFO is sent whatever client_min_messages says.
    await tx.$executeRawUnsafe(`DO $$ BEGIN RAISE INFO '${mark}'; END $$`);
  } finally {
    for (const stop of listening) stop();
  }
  const [client] = found;
  if (client === undefined) {
    throw new OtherPool(
      'the transaction of Prisma is of another database or pool than the options of PaymentsModule name; give the PrismaClient new PrismaPg(pool) with that pool, and install one pg for both (npm ls pg)',
    );
  }
  return client;
}

async function faultsOf(database: Database, prisma: HostPrisma): Promise<string[]> {
  try {
    const transaction = await begin(database, prisma);
    await transaction.rollback();
    await transaction.release();
  } catch (error) {
    if (error instanceof OtherPool) return [error.message];
  }
  return [];
}

function explainEnd(error: unknown): never {
  if ((error as { code?: unknown }).code !== ENDED) throw error;
  throw new ExplainedError(
    'change.transaction has ended; await what uses it before that, or give it more time',
    {
      cause: error,
    },
  );
}

/** The code of PostgreSQL is inside of what Prisma says. */
function rethrowDriverError(error: unknown): never {
  const { meta, cause } = error as { meta?: { driverAdapterError?: { cause?: unknown } }; cause?: unknown };
  const { originalCode: code } = (meta?.driverAdapterError?.cause ?? cause ?? {}) as {
    originalCode?: string;
  };
  if (code === undefined) throw error;
  throw Object.assign(new Error('the database refused the commit', { cause: error }), { code });
}

function ignore(): void {
  // The first error is thrown.
}

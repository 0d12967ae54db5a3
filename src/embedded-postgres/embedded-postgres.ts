import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { readOrCreatePassword, removeLeftovers } from './cluster.js';
import { urlOf } from './connection.js';
import type { Context } from './context.js';
import { EmbeddedPostgresError, FolderInUseError, messageOf } from './errors.js';
import { stopOwned, takeOwnership } from './ownership.js';
import { layOut, type Paths } from './paths.js';
import { readPostmaster } from './postmaster.js';
import { prepare } from './prepare.js';

export { EmbeddedPostgresError } from './errors.js';

/** How long the lock of an owner that was killed may remain before the owner counts as alive. */
const LOCK_PATIENCE_MS = 3_000;

/** A running PostgreSQL that belongs to this process. */
export interface EmbeddedPostgres {
  /** `postgres://user:password@127.0.0.1:port/database`; a secret, since it holds the password. */
  readonly url: string;
  /** Shuts PostgreSQL down and waits until it is gone; further calls return the same promise. */
  stop(): Promise<void>;
}

/**
 * Starts (or, after a crash of its former owner, adopts) the PostgreSQL whose data lies in `<dataDir>/postgres`.
 *
 * It ends with this process, however that ends, except by SIGKILL.
 *
 * @param signal aborts the start, and stops what was started by then
 * @throws {EmbeddedPostgresError} when it cannot run, or another instance is using the data folder.
 */
export function startEmbeddedPostgres(dataDir: string, signal?: AbortSignal): Promise<EmbeddedPostgres> {
  return start(layOut(path.resolve(dataDir)), { signal, lockPatienceMs: LOCK_PATIENCE_MS });
}

/**
 * The PostgreSQL whose data lies in `<dataDir>/postgres`, for a command: the one that runs for the service, which `stop` does
 * not stop, or else one that is started and stopped.
 *
 * @throws {EmbeddedPostgresError} when there is none or it cannot run
 */
export async function useEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const paths = layOut(path.resolve(dataDir));
  if (!existsSync(path.join(paths.cluster, 'PG_VERSION'))) {
    throw new EmbeddedPostgresError(
      `There is no database in ${paths.dataDir}: set DATABASE_URL, or DATA_DIR to the folder of a service that has run ("npm start" makes it).`,
    );
  }
  try {
    return await start(paths, { signal: undefined, lockPatienceMs: 0 });
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    const running = await readPostmaster(paths);
    if (running === undefined) throw error;
    return { url: urlOf(running, await readOrCreatePassword(paths)), stop: () => Promise.resolve() };
  }
}

async function start(
  paths: Paths,
  options: Pick<Context, 'signal' | 'lockPatienceMs'>,
): Promise<EmbeddedPostgres> {
  try {
    const context = await prepare(paths, options);
    const { server, lock } = await takeOwnership(context);
    await removeLeftovers(paths);
    let stopped: Promise<void> | undefined;
    return {
      url: urlOf(server, context.password),
      stop: () => (stopped ??= stopOwned(paths, { server, lock })),
    };
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `Cannot run PostgreSQL in ${paths.dataDir} (set DATA_DIR to another folder, or set DATABASE_URL): ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

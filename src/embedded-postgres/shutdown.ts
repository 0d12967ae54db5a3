import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './errors.js';
import type { LaunchedServer } from './launch.js';
import type { Paths } from './paths.js';
import { isRunning, readPostmaster, signal, type Server } from './postmaster.js';
import { outliving } from './process-exit.js';

const STOP_LIMIT_MS = 30_000;
const POLL_MS = 50;

/** Shuts a server down, if it is still that of the folder. */
export async function shutDown(paths: Paths, { pid }: Server): Promise<void> {
  // The pid may belong to another process by now, unless the pid file still names it.
  if ((await readPostmaster(paths))?.pid === pid) await endProcess(paths, pid);
  outliving(pid);
}

/** Also one that has not yet written its pid into the folder. */
export async function shutDownLaunched(paths: Paths, server: LaunchedServer): Promise<void> {
  if (server.ended() === undefined) await endProcess(paths, server.pid);
  outliving(server.pid);
}

async function endProcess(paths: Paths, pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (await isRunning(pid)) {
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `PostgreSQL (process ${pid}) in ${paths.cluster} does not stop; see ${paths.log}.`,
      );
    }
    await sleep(POLL_MS);
  }
}

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { hasCode, ignoring, readIfPresent } from './errors.js';
import type { Paths } from './paths.js';

/** PostgreSQL's first process, and where it listens. */
export interface Server {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs on the folder, according to its pid file. */
export async function readPostmaster({ cluster }: Paths): Promise<Server | undefined> {
  const lines = (await readIfPresent(path.join(cluster, 'postmaster.pid')))?.split('\n') ?? [];
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 && (await isRunning(pid)) ? { pid, port } : undefined;
}

/** Whether the folder names a process as its server. */
export function isNamedBy({ cluster }: Paths, pid: number): boolean {
  try {
    return Number.parseInt(readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8'), 10) === pid;
  } catch {
    return false;
  }
}

export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
  }
  // An orphan that ended remains a zombie where the init process does not reap, as in some containers.
  const stat = await readIfPresent(`/proc/${pid}/stat`).catch(() => undefined);
  return stat === undefined || !/^\d+ \(.*\) [ZX]/s.test(stat);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    ignoring('ESRCH')(error);
  }
}

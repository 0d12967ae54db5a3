import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The process of the PostgreSQL under a data folder; undefined when it has ended in order. */
export function postmasterOf(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  // PostgreSQL makes the file first and writes into it then.
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : NaN;
  return Number.isNaN(pid) ? undefined : pid;
}

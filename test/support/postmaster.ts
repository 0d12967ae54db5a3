import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The process of the PostgreSQL under a data folder; undefined when it has ended in order. */
export function postmasterOf(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

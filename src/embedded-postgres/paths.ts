import * as path from 'node:path';
import { EmbeddedPostgresError } from './errors.js';

/** The layout of a data folder. */
export interface Paths {
  readonly dataDir: string;
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
}

export function layOut(dataDir: string): Paths {
  return {
    dataDir,
    cluster: path.join(dataDir, 'postgres'),
    password: path.join(dataDir, 'postgres-password'),
    log: path.join(dataDir, 'postgres.log'),
  };
}

/** PostgreSQL's programs call each other through a shell, with paths in double quotes. */
export function refuseShellCharacters(file: string): void {
  const found = /["$`\\\n]/.exec(file)?.[0];
  if (found === undefined || process.platform === 'win32') return;
  throw new EmbeddedPostgresError(
    `PostgreSQL cannot work in ${path.dirname(file)}, whose path holds ${JSON.stringify(found)}: set DATA_DIR to another folder (or move the project, where that is its path), or set DATABASE_URL.`,
  );
}

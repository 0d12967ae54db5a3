import * as fs from 'node:fs/promises';
import { types } from 'node:util';

/** The embedded PostgreSQL cannot run; the message says why and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

/** Another instance owns the data folder. */
export class FolderInUseError extends EmbeddedPostgresError {}

export function hasCode(error: unknown, code: string): boolean {
  return types.isNativeError(error) && (error as NodeJS.ErrnoException).code === code;
}

export function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if (!hasCode(error, code)) throw error;
  };
}

export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    ignoring('ENOENT')(error);
    return undefined;
  }
}

export function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}

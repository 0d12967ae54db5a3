import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the service keeps the key ring that it makes for itself. */
export function developmentKeyRingPath(dataDir: string): string {
  return join(dataDir, 'key-ring.json');
}

/** The folder of what is made up cannot be used; the message says why and what to do. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
}

/** By the code of the system. */
const FAULTS: Readonly<Record<string, string>> = {
  EEXIST: 'is a file and no folder',
  ENOTDIR: 'lies below a file',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  EROFS: 'is on a file system that is read-only',
  ENOSPC: 'is on a disk that is full',
};

/**
 * Makes the folder of what is made up, and sees whether it can be written.
 *
 * @throws DataFolderError
 */
export function makeDataFolder(dataDir: string): void {
  const path = resolve(dataDir);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new DataFolderError(
      `${path} ${FAULTS[code] ?? `cannot be made (${code})`}: set DATA_DIR to a folder that this user may write, or set DATABASE_URL, KEY_RING_FILE and AUTH_JWT_SECRET.`,
      { cause: error },
    );
  }
}

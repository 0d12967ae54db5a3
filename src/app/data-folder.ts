import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where the service stores the key ring that it generates. */
export function developmentKeyRingPath(dataDir: string): string {
  return join(dataDir, 'key-ring.json');
}

/** The folder of generated files cannot be used; the message says why and what to do. */
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
  ENOENT: 'is where no folder can be made',
  EISDIR: 'is a folder and no file',
  ENOSPC: 'is on a disk that is full',
};

/**
 * Creates the folder of generated files, and checks that it is writable.
 *
 * @throws DataFolderError
 */
export function makeDataFolder(dataDir: string): void {
  const path = resolve(dataDir);
  try {
    makeFolders(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw dataFolderFault(path, error);
  }
}

/** The fault for a file or folder below the data folder, or that folder itself, by the code of the system. */
export function dataFolderFault(path: string, error: unknown): DataFolderError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return new DataFolderError(
    `${path} ${FAULTS[code] ?? `cannot be used (${code})`}: set DATA_DIR to a folder that this user may write, or set DATABASE_URL, KEY_RING_FILE and AUTH_JWT_SECRET.`,
    { cause: error },
  );
}

/** One by one: where folders cannot be created, as in /proc, Node's recursive creation never ends. */
function makeFolders(path: string): void {
  const parent = dirname(path);
  // A parent that is a file is left to the system, whose codes for it, unlike those of `stat`, are the same on all versions of Node.
  if (parent !== path && !existsSync(parent)) makeFolders(parent);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // It existed, or another process has created it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

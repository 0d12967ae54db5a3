import { resolve } from 'node:path';
import { createKeyRingFile } from '../payments/crypto/key-ring-file.js';
import { dataFolderFault, developmentKeyRingPath, makeDataFolder } from './data-folder.js';

/** The development key ring under the data folder, created when there is none. */
export async function developmentKeyRingFile(dataDir: string): Promise<string> {
  const path = developmentKeyRingPath(dataDir);
  makeDataFolder(dataDir);
  await createKeyRingFile(path, { development: true }).catch((error: unknown) => {
    unlessItExists(path, error);
  });
  return path;
}

function unlessItExists(path: string, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw dataFolderFault(resolve(path), error);
}

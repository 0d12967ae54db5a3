import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import jsonwebtoken from 'jsonwebtoken';
import { createKeyRingFile } from '../payments/crypto/key-ring-file.js';
import { dataFolderFault, developmentKeyRingPath, makeDataFolder } from './data-folder.js';
import { DEVELOPMENT_SECRET_PREFIX } from './settings/token-secret.js';

/** The `sub` of the demo developer. */
export const DEMO_DEVELOPER = 'demo-developer';
const DEMO_TOKEN_DAYS = 30;

/** The development key ring under the data folder, created when there is none. */
export async function developmentKeyRingFile(dataDir: string): Promise<string> {
  const path = developmentKeyRingPath(dataDir);
  makeDataFolder(dataDir);
  await createKeyRingFile(path, { development: true }).catch((error: unknown) => {
    unlessItExists(path, error);
  });
  return path;
}

/** The development signing secret under the data folder, created when there is none. */
export function developmentSecret(dataDir: string): Buffer {
  const path = join(dataDir, 'jwt-secret');
  makeDataFolder(dataDir);
  try {
    const secret = `${DEVELOPMENT_SECRET_PREFIX}${randomBytes(48).toString('base64url')}`;
    writeFileSync(path, secret, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    unlessItExists(path, error);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    throw dataFolderFault(resolve(path), error);
  }
}

function unlessItExists(path: string, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw dataFolderFault(resolve(path), error);
}

/** The claims of a development token. */
export interface TokenClaims {
  /** Default: the demo developer. */
  subject?: string | undefined;
  scope?: string | undefined;
  /** How long it is valid, in days. Default: 30. */
  days?: number | undefined;
}

/** Signs an access token with the HS256 secret. */
export function developmentToken(secret: Buffer, { subject, scope, days }: TokenClaims = {}): string {
  return jsonwebtoken.sign({ token_use: 'access', ...(scope !== undefined && { scope }) }, secret, {
    algorithm: 'HS256',
    subject: subject ?? DEMO_DEVELOPER,
    expiresIn: `${days ?? DEMO_TOKEN_DAYS}d`,
  });
}

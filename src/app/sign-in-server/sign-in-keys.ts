import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { DataFolderError, dataFolderFault, makeDataFolder } from '../data-folder.js';

const KEYS_FILE = 'sign-in-keys.json';
const PORT_FILE = 'sign-in-port';

/** What signs tokens. */
export const SIGNING_ALGORITHM = 'ES256';

/** The keys of the sign-in server. */
export interface SignInKeys {
  /** The private key of its tokens, as a JSON Web Key. */
  signingKey: JsonWebKey & { kid: string };
  /** What signs its cookies. */
  cookieKey: string;
}

const FILE = v.object({
  signingKey: v.looseObject({
    kid: v.string(),
    kty: v.literal('EC'),
    crv: v.literal('P-256'),
    d: v.string(),
  }),
  cookieKey: v.pipe(v.string(), v.minLength(32)),
});

/**
 * The keys under the data folder, created when there are none.
 *
 * @throws DataFolderError
 */
export function signInKeys(dataDir: string): SignInKeys {
  const path = join(dataDir, KEYS_FILE);
  makeDataFolder(dataDir);
  try {
    writeFileSync(path, JSON.stringify(makeKeys()), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw dataFolderFault(resolve(path), error);
  }
  return readKeys(resolve(path));
}

function makeKeys(): SignInKeys {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomBytes(9).toString('base64url');
  const signingKey = { ...privateKey.export({ format: 'jwk' }), kid, alg: SIGNING_ALGORITHM, use: 'sig' };
  return { signingKey, cookieKey: randomBytes(32).toString('base64url') };
}

function readKeys(path: string): SignInKeys {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw dataFolderFault(path, error);
  }
  try {
    const keys = v.parse(FILE, JSON.parse(text));
    privateKeyOf(keys);
    return keys;
  } catch {
    // The cause might repeat what is in it.
    throw new DataFolderError(
      `${path}, which the service generated, is damaged: remove it, and it is made again.`,
    );
  }
}

/** The key that signs tokens, as Node has it. */
export function privateKeyOf({ signingKey }: SignInKeys): KeyObject {
  return createPrivateKey({ key: signingKey, format: 'jwk' });
}

/**
 * The port to listen on: the one that the settings give, or else the one of last time, so that tokens hold, or else the
 * one after the service's own.
 *
 * @param given the setting
 * @param servicePort 0: any that is free, for both
 */
export function wantedPort(dataDir: string, given: number | undefined, servicePort: number): number {
  return (
    given ?? rememberedPort(dataDir) ?? (servicePort === 0 || servicePort === 65_535 ? 0 : servicePort + 1)
  );
}

function rememberedPort(dataDir: string): number | undefined {
  try {
    const port = Number(readFileSync(join(dataDir, PORT_FILE), 'utf8'));
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Remembers where the sign-in server listened: its address stands in its tokens.
 *
 * @throws DataFolderError
 */
export function rememberPort(dataDir: string, port: number): void {
  if (rememberedPort(dataDir) === port) return;
  const path = join(dataDir, PORT_FILE);
  try {
    writeFileSync(path, `${port}\n`, { mode: 0o600 });
  } catch (error) {
    throw dataFolderFault(resolve(path), error);
  }
}

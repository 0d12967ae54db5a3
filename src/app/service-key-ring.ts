import { resolve } from 'node:path';
import { openKeyRingFile, type KeyRingFile } from '../payments/crypto/key-ring-file.js';
import { readKeyRingText } from '../payments/crypto/key-ring-text.js';
import { KeyRingError, type KeyRing } from '../payments/crypto/key-ring.js';
import { developmentKeyRingFile } from './development.js';
import type { Env } from './env.js';

/** Whether the settings name no key ring, so that the service makes one. */
export function isKeyRingMade({ keyRing, keyRingFile }: Env): boolean {
  return keyRing === undefined && keyRingFile === undefined;
}

/**
 * The key ring that the settings name, or else the one that the service has made.
 *
 * @throws KeyRingError naming the setting, the fault and the fix
 */
export async function openServiceKeyRing(env: Env): Promise<KeyRing | KeyRingFile> {
  const { keyRing, keyRingFile, dataDir, production, vaultToken, vaultNamespace } = env;
  const options = {
    allowDevelopment: !production,
    keyServices: { allowLoopbackHttp: !production, vaultToken, vaultNamespace },
  };
  if (keyRing !== undefined) {
    return readKeyRingText(keyRing.reveal(), options).catch(rethrow((fault) => `KEY_RING: ${fault}`));
  }
  if (keyRingFile !== undefined) {
    return openKeyRingFile(keyRingFile, options).catch(rethrow((fault) => `KEY_RING_FILE: ${fault}`));
  }
  const made = await developmentKeyRingFile(dataDir);
  return openKeyRingFile(made, options).catch(
    rethrow(
      (fault) =>
        `${resolve(made)}, which the service generated: ${fault}. What was stored for development goes with its keys: where nothing is to be saved, remove the folder ${resolve(dataDir)}, and all is made again.`,
    ),
  );
}

function rethrow(sentence: (fault: string) => string): (error: unknown) => never {
  return (error) => {
    throw error instanceof KeyRingError ? new KeyRingError(sentence(error.message)) : error;
  };
}

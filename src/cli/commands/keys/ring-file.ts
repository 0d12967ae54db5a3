import { resolve } from 'node:path';
import { readKeysEnv } from '../../../app/settings/command-settings.js';
import { readKeyRingFile } from '../../../payments/crypto/key-ring-file.js';
import { Sealer } from '../../../payments/crypto/sealer.js';
import { CommandFault } from '../../fault.js';

/** The file of the ring: the given one, or else KEY_RING_FILE. */
export function keyRingFile(named?: string): string {
  const file = named ?? readKeysEnv().keyRingFile;
  if (file === undefined) throw new CommandFault('Name the key ring file, or set KEY_RING_FILE.');
  return resolve(file);
}

/** Seals and opens with the ring of the file. */
export async function sealerOfRing(): Promise<Sealer> {
  const { production, keyServices } = readKeysEnv();
  return new Sealer(await readKeyRingFile(keyRingFile(), { allowDevelopment: !production, keyServices }));
}

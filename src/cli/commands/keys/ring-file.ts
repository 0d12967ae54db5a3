import { resolve } from 'node:path';
import { readKeysEnv } from '../../../app/settings/command-settings.js';
import { describeKeyRing, readKeyRingFile } from '../../../payments/crypto/key-ring-file.js';
import type { KeyRing } from '../../../payments/crypto/key-ring.js';
import { describeKeyRingText, readKeyRingText } from '../../../payments/crypto/key-ring-text.js';
import type { KeyRingDescription } from '../../../payments/crypto/open-key-ring-form.js';
import { Sealer } from '../../../payments/crypto/sealer.js';
import { CommandFault } from '../../fault.js';

/** The file of the ring, which a command changes: the given one, or else KEY_RING_FILE. */
export function keyRingFile(named?: string): string {
  const { keyRing, keyRingFile: set } = readKeysEnv();
  const file = named ?? set;
  if (file !== undefined) return resolve(file);
  throw new CommandFault(
    keyRing === undefined
      ? 'Name the key ring file, or set KEY_RING_FILE.'
      : 'KEY_RING is a text, which cannot be changed: write it into a file, set KEY_RING_FILE to that in its place, and deploy what the file holds afterwards.',
  );
}

/** What may be shown of the ring that the settings name. */
export async function describeRing(): Promise<KeyRingDescription> {
  const { keyRing } = readKeysEnv();
  return keyRing === undefined ? describeKeyRing(keyRingFile()) : describeKeyRingText(keyRing.reveal());
}

/** Seals and opens with the ring that the settings name. */
export async function sealerOfRing(): Promise<Sealer> {
  return new Sealer(await openRing());
}

/** The ring that the settings name. */
export async function openRing(): Promise<KeyRing> {
  const { production, keyServices, keyRing } = readKeysEnv();
  const options = { allowDevelopment: !production, keyServices };
  return keyRing === undefined
    ? readKeyRingFile(keyRingFile(), options)
    : readKeyRingText(keyRing.reveal(), options);
}

import { KeyRing, KeyRingError } from '../crypto/key-ring.js';
import { openKeyRingFile, type KeyRingFile } from '../crypto/key-ring-file.js';
import { PaymentsOptionsError } from '../options/options-error.js';
import type { PaymentsModuleOptions } from '../options/payments.options.js';

/** The ring at start, with its file if it has one. */
export type OpenedKeyRing = KeyRingFile | { ring: KeyRing };

/** Injection token of the {@link OpenedKeyRing}. */
export const OPENED_KEY_RING = Symbol('OpenedKeyRing');

/**
 * The ring that the options name.
 *
 * @throws PaymentsOptionsError naming what is wrong with its file
 */
export async function openKeyRing({
  keyRing,
}: Pick<PaymentsModuleOptions, 'keyRing'>): Promise<OpenedKeyRing> {
  if (keyRing instanceof KeyRing) return { ring: keyRing };
  if (typeof keyRing !== 'string') return keyRing;
  return openKeyRingFile(keyRing).catch((error: unknown) => {
    throw error instanceof KeyRingError ? new PaymentsOptionsError([`keyRing: ${error.message}`]) : error;
  });
}

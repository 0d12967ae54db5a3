import { keyFromMaterial, keyFromRoot, type KeyForm, type KeyRingForm } from './key-ring-form.js';
import {
  KeyRing,
  KeyRingError,
  ringFingerprint,
  type KeyState,
  type RetiredKey,
  type RingKey,
} from './key-ring.js';
import type { KeyServiceOptions } from './key-services/key-service.js';
import { openKeyService } from './key-services/open-key-service.js';
import type { KeyServiceName } from './key-services/wrapped-key.js';

/** How a ring that lies somewhere is opened. */
export interface OpenOptions {
  /** Whether a ring that the service generated may be used; false in production. */
  allowDevelopment: boolean;
  /** How the key services that the ring names are reached. */
  keyServices?: KeyServiceOptions;
}

/**
 * Opens a ring, and unwraps its wrapped keys, all at once. Retired keys are not unwrapped.
 *
 * @throws KeyRingError naming the fault and the fix
 */
export async function openForm(
  form: KeyRingForm,
  { allowDevelopment, keyServices }: OpenOptions,
): Promise<KeyRing> {
  refuseDevelopment(form, allowDevelopment);
  // Waits for every call, so that none is still running when another has failed.
  const keys = await Promise.allSettled(form.keys.map((key) => openKey(key, keyServices)));
  return new KeyRing(
    keys.map((key) => {
      if (key.status === 'rejected') throw key.reason;
      return key.value;
    }),
  );
}

/** @throws KeyRingError where a ring is for development only, and that is not allowed */
export function refuseDevelopment({ development }: KeyRingForm, allowDevelopment: boolean): void {
  if (development && !allowDevelopment) {
    throw new KeyRingError(
      'the key ring was made for development; make one for production with the command "keys generate"',
    );
  }
}

async function openKey(
  { id, state, material, wrapped }: KeyForm,
  keyServices?: KeyServiceOptions,
): Promise<RingKey | RetiredKey> {
  if (material !== undefined) return keyFromMaterial(id, state, material);
  if (state === 'retired' || wrapped === undefined) return { id, state: 'retired' };
  const service = await openKeyService(wrapped, keyServices);
  return keyFromRoot(id, state, await service.unwrap(wrapped.ciphertext, id));
}

/** What may be shown of a key. */
export interface KeyDescription {
  id: string;
  state: KeyState;
  /** ISO 8601, as the file has it. */
  createdAt: string;
  /** Where the key's bytes are: in the file, with a key service, or nowhere any more. */
  service: KeyServiceName | 'file' | 'none';
}

/** What may be shown of a key ring. */
export interface KeyRingDescription {
  /** Whether the service generated the ring; production refuses it then. */
  development: boolean;
  /** As of `KeyRing.fingerprint`. */
  fingerprint: string;
  /** In the order of the file. */
  keys: KeyDescription[];
}

/** What may be shown of a ring. */
export function describeForm(form: KeyRingForm): KeyRingDescription {
  return {
    development: form.development === true,
    fingerprint: ringFingerprint(form.keys),
    keys: form.keys.map(({ id, state, created_at, material, wrapped }) => ({
      id,
      state,
      createdAt: created_at,
      service: wrapped?.service ?? (material === undefined ? 'none' : 'file'),
    })),
  };
}

import * as v from 'valibot';
import { KeyRingError, validateKeys, ringKey, type KeyState, type RingKey } from './key-ring.js';
import { isWrappedKey, type WrappedKey } from './key-services/wrapped-key.js';

const KEY_FORM = v.pipe(
  v.object({
    /** Derived from the key itself, see `keyId`. */
    id: v.pipe(v.string(), v.regex(/^[a-z2-7]{10}$/)),
    state: v.picklist(['active', 'decrypt-only', 'retired'] satisfies KeyState[]),
    /** The root key in base64. */
    material: v.exactOptional(v.string()),
    /** The root key as a key service wrapped it; its inside is validated later, where the key can be named. */
    wrapped: v.exactOptional(v.custom<WrappedKey>(() => true)),
    /** ISO 8601. */
    created_at: v.string(),
  }),
  v.check(({ state, ...key }) => {
    const sources = ['material', 'wrapped'].filter((source) => source in key).length;
    return sources === 1 || (sources === 0 && state === 'retired');
  }),
);

const KEY_RING_FORM = v.object({
  version: v.literal(1),
  /** Set on a ring that the service generated; production refuses it. */
  development: v.exactOptional(v.literal(true)),
  keys: v.array(KEY_FORM),
});

/** A key as it lies on disk: in the clear, wrapped by a key service, or, once retired, without its bytes. */
export type KeyForm = v.InferOutput<typeof KEY_FORM>;

/** The key ring as it lies on disk. */
export type KeyRingForm = v.InferOutput<typeof KEY_RING_FORM>;

/**
 * Reads the text of a key ring file and validates everything that can be validated without a key service.
 *
 * @param what what holds the text, as the beginning of a sentence about its fault
 * @throws KeyRingError naming the fault and the fix.
 */
export function parseKeyRingForm(text: string, what = 'the key ring file'): KeyRingForm {
  let form: unknown;
  try {
    form = JSON.parse(text);
  } catch {
    throw new KeyRingError(
      text.trim() === ''
        ? `${what} is empty; restore it from its backup, or remove it and make a new ring if nothing was ever stored`
        : `${what} is not JSON; restore it from its backup`,
    );
  }
  if (!v.is(KEY_RING_FORM, form)) {
    throw new KeyRingError(
      `${what} has an unknown form; it needs "version": 1 and "keys", each with id, state, created_at, and either material or wrapped`,
    );
  }
  validateKeyRing(form);
  return form;
}

/**
 * Validates a ring as a whole.
 *
 * @throws KeyRingError as {@link parseKeyRingForm} does
 */
export function validateKeyRing({ keys }: KeyRingForm): void {
  for (const { id, state, material, wrapped } of keys) {
    if (material !== undefined) keyFromMaterial(id, state, material);
    if (wrapped !== undefined && !isWrappedKey(wrapped)) {
      throw new KeyRingError(
        `the wrapped key ${id} has an unknown form; it needs "service" ("aws-kms", "gcp-kms" or "vault-transit"), what names the service's key, and "ciphertext"`,
      );
    }
  }
  validateKeys(keys);
}

/** The text of a key ring file. */
export function formatKeyRing(form: KeyRingForm): string {
  return `${JSON.stringify(form, null, 2)}\n`;
}

/** @throws KeyRingError when the material is damaged, or of another key than `id` says */
export function keyFromMaterial(id: string, state: KeyState, material: string): RingKey {
  const root = Buffer.from(material, 'base64');
  if (root.toString('base64') !== material) {
    throw new KeyRingError('the material of a key is not base64; restore the key ring file from its backup');
  }
  return keyFromRoot(id, state, root);
}

/** @throws KeyRingError when the root is no key, or another than `id` says */
export function keyFromRoot(id: string, state: KeyState, root: Buffer): RingKey {
  const key = ringKey(root, state);
  if (key.id !== id) {
    throw new KeyRingError(
      'the id of a key does not match its material; restore the key ring file from its backup',
    );
  }
  return key;
}

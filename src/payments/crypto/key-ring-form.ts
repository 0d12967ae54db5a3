import { KeyRingError, judgeKeys, ringKey, type KeyState, type RingKey } from './key-ring.js';
import { isWrappedKey, type WrappedKey } from './key-services/wrapped-key.js';

/** A key as it lies on disk: in the clear, wrapped by a key service, or, once retired, without its bytes. */
export interface KeyForm {
  /** Derived from the key itself, see `keyId`. */
  id: string;
  state: KeyState;
  /** The root key in base64. */
  material?: string;
  /** The root key as a key service wrapped it. */
  wrapped?: WrappedKey;
  /** ISO 8601. */
  created_at: string;
}

/** The key ring as it lies on disk. */
export interface KeyRingForm {
  version: 1;
  /** Set on a ring that the service made for itself; production refuses it. */
  development?: true;
  keys: KeyForm[];
}

const STATES: readonly string[] = ['active', 'decrypt-only', 'retired'] satisfies KeyState[];

/**
 * Reads the text of a key ring file and judges all that can be judged without a key service.
 *
 * @throws KeyRingError naming the fault and the mend.
 */
export function parseKeyRing(text: string): KeyRingForm {
  let form: unknown;
  try {
    form = JSON.parse(text);
  } catch {
    throw new KeyRingError(
      text.trim() === ''
        ? 'the key ring file is empty; restore it from its backup, or remove it and make a new ring if nothing was ever stored'
        : 'the key ring file is not JSON; restore it from its backup',
    );
  }
  if (!isKeyRingForm(form)) {
    throw new KeyRingError(
      'the key ring file has an unknown form; it needs "version": 1 and "keys", each with id, state, created_at, and either material or wrapped',
    );
  }
  judgeKeyRing(form);
  return form;
}

/**
 * Judges a ring as a whole.
 *
 * @throws KeyRingError as {@link parseKeyRing} does
 */
export function judgeKeyRing({ keys }: KeyRingForm): void {
  for (const { id, state, material, wrapped } of keys) {
    if (material !== undefined) keyFromMaterial(id, state, material);
    if (wrapped !== undefined && !isWrappedKey(wrapped)) {
      throw new KeyRingError(
        `the wrapped key ${id} has an unknown form; it needs "service" ("aws-kms", "gcp-kms" or "vault-transit"), what names the service's key, and "ciphertext"`,
      );
    }
  }
  judgeKeys(keys);
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

function isKeyRingForm(form: unknown): form is KeyRingForm {
  if (typeof form !== 'object' || form === null) return false;
  const { version, development, keys } = form as Record<string, unknown>;
  return (
    version === 1 &&
    (development === undefined || development === true) &&
    Array.isArray(keys) &&
    keys.every(isKeyForm)
  );
}

/** The inside of `wrapped` is judged later, where the key can be named. */
function isKeyForm(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const { id, state, material, wrapped, created_at } = key as Record<string, unknown>;
  const sources = [material, wrapped].filter((source) => source !== undefined).length;
  return (
    typeof id === 'string' &&
    /^[a-z2-7]{10}$/.test(id) &&
    typeof state === 'string' &&
    STATES.includes(state) &&
    typeof created_at === 'string' &&
    (material === undefined || typeof material === 'string') &&
    (sources === 1 || (sources === 0 && state === 'retired'))
  );
}

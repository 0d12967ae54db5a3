import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { KEY_BYTES, KeyRing, KeyRingError, keyId, ringKey, type KeyState, type RingKey } from './key-ring.js';

/** The key ring as it lies on disk. */
interface KeyRingFile {
  version: 1;
  /** Set on a ring that the service made for itself; production refuses it. */
  development?: true;
  keys: { id: string; state: KeyState; material: string; created_at: string }[];
}

const STATES: readonly string[] = ['active', 'decrypt-only', 'retired'] satisfies KeyState[];

/**
 * Reads and judges a key ring file.
 *
 * @param path a JSON file of mode 0400 or 0600 (not judged on Windows)
 * @param options.allowDevelopment whether a ring that the service made for itself may be used; false in production
 * @throws KeyRingError naming the fault and the mend.
 */
export function readKeyRingFile(path: string, { allowDevelopment }: { allowDevelopment: boolean }): KeyRing {
  const file = parse(readPrivateFile(path));
  if (file.development && !allowDevelopment) {
    throw new KeyRingError(
      'the key ring was made for development; make one for production with "npm run keys -- generate"',
    );
  }
  return new KeyRing(file.keys.map(toRingKey));
}

/**
 * Writes a new key ring with one active key. Never overwrites.
 *
 * @param path the file to make, mode 0600
 * @param options.development marks the ring so that production refuses it; default false
 * @returns the id of the new key
 */
export function createKeyRingFile(path: string, { development = false } = {}): string {
  const root = randomBytes(KEY_BYTES);
  const id = keyId(root);
  const file: KeyRingFile = {
    version: 1,
    ...(development && { development }),
    keys: [{ id, state: 'active', material: root.toString('base64'), created_at: new Date().toISOString() }],
  };
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return id;
}

function readPrivateFile(path: string): string {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new KeyRingError('others may read the key ring file; run "chmod 600" on it');
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof KeyRingError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new KeyRingError(
      `the key ring file cannot be read (${code}); check that it exists and that this user may read it`,
    );
  }
}

function parse(text: string): KeyRingFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new KeyRingError('the key ring file is not JSON; restore it from its backup');
  }
  if (!isKeyRingFile(file)) {
    throw new KeyRingError(
      'the key ring file has an unknown form; it needs "version": 1 and "keys", each with id, state, material and created_at',
    );
  }
  return file;
}

function isKeyRingFile(file: unknown): file is KeyRingFile {
  if (typeof file !== 'object' || file === null) return false;
  const { version, development, keys } = file as Record<string, unknown>;
  return (
    version === 1 &&
    (development === undefined || development === true) &&
    Array.isArray(keys) &&
    keys.every(isKey)
  );
}

function isKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const { id, state, material, created_at } = key as Record<string, unknown>;
  return (
    typeof id === 'string' &&
    typeof state === 'string' &&
    STATES.includes(state) &&
    typeof material === 'string' &&
    typeof created_at === 'string'
  );
}

function toRingKey({ id, state, material }: KeyRingFile['keys'][number]): RingKey {
  const root = Buffer.from(material, 'base64');
  if (root.toString('base64') !== material) {
    throw new KeyRingError('the material of a key is not base64; restore the key ring file from its backup');
  }
  const key = ringKey(root, state);
  if (key.id !== id) {
    throw new KeyRingError(
      'the id of a key does not match its material; restore the key ring file from its backup',
    );
  }
  return key;
}

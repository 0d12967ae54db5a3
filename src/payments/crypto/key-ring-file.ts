import { randomBytes } from 'node:crypto';
import {
  formatKeyRing,
  validateKeyRing,
  parseKeyRingForm,
  type KeyForm,
  type KeyRingForm,
} from './key-ring-form.js';
import { KEY_BYTES, type KeyRing, KeyRingError, keyId, type KeyState } from './key-ring.js';
import type { KeyServiceOptions } from './key-services/key-service.js';
import { openKeyService } from './key-services/open-key-service.js';
import { isKeyServiceKey, type KeyServiceKey } from './key-services/wrapped-key.js';
import { describeForm, openForm, type KeyRingDescription } from './open-key-ring-form.js';
import { changePrivateFile, createPrivateFile, readPrivateFile } from './private-file.js';

/**
 * Reads and validates a key ring file, and unwraps its wrapped keys, all at once. Afterwards no key service is
 * needed. Retired keys are not unwrapped.
 *
 * @param path a JSON file that neither its group nor others may write, nor replace (not checked on Windows)
 * @param options `allowDevelopment`: whether a ring that the service generated may be used; false in production
 *   `keyServices`: how the key services that the ring names are reached
 * @throws KeyRingError naming the fault and the fix.
 */
export async function readKeyRingFile(
  path: string,
  { allowDevelopment, keyServices }: { allowDevelopment: boolean; keyServices?: KeyServiceOptions },
): Promise<KeyRing> {
  const form = parseKeyRingForm(await readPrivateFile(path));
  return openForm(form, { allowDevelopment, ...(keyServices && { keyServices }) });
}

/** A key ring with the file that it was read from, so that it can be read again when it changes. */
export interface KeyRingFile {
  file: string;
  ring: KeyRing;
  /** Reads the file as it is now; throws as {@link readKeyRingFile}. */
  read(): Promise<KeyRing>;
}

/** Reads a key ring file, now and whenever it changes; parameters and errors as for {@link readKeyRingFile}. */
export async function openKeyRingFile(
  file: string,
  {
    allowDevelopment = false,
    keyServices,
  }: { allowDevelopment?: boolean; keyServices?: KeyServiceOptions } = {},
): Promise<KeyRingFile> {
  const read = (): Promise<KeyRing> =>
    readKeyRingFile(file, { allowDevelopment, ...(keyServices && { keyServices }) });
  return { file, ring: await read(), read };
}

/** How a new key is stored. */
export interface NewKeyOptions {
  /** The key of a key service that wraps it. Default: none, and the key is in the file in the clear. */
  wrap?: KeyServiceKey | undefined;
  keyServices?: KeyServiceOptions | undefined;
}

/**
 * Writes a new key ring with one active key. Never overwrites.
 *
 * @param path the file to create, mode 0600
 * @param options `development`: marks the ring so that production refuses it; default false
 * @returns the id of the new key
 * @throws KeyRingError when the key cannot be wrapped, and the system's error (EEXIST when there is a file)
 */
export async function createKeyRingFile(
  path: string,
  { development = false, ...options }: NewKeyOptions & { development?: boolean } = {},
): Promise<string> {
  const key = await newKey('active', options);
  const form: KeyRingForm = { version: 1, ...(development && { development }), keys: [key] };
  await createPrivateFile(path, formatKeyRing(form));
  return key.id;
}

/** The text of a new key ring with one active key, as a file or `KEY_RING` holds it. */
export async function newKeyRingText(): Promise<string> {
  return formatKeyRing({ version: 1, keys: [await newKey('active', {})] });
}

/**
 * Adds a new decrypt-only key. Activate it once every replica has read it.
 *
 * @returns its id
 * @throws KeyRingError when the file is wrong or cannot be changed, or the key cannot be wrapped
 */
export async function addKey(path: string, options: NewKeyOptions = {}): Promise<string> {
  let id = '';
  await changeKeyRing(path, async (form) => {
    const key = await newKey('decrypt-only', options);
    form.keys.push(key);
    id = key.id;
  });
  return id;
}

/**
 * Makes a decrypt-only key the active one; the active one becomes decrypt-only.
 *
 * @throws KeyRingError when the file is wrong or cannot be changed, or the key is unknown or retired
 */
export async function activateKey(path: string, id: string): Promise<void> {
  await changeKeyRing(path, (form) => {
    const key = find(form, id);
    if (key.state === 'retired') {
      throw new KeyRingError('a retired key cannot be activated; add a new key and activate that');
    }
    for (const other of form.keys) {
      if (other.state === 'active') other.state = 'decrypt-only';
    }
    key.state = 'active';
  });
}

/**
 * Retires a key: its bytes leave the file, id and state stay. What is still sealed under it is lost, unless there is
 * a backup of the file.
 *
 * @throws KeyRingError when the file is wrong or cannot be changed, or the key is unknown or active
 */
export async function retireKey(path: string, id: string): Promise<void> {
  await changeKeyRing(path, (form) => {
    const key = find(form, id);
    if (key.state === 'active') {
      throw new KeyRingError('the active key cannot be retired; activate another key first');
    }
    key.state = 'retired';
    delete key.material;
    delete key.wrapped;
  });
}

/**
 * Validates a key ring file and describes its contents. Calls no key service.
 *
 * @throws KeyRingError when the file is wrong or cannot be read
 */
export async function describeKeyRing(path: string): Promise<KeyRingDescription> {
  return describeForm(parseKeyRingForm(await readPrivateFile(path)));
}

async function changeKeyRing(path: string, edit: (form: KeyRingForm) => void | Promise<void>): Promise<void> {
  await changePrivateFile(path, async (text) => {
    const form = parseKeyRingForm(text);
    await edit(form);
    validateKeyRing(form);
    return formatKeyRing(form);
  });
}

/** The requested id is not repeated: it might be a key that was pasted in its place. */
function find({ keys }: KeyRingForm, id: string): KeyForm {
  const key = keys.find((each) => each.id === id);
  if (key === undefined) {
    throw new KeyRingError(
      `the key ring has no key of that id; it has ${keys.map((each) => each.id).join(', ')}`,
    );
  }
  return key;
}

async function newKey(state: KeyState, { wrap, keyServices }: NewKeyOptions): Promise<KeyForm> {
  const root = randomBytes(KEY_BYTES);
  const id = keyId(root);
  const created_at = new Date().toISOString();
  if (wrap === undefined) return { id, state, material: root.toString('base64'), created_at };
  if (!isKeyServiceKey(wrap)) {
    throw new KeyRingError(
      'what names the key of the key service has an unknown form; see "Key services" in docs/operations.md',
    );
  }
  const service = await openKeyService(wrap, keyServices);
  return { id, state, wrapped: { ...wrap, ciphertext: await service.wrap(root, id) }, created_at };
}

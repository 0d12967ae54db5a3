import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyRingError } from './key-ring.js';
import { SecretFileError, readSecretFile } from './secret-file.js';

const PRIVATE = 0o600;
const onWindows = process.platform === 'win32';

/**
 * Reads the key ring file.
 *
 * @throws KeyRingError when it cannot be read, or its group or others may write it (not checked on Windows)
 */
export function readPrivateFile(path: string): Promise<string> {
  return new Promise((resolve) => {
    resolve(read(path));
  });
}

function read(path: string): string {
  try {
    return readSecretFile(path);
  } catch (error) {
    if (!(error instanceof SecretFileError)) throw error;
    throw new KeyRingError(`the key ring file ${error.message}`);
  }
}

/**
 * Creates a file of mode 0600. Never replaces another.
 *
 * @throws the system's error, with code EEXIST when the file exists
 */
export async function createPrivateFile(path: string, text: string): Promise<void> {
  await writeNew(path, text);
  await syncFolder(dirname(path));
}

/**
 * Changes the key ring file so that, whenever the machine stops, the file has either the whole old text or the whole new one.
 * Owner, group and mode stay. The new text is written beside it into a file that ends in `.new`, which also prevents a
 * concurrent change. Behind a symbolic link the file itself is changed.
 *
 * @param edit gives the new text for the old one; what it throws leaves the file as it was
 * @throws KeyRingError when the file cannot be read or changed
 */
export async function changePrivateFile(
  path: string,
  edit: (text: string) => Promise<string>,
): Promise<void> {
  await readPrivateFile(path);
  const target = await realpath(path);
  const fresh = `${target}.new`;
  let mine = false;
  try {
    await (await open(fresh, 'wx', PRIVATE)).close();
    mine = true;
    const text = await edit(await readPrivateFile(target));
    await fill(fresh, text, target);
    await rename(fresh, target);
    mine = false;
    await syncFolder(dirname(target));
  } catch (error) {
    if (mine) await rm(fresh, { force: true });
    if (error instanceof KeyRingError) throw error;
    throw new KeyRingError(
      codeOf(error) === 'EEXIST'
        ? 'another change of the key ring is under way, or was broken off; if none is running, remove the file beside the key ring that ends in ".new"'
        : `the key ring file cannot be changed (${codeOf(error)}); run this as its owner, with the right to write into its folder`,
    );
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE);
  try {
    await file.chmod(PRIVATE);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function fill(path: string, text: string, like: string): Promise<void> {
  const { uid, gid, mode } = await stat(like);
  const file = await open(path, 'r+');
  try {
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode & 0o777);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a new name durable; Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (onWindows) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

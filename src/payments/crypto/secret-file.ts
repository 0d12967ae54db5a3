import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';

/** Writable by the group or by others, and readable by others. */
const WRITABLE = 0o022;
const READABLE = 0o004;
/** In a folder with this bit only the owner of a file may rename or remove it. */
const STICKY = 0o1000;
const MAX_BYTES = 1_048_576;
/** As many links as Linux follows. */
const MAX_LINKS = 40;
const onWindows = process.platform === 'win32';

/** Why a file of secrets cannot be used, and the fix, as the end of a sentence that begins with what the file is. */
export class SecretFileError extends Error {
  override name = 'SecretFileError';
}

/**
 * Reads a file of secrets: UTF-8, with or without a byte order mark, which is left out. Neither the group nor others may
 * write the file, nor replace it or a link that leads to it (not checked on Windows). Synchronous, since it is small.
 *
 * @throws SecretFileError
 */
export function readSecretFile(path: string): string {
  try {
    return readOnce(path);
  } catch (error) {
    // A cluster that replaces a volume points a link to a new folder and removes the old one.
    if (codeOf(error) === 'ENOENT') return readOrExplain(path);
    throw explained(error);
  }
}

/** What an operator should change about a file of secrets that can still be used; as the end of a sentence. */
export function secretFileWarning(path: string): string | undefined {
  if (onWindows) return undefined;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & READABLE) === 0
    ? undefined
    : 'may be read by every user of this machine; where it can be changed, run "chmod o-r" on it';
}

function readOrExplain(path: string): string {
  try {
    return readOnce(path);
  } catch (error) {
    throw explained(error);
  }
}

function readOnce(path: string): string {
  // Does not wait for a writer, if it is a pipe.
  const file = openSync(path, constants.O_RDONLY | (onWindows ? 0 : constants.O_NONBLOCK));
  try {
    const { mode, size } = requireFile(file);
    if (!onWindows) {
      if ((mode & WRITABLE) !== 0) {
        throw new SecretFileError('may be written by its group or by others; run "chmod go-w" on it');
      }
      requireSafeFolders(path);
    }
    if (size > MAX_BYTES) throw new SecretFileError('is larger than 1 MiB; it is some other file');
    return decode(readFileSync(file));
  } finally {
    closeSync(file);
  }
}

function requireFile(file: number): { mode: number; size: number } {
  const stats = fstatSync(file);
  if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  if (!stats.isFile()) throw new SecretFileError('is no regular file; it must be one that can be read again');
  return stats;
}

/** Whoever may write into a folder may replace what is in it, except where its sticky bit is set, as in `/tmp`. */
function requireSafeFolders(path: string): void {
  for (const folder of foldersOf(path)) {
    const { mode } = statSync(folder);
    if ((mode & WRITABLE) !== 0 && (mode & STICKY) === 0) {
      throw new SecretFileError(
        'is in a folder that its group or others may write, who could replace it; run "chmod go-w" on the folder, or move the file into one of its own',
      );
    }
  }
}

/** The folder that holds the file, and the folder of each link on the way to it. */
function foldersOf(path: string): Set<string> {
  const folders = new Set<string>();
  const absolute = resolve(path);
  let current = parse(absolute).root;
  const names = absolute.slice(current.length).split(sep);
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    const next = join(current, name);
    if (lstatSync(next).isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
      folders.add(current);
      const target = readlinkSync(next);
      if (isAbsolute(target)) current = parse(target).root;
      names.unshift(...target.split(sep));
    } else {
      current = next;
    }
  }
  return folders.add(dirname(current));
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new SecretFileError('is UTF-16, as some Windows programs write; save it as UTF-8');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SecretFileError('is not UTF-8 text; save it as UTF-8, or restore it from its backup');
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path, and that its volume is mounted',
  ENOTDIR: 'a part of its path is a file, not a folder; check the path',
  EISDIR: 'it is a folder; name the file in it',
  EACCES:
    'this user may not; let its owner or group be that of the process (in Kubernetes by fsGroup), and check the folders above',
  ELOOP: 'its links lead in a circle; check the path',
  ENAMETOOLONG: 'its path is too long; set the path, not what is in the file',
};

function explained(error: unknown): SecretFileError {
  if (error instanceof SecretFileError) return error;
  const code = codeOf(error);
  return new SecretFileError(
    `cannot be read (${code}): ${CAUSES[code] ?? 'check the path, and the disk or volume that it is on'}`,
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}

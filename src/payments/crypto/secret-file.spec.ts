import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretFileError, readSecretFile, secretFileWarning } from './secret-file.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-file-spec-'));
  path = join(folder, 'secret');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(content: string | Buffer, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

function refusal(file = path): string {
  try {
    readSecretFile(file);
  } catch (error) {
    expect(error).toBeInstanceOf(SecretFileError);
    return (error as Error).message;
  }
  throw new Error('it was read');
}

/** A folder below the test's own with a secret in it. */
function folderOfMode(mode: number, name = 'inner'): string {
  const inner = join(folder, name);
  mkdirSync(inner);
  writeFileSync(join(inner, 'secret'), 'text', { mode: 0o600 });
  chmodSync(inner, mode);
  return inner;
}

describe('a file of secrets', () => {
  it.each([0o400, 0o600, 0o440, 0o640, 0o444, 0o644, 0o700])('of mode %o is read', (mode) => {
    write('text', mode);
    expect(readSecretFile(path)).toBe('text');
  });

  it.each([0o420, 0o620, 0o660, 0o602, 0o606, 0o666, 0o777])('of mode %o is refused', (mode) => {
    write('text', mode);
    expect(refusal()).toBe('may be written by its group or by others; run "chmod go-w" on it');
  });

  it.each([
    [0o400, false],
    [0o640, false],
    [0o440, false],
    [0o444, true],
    [0o644, true],
    [0o604, true],
  ])('of mode %o that others may read is warned of: %s', (mode, warned) => {
    write('text', mode);
    expect(secretFileWarning(path)).toEqual(
      warned ? expect.stringMatching(/^may be read by every user.*chmod o-r/) : undefined,
    );
  });

  it.each([0o700, 0o750, 0o755, 0o1777, 0o3777])('is read from a folder of mode %o', (mode) => {
    expect(readSecretFile(join(folderOfMode(mode), 'secret'))).toBe('text');
  });

  it.each([0o777, 0o770, 0o702, 0o2775])('is refused in a folder of mode %o', (mode) => {
    expect(refusal(join(folderOfMode(mode), 'secret'))).toMatch(
      /^is in a folder that .* may write.*chmod go-w/,
    );
  });

  it.each([
    ['the file', 'secret'],
    ['its folder', '.'],
  ])('is refused behind a link to %s that others may replace', (_, name) => {
    const target = folderOfMode(0o700);
    const open = folderOfMode(0o777, 'open');
    symlinkSync(join(target, name), join(open, 'link'));
    const link = name === '.' ? join(open, 'link', 'secret') : join(open, 'link');
    expect(refusal(link)).toMatch(/^is in a folder/);
    chmodSync(open, 0o755);
    expect(readSecretFile(link)).toBe('text');
    // A link in a folder that is right leads there, too.
    symlinkSync('open/link', join(folder, 'first'));
    expect(readSecretFile(name === '.' ? join(folder, 'first', 'secret') : join(folder, 'first'))).toBe(
      'text',
    );
    chmodSync(open, 0o777);
    expect(refusal(name === '.' ? join(folder, 'first', 'secret') : join(folder, 'first'))).toMatch(
      /^is in a folder/,
    );
  });

  it.each<[string, () => void, RegExp]>([
    ['is not there', () => undefined, /^cannot be read \(ENOENT\): there is no such file; check the path/],
    [
      'is a link to nothing',
      () => {
        symlinkSync('none', path);
      },
      /\(ENOENT\): there is no such file/,
    ],
    [
      'is a link to itself',
      () => {
        symlinkSync('secret', path);
      },
      /\(ELOOP\): its links lead in a circle/,
    ],
    [
      'is a folder',
      () => {
        mkdirSync(path);
      },
      /\(EISDIR\): it is a folder; name the file in it/,
    ],
    [
      'is a pipe',
      () => {
        execFileSync('mkfifo', [path]);
      },
      /^is no regular file/,
    ],
    [
      'is UTF-16',
      () => {
        write(Buffer.from('\uFEFFtext', 'utf16le'));
      },
      /^is UTF-16.*save it as UTF-8/,
    ],
    [
      'is UTF-16 the other way',
      () => {
        write(Buffer.from('\uFEFFtext', 'utf16le').swap16());
      },
      /^is UTF-16/,
    ],
    [
      'is no text',
      () => {
        write(Buffer.from([0x74, 0xc3, 0x28]));
      },
      /^is not UTF-8 text/,
    ],
    [
      'is large',
      () => {
        write('x'.repeat(1_048_577));
      },
      /^is larger than 1 MiB/,
    ],
  ])('that %s is refused with the cause and the fix', (_, make, message) => {
    make();
    expect(refusal()).toMatch(message);
  });

  it.each([
    ['below a file', 'secret/none', /\(ENOTDIR\): a part of its path is a file/],
    ['of a name that is no name', 'x'.repeat(5_000), /\(ENAMETOOLONG\): its path is too long/],
  ])('%s is refused without its path', (_, name, message) => {
    write('text');
    const reason = refusal(join(folder, name));
    expect(reason).toMatch(message);
    expect(reason).not.toContain(folder);
  });

  it('is read without its byte order mark', () => {
    write('\uFEFFtext\n');
    expect(readSecretFile(path)).toBe('text\n');
  });
});

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyRingFile, readKeyRingFile } from './key-ring-file.js';
import { KEY_BYTES, KeyRing, KeyRingError, keyId, type KeyState } from './key-ring.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-ring-file-spec-'));
  path = join(folder, 'key-ring.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface FileKey {
  id: string;
  state: KeyState;
  material: string;
  created_at: string;
}

function fileKey(state: KeyState = 'active', root: Buffer = randomBytes(KEY_BYTES)): FileKey {
  return {
    id: keyId(root),
    state,
    material: root.toString('base64'),
    created_at: '2026-01-24T10:00:00.000Z',
  };
}

function write(content: unknown, mode = 0o600): void {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
}

function read({ allowDevelopment = false } = {}): KeyRing {
  return readKeyRingFile(path, { allowDevelopment });
}

function refusal(): Error {
  try {
    read();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('the file was not refused');
}

describe('a key ring file', () => {
  it.each([0o600, 0o400])('of mode %o gives its keys', (mode) => {
    const keys = [fileKey('decrypt-only'), fileKey('active'), fileKey('retired')];
    write({ version: 1, keys }, mode);
    const ring = read();
    expect(ring.active.id).toBe(keys[1]?.id);
    expect(ring.usable.map(({ id }) => id)).toEqual([keys[1]?.id, keys[0]?.id]);
  });

  it('made for development is read where that is allowed, and refused elsewhere', () => {
    const key = fileKey();
    write({ version: 1, development: true, keys: [key] });
    expect(read({ allowDevelopment: true }).active.id).toBe(key.id);
    expect(() => read()).toThrow(KeyRingError);
    expect(() => read()).toThrow(/made for development/);
  });

  it.each([0o640, 0o604, 0o644, 0o620, 0o660, 0o601])(
    'of mode %o is refused, because others may use it',
    (mode) => {
      const key = fileKey();
      write({ version: 1, keys: [key] }, mode);
      expect(refusal()).toBeInstanceOf(KeyRingError);
      expect(refusal().message).toMatch(/others may read.*chmod 600/);
    },
  );

  it('that is missing is refused with the system’s code and without its path', () => {
    expect(refusal()).toEqual(
      new KeyRingError(
        'the key ring file cannot be read (ENOENT); check that it exists and that this user may read it',
      ),
    );
  });

  it('that is a folder is refused', () => {
    path = folder;
    expect(refusal()).toBeInstanceOf(KeyRingError);
    expect(refusal().message).toMatch(/cannot be read \(EISDIR\)/);
  });

  const key = fileKey();
  const NOT_JSON = /is not JSON/;
  const UNKNOWN_FORM = /unknown form/;
  it.each<[string, unknown, RegExp]>([
    ['empty', '', NOT_JSON],
    ['cut in the middle', JSON.stringify({ version: 1, keys: [key] }).slice(0, 120), NOT_JSON],
    ['only the material', key.material, NOT_JSON],
    ['null', null, UNKNOWN_FORM],
    ['a list', [key], UNKNOWN_FORM],
    ['a text', JSON.stringify(key.material), UNKNOWN_FORM],
    ['without a version', { keys: [key] }, UNKNOWN_FORM],
    ['of another version', { version: 2, keys: [key] }, UNKNOWN_FORM],
    ['without keys', { version: 1 }, UNKNOWN_FORM],
    ['with keys by name', { version: 1, keys: { [key.id]: key } }, UNKNOWN_FORM],
    ['with a key that is a text', { version: 1, keys: [key.material] }, UNKNOWN_FORM],
    ['with a key that is null', { version: 1, keys: [null] }, UNKNOWN_FORM],
    ['with an unknown mark of development', { version: 1, development: 'no', keys: [key] }, UNKNOWN_FORM],
    ['with an unknown state', { version: 1, keys: [{ ...key, state: key.material }] }, UNKNOWN_FORM],
    ...(['id', 'state', 'material', 'created_at'] as const).map((name): [string, unknown, RegExp] => [
      `with a key without ${name}`,
      { version: 1, keys: [{ ...key, [name]: undefined }] },
      UNKNOWN_FORM,
    ]),
    ['with material that is no text', { version: 1, keys: [{ ...key, material: 1 }] }, UNKNOWN_FORM],
    [
      'with material that is not base64',
      { version: 1, keys: [{ ...key, material: `!${key.material}` }] },
      /not base64/,
    ],
    [
      'with material in base64url',
      { version: 1, keys: [{ ...key, material: key.material.replace('=', '') }] },
      /not base64/,
    ],
    [
      'with a key of 31 bytes',
      { version: 1, keys: [fileKey('active', randomBytes(31))] },
      /31 bytes instead of 32/,
    ],
    [
      'with a key of 33 bytes',
      { version: 1, keys: [fileKey('active', randomBytes(33))] },
      /33 bytes instead of 32/,
    ],
    ['with a key of zeros', { version: 1, keys: [fileKey('active', Buffer.alloc(32))] }, /all one byte/],
    [
      'with the counting example',
      { version: 1, keys: [fileKey('active', Buffer.from([...Array(32).keys()]))] },
      /counts 0, 1, 2/,
    ],
    [
      'with an id of another key',
      { version: 1, keys: [{ ...key, id: fileKey().id }] },
      /id of a key does not match/,
    ],
    ['with the same key twice', { version: 1, keys: [key, { ...key, state: 'retired' }] }, /same key twice/],
    ['with no keys', { version: 1, keys: [] }, /0 active keys/],
    [
      'with no active key',
      { version: 1, keys: [fileKey('decrypt-only'), fileKey('retired')] },
      /0 active keys/,
    ],
    ['with two active keys', { version: 1, keys: [fileKey(), fileKey()] }, /2 active keys/],
  ])('that is %s is refused, and no piece of a key is told', (_name, content, message) => {
    write(content);
    const error = refusal();
    expect(error).toBeInstanceOf(KeyRingError);
    expect(error.message).toMatch(message);
    expect(error.cause).toBeUndefined();
    const material =
      readFileSync(path, 'utf8')
        .match(/[A-Za-z0-9+/]{40,}=*/g)
        ?.join(' ') ?? '';
    for (let start = 0; start + 6 <= material.length; start++) {
      expect(error.message).not.toContain(material.slice(start, start + 6));
    }
  });
});

describe('a new key ring file', () => {
  it('has mode 0600 whatever the umask, one active key, and is read back', () => {
    const umask = process.umask(0);
    const id = createKeyRingFile(path);
    process.umask(umask);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(read().active.id).toBe(id);
    expect(read().usable).toHaveLength(1);
  });

  it('is refused outside development when it was made for it', () => {
    createKeyRingFile(path, { development: true });
    expect(() => read()).toThrow(/made for development/);
    expect(() => read({ allowDevelopment: true })).not.toThrow();
  });

  it('never takes the place of another file', () => {
    createKeyRingFile(path);
    const before = readFileSync(path, 'utf8');
    expect(() => createKeyRingFile(path)).toThrow(/^EEXIST/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('has another key each time', () => {
    expect(createKeyRingFile(path)).not.toBe(createKeyRingFile(join(folder, 'another.json')));
  });
});

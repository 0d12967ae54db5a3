import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  describeKeyRing,
  readKeyRingFile,
  retireKey,
} from './key-ring-file.js';
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

function read({ allowDevelopment = false } = {}): Promise<KeyRing> {
  return readKeyRingFile(path, { allowDevelopment });
}

async function refusal(call: Promise<unknown> = read()): Promise<Error> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KeyRingError) return error;
  throw new Error('there was no KeyRingError', { cause: error });
}

describe('a key ring file', () => {
  it.each([0o600, 0o400, 0o440, 0o640, 0o444, 0o644])('of mode %o gives its keys', async (mode) => {
    const keys = [fileKey('decrypt-only'), fileKey('active'), fileKey('retired')];
    write({ version: 1, keys }, mode);
    const ring = await read();
    expect(ring.active.id).toBe(keys[1]?.id);
    expect(ring.usable.map(({ id }) => id)).toEqual([keys[1]?.id, keys[0]?.id]);
  });

  it('made for development is read where that is allowed, and refused elsewhere', async () => {
    const key = fileKey();
    write({ version: 1, development: true, keys: [key] });
    expect((await read({ allowDevelopment: true })).active.id).toBe(key.id);
    expect((await refusal()).message).toMatch(/made for development/);
  });

  it.each([0o620, 0o660, 0o602, 0o646, 0o666, 0o420])(
    'of mode %o is refused, because others may write it',
    async (mode) => {
      const key = fileKey();
      write({ version: 1, keys: [key] }, mode);
      expect((await refusal()).message).toBe(
        'the key ring file may be written by its group or by others; run "chmod go-w" on it',
      );
    },
  );

  it('with a byte order mark gives its keys, and loses it at its next change', async () => {
    const key = fileKey();
    write(`\uFEFF${JSON.stringify({ version: 1, keys: [key] })}`);
    expect((await read()).active.id).toBe(key.id);
    await addKey(path);
    expect(readFileSync(path, 'utf8')).toMatch(/^\{/);
  });

  it('that is missing is refused with the system’s code and without its path', async () => {
    expect(await refusal()).toEqual(
      new KeyRingError(
        'the key ring file cannot be read (ENOENT): there is no such file; check the path, and that its volume is mounted',
      ),
    );
  });

  it('that is a folder is refused', async () => {
    mkdirSync(path, 0o700);
    expect((await refusal()).message).toMatch(/cannot be read \(EISDIR\)/);
  });

  const key = fileKey();
  const NOT_JSON = /is not JSON/;
  const UNKNOWN_FORM = /the key ring file has an unknown form/;
  const WRAPPED_FORM = /the wrapped key .* has an unknown form/;
  const wrapped = (how: unknown): unknown => ({ ...key, material: undefined, wrapped: how });
  it.each<[string, unknown, RegExp]>([
    ['empty', ' \n', /is empty/],
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
    ['with an id of another form', { version: 1, keys: [{ ...key, id: key.material }] }, UNKNOWN_FORM],
    ['with a key wrapped by text', { version: 1, keys: [wrapped('x')] }, WRAPPED_FORM],
    ['with a key wrapped by nothing', { version: 1, keys: [wrapped(null)] }, WRAPPED_FORM],
    [
      'with a key wrapped by an unknown service',
      { version: 1, keys: [wrapped({ service: key.material, key: 'k', ciphertext: 'AAAA' })] },
      WRAPPED_FORM,
    ],
    [
      'with a wrapped key without ciphertext',
      { version: 1, keys: [wrapped({ service: 'aws-kms', key: 'alias/k' })] },
      WRAPPED_FORM,
    ],
    [
      'with a wrapped key whose ciphertext is no base64',
      { version: 1, keys: [wrapped({ service: 'aws-kms', key: 'alias/k', ciphertext: `!${key.material}` })] },
      WRAPPED_FORM,
    ],
    [
      'with a wrapped key whose ciphertext is too long',
      { version: 1, keys: [wrapped({ service: 'aws-kms', key: 'alias/k', ciphertext: 'A'.repeat(8196) })] },
      WRAPPED_FORM,
    ],
    [
      'with a key both wrapped and in the clear',
      {
        version: 1,
        keys: [{ ...key, wrapped: { service: 'aws-kms', key: 'alias/k', ciphertext: 'AAAA' } }],
      },
      UNKNOWN_FORM,
    ],
    [
      'with a decrypt-only key that is not there',
      { version: 1, keys: [key, { ...fileKey('decrypt-only'), material: undefined }] },
      UNKNOWN_FORM,
    ],
    [
      'with one id twice, once wrapped',
      {
        version: 1,
        keys: [
          key,
          {
            ...key,
            state: 'decrypt-only',
            material: undefined,
            wrapped: { service: 'aws-kms', key: 'alias/k', ciphertext: 'AAAA' },
          },
        ],
      },
      /same key twice/,
    ],
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
  ])('that is %s is refused, and no piece of a key is repeated', async (_name, content, message) => {
    write(content);
    const error = await refusal();
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
  it('has mode 0600 whatever the umask, one active key, and is read back', async () => {
    for (const umask of [0, 0o777]) {
      const before = process.umask(umask);
      const id = await createKeyRingFile(path).finally(() => process.umask(before));
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect((await read()).active.id).toBe(id);
      expect((await read()).usable).toHaveLength(1);
      rmSync(path);
    }
  });

  it('is refused outside development when it was made for it', async () => {
    await createKeyRingFile(path, { development: true });
    expect((await refusal()).message).toMatch(/made for development/);
    await read({ allowDevelopment: true });
  });

  it('never takes the place of another file', async () => {
    await createKeyRingFile(path);
    const before = readFileSync(path, 'utf8');
    await expect(createKeyRingFile(path)).rejects.toThrow(/^EEXIST/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('has another key each time', async () => {
    expect(await createKeyRingFile(path)).not.toBe(await createKeyRingFile(join(folder, 'another.json')));
  });
});

describe('a change of a key ring file', () => {
  const onUnixAsRoot = process.getuid?.() === 0 ? it : it.skip;
  let first: string;
  beforeEach(async () => {
    first = await createKeyRingFile(path);
  });

  async function states(): Promise<Record<string, KeyState>> {
    const { keys } = await describeKeyRing(path);
    return Object.fromEntries(keys.map(({ id, state }) => [id, state]));
  }

  it('leads through a rotation: add, activate, retire', async () => {
    const second = await addKey(path);
    expect(await states()).toEqual({ [first]: 'active', [second]: 'decrypt-only' });
    await activateKey(path, second);
    expect(await states()).toEqual({ [first]: 'decrypt-only', [second]: 'active' });
    expect((await read()).usable.map(({ id }) => id)).toEqual([second, first]);

    const material = (JSON.parse(readFileSync(path, 'utf8')) as { keys: FileKey[] }).keys[0]?.material ?? '';
    expect(material).toHaveLength(44);
    await retireKey(path, first);
    expect(await states()).toEqual({ [first]: 'retired', [second]: 'active' });
    expect((await read()).usable.map(({ id }) => id)).toEqual([second]);
    expect(readFileSync(path, 'utf8')).not.toContain(material);
  });

  it('may be made twice without harm', async () => {
    const second = await addKey(path);
    await activateKey(path, second);
    await activateKey(path, second);
    await retireKey(path, first);
    await retireKey(path, first);
    expect(await states()).toEqual({ [first]: 'retired', [second]: 'active' });
  });

  it('keeps the mark of development and what other keys hold', async () => {
    const key = fileKey();
    write({ version: 1, development: true, keys: [key] });
    await addKey(path);
    const file = JSON.parse(readFileSync(path, 'utf8')) as { development: boolean; keys: unknown[] };
    expect(file.development).toBe(true);
    expect(file.keys[0]).toEqual(key);
    expect(await describeKeyRing(path)).toMatchObject({ development: true });
  });

  it.each<[string, (second: string) => Promise<unknown>, RegExp]>([
    ['retire the active key', () => retireKey(path, first), /active key cannot be retired; activate another/],
    ['retire an unknown key', () => retireKey(path, 'aaaaaaaaaa'), /no key of that id; it has/],
    ['activate an unknown key', () => activateKey(path, 'aaaaaaaaaa'), /no key of that id; it has/],
    [
      'activate a retired key',
      async (second) => {
        await retireKey(path, second);
        await activateKey(path, second);
      },
      /retired key cannot be activated; add a new key/,
    ],
    [
      'wrap a key by what is no service',
      () => addKey(path, { wrap: { service: 'aws-kms', key: 'not a key' } }),
      /unknown form/,
    ],
  ])('is refused that would %s', async (_name, change, message) => {
    const second = await addKey(path);
    expect((await refusal(change(second))).message).toMatch(message);
    expect(await states()).toMatchObject({ [first]: 'active' });
    expect(readdirSync(folder)).toEqual(['key-ring.json']);
  });

  it('does not repeat what was given for an id, which may be a key', async () => {
    const { material } = fileKey();
    expect((await refusal(activateKey(path, material))).message).not.toContain(material.slice(0, 8));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['adding', () => addKey(path)],
    ['activating', () => activateKey(path, first)],
    ['retiring', () => retireKey(path, first)],
    ['describing', () => describeKeyRing(path)],
  ])('checks the file first when %s', async (_name, change) => {
    chmodSync(path, 0o622);
    expect((await refusal(change())).message).toMatch(/written by its group or by others/);
    write({ version: 1, keys: [fileKey(), fileKey()] });
    const text = readFileSync(path, 'utf8');
    expect((await refusal(change())).message).toMatch(/2 active keys/);
    write({ version: 1, keys: [{ ...fileKey(), id: first }] });
    expect((await refusal(change())).message).toMatch(/does not match its material/);
    expect(readFileSync(path, 'utf8')).not.toBe(text);
    expect(readdirSync(folder)).toEqual(['key-ring.json']);
  });

  it.each([0o400, 0o600])('leaves a file of mode %o so, and no other file', async (mode) => {
    chmodSync(path, mode);
    await addKey(path);
    expect(statSync(path).mode & 0o777).toBe(mode);
    expect(readdirSync(folder)).toEqual(['key-ring.json']);
  });

  it('is written into a new file, so that no reader sees half of it', async () => {
    const before = statSync(path).ino;
    await addKey(path);
    expect(statSync(path).ino).not.toBe(before);
  });

  it('goes through a symbolic link to the file behind it', async () => {
    const link = join(folder, 'link.json');
    symlinkSync(path, link);
    await addKey(link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(Object.keys(await states())).toHaveLength(2);
  });

  it('waits for no other: the second is refused while one is under way', async () => {
    const unfinished = `${path}.new`;
    writeFileSync(unfinished, '');
    expect((await refusal(addKey(path))).message).toMatch(/another change .* remove the file .* ".new"/);
    expect(readFileSync(unfinished, 'utf8')).toBe('');
    rmSync(unfinished);

    const changes = await Promise.allSettled([1, 2, 3, 4].map(() => addKey(path)));
    const made = changes.flatMap((change) => (change.status === 'fulfilled' ? [change.value] : []));
    expect(Object.keys(await states()).sort()).toEqual([first, ...made].sort());
  });

  onUnixAsRoot('keeps the owner', async () => {
    chownSync(path, 4321, 1234);
    await addKey(path);
    expect(statSync(path)).toMatchObject({ uid: 4321, gid: 1234 });
  });
});

describe('the description of a key ring file', () => {
  it('has ids, states, dates, where each key is, and the fingerprint of the ring', async () => {
    const [active, retired] = [fileKey('active'), fileKey('retired')];
    write({ version: 1, keys: [active, { ...retired, material: undefined }] });
    const description = await describeKeyRing(path);
    expect(description).toEqual({
      development: false,
      fingerprint: (await read()).fingerprint(),
      keys: [
        { id: active.id, state: 'active', createdAt: active.created_at, service: 'file' },
        { id: retired.id, state: 'retired', createdAt: retired.created_at, service: 'none' },
      ],
    });
    expect(JSON.stringify(description)).not.toContain(active.material.slice(0, 6));
  });
});

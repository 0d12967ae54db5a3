import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { fakeCredential } from '../../../test/support/credentials.js';
import { KEY_BYTES, KeyRing, keyId, ringKey } from './key-ring.js';
import { Sealer, UnsealError } from './sealer.js';
import type { SealContext } from './sealer.js';
import { Secret } from './secret.js';

const CONTEXT: SealContext = {
  purpose: 'credential',
  projectId: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
  mode: 'test',
  field: 'test_secret_key',
};
const ROOT = randomBytes(KEY_BYTES);
const KEY = ringKey(ROOT, 'active');
const sealer = new Sealer(new KeyRing([KEY]));
const CREDENTIAL = fakeCredential('test_secret_key');

const anyText = fc.string({ unit: 'binary', maxLength: 900 });
const anyContext: fc.Arbitrary<SealContext> = fc.record({
  purpose: fc.constantFrom('credential', 'canary'),
  projectId: fc.string({ maxLength: 3 }),
  mode: fc.string({ maxLength: 3 }),
  field: fc.string({ maxLength: 3 }),
});

function seal(text: string, context = CONTEXT): string {
  return sealer.seal(new Secret(text), context);
}

function blobOf(sealedValue: string): Buffer {
  return Buffer.from(sealedValue.split('.')[2] ?? '', 'base64url');
}

function withBlob(blob: Uint8Array, id = KEY.id): string {
  return `sc1.${id}.${Buffer.from(blob).toString('base64url')}`;
}

/** The one refusal: the same class and text for every cause, and nothing behind it. */
function expectRefused(value: string, context = CONTEXT, by = sealer): void {
  let refusal: unknown;
  try {
    by.open(value, context);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(UnsealError);
  expect(refusal).toMatchObject({ name: 'UnsealError', message: 'the sealed value cannot be opened' });
  expect(Object.getOwnPropertyNames(refusal).sort()).toEqual(['message', 'name', 'stack']);
}

function subkey(use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', ROOT, '', use, 32));
}

function framed(...parts: string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      return [Buffer.from([0, 0, bytes.length >> 8, bytes.length & 0xff]), bytes];
    }),
  );
}

/** The documented format, written out once more. */
function sealedByHand(text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', subkey('seal:v1'), iv);
  const { purpose, projectId, mode, field } = CONTEXT;
  cipher.setAAD(framed('sc1', KEY.id, purpose, projectId, mode, field));
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return withBlob(Buffer.concat([iv, body, cipher.getAuthTag()]));
}

describe('sealing', () => {
  it('gives back any text when opened', () => {
    fc.assert(
      fc.property(anyText, anyContext, (text, context) => {
        expect(sealer.open(seal(text, context), context).reveal()).toBe(text);
      }),
    );
  });

  it('gives "sc1.", the id of the active key and base64url, and nothing of the text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 500 }), (text) => {
        const value = seal(text);
        expect(value).toMatch(/^sc1\.[a-z2-7]{10}\.[A-Za-z0-9_-]+$/);
        expect(value.split('.')[1]).toBe(KEY.id);
        expect(value).not.toContain(text);
        expect(blobOf(value)).toHaveLength(12 + Buffer.byteLength(text) + 16);
        expect(blobOf(value).includes(text)).toBe(false);
      }),
    );
  });

  it('uses a new nonce each time', () => {
    const values = Array.from({ length: 2000 }, () => seal(CREDENTIAL));
    const nonces = values.map((value) => blobOf(value).subarray(0, 12).toString('hex'));
    expect(new Set(nonces).size).toBe(2000);
  });

  it('takes 4,068 bytes and no more', () => {
    expect(sealer.open(seal('x'.repeat(4068)), CONTEXT).reveal()).toHaveLength(4068);
    expect(() => seal('x'.repeat(4069))).toThrow(RangeError);
    expect(() => seal('é'.repeat(2035))).toThrow(RangeError);
  });

  it('goes on opening what was sealed in its format before', () => {
    expect(sealer.open(sealedByHand(CREDENTIAL), CONTEXT).reveal()).toBe(CREDENTIAL);
  });
});

describe('a sealed value', () => {
  it('is refused with any bit of it changed', () => {
    const blob = blobOf(seal(CREDENTIAL));
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const changed = Buffer.from(blob);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expectRefused(withBlob(changed));
    }
  });

  it('is refused when cut at either end, as bytes and as text', () => {
    const value = seal(CREDENTIAL);
    const blob = blobOf(value);
    for (let length = 0; length < blob.length; length++) {
      expectRefused(withBlob(blob.subarray(0, length)));
      expectRefused(withBlob(blob.subarray(blob.length - length)));
    }
    for (let length = 0; length < value.length; length++) {
      expectRefused(value.slice(0, length));
      expectRefused(value.slice(value.length - length));
    }
  });

  it.each([4, 8, 12, 13, 14, 15])('is refused with a tag cut to %d bytes', (length) => {
    for (const text of ['', CREDENTIAL]) {
      const blob = blobOf(seal(text));
      expectRefused(withBlob(blob.subarray(0, blob.length - 16 + length)));
    }
  });

  it.each([0, 1, 2])('is refused with its last character replaced by any other (length 3n + %d)', (rest) => {
    const value = seal('x'.repeat(30 + rest));
    for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!value.endsWith(character)) expectRefused(value.slice(0, -1) + character);
    }
  });

  it.each<[string, (value: string) => string]>([
    ['padding', (value) => `${value}=`],
    ['a line feed behind it', (value) => `${value}\n`],
    ['a space before it', (value) => ` ${value}`],
    ['more behind it', (value) => `${value}AAAA`],
    ['a part more', (value) => `${value}.AAAA`],
    ['another format', (value) => value.replace('sc1', 'sc2')],
    ['the format in upper case', (value) => value.replace('sc1', 'SC1')],
    ['the key id in upper case', (value) => value.replace(KEY.id, KEY.id.toUpperCase())],
    ['a longer key id', (value) => value.replace(KEY.id, `${KEY.id}a`)],
    ['no key id', (value) => value.replace(KEY.id, '')],
    ['an unknown key id', (value) => value.replace(KEY.id, ringKey(randomBytes(KEY_BYTES), 'active').id)],
    ['white space in the middle', (value) => value.replace(/.{5}$/, ' $&')],
    ['the alphabet of base64', () => `sc1.${KEY.id}.${'+/'.repeat(40)}`],
    ['nothing in it', () => ''],
  ])('is refused with %s', (_name, change) => {
    expectRefused(change(seal(CREDENTIAL)));
  });

  it('is refused when it is no sealed value at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expectRefused(text);
      }),
    );
    expectRefused(CREDENTIAL);
  });

  it('is refused when it is longer than any that is made, even with a right tag', () => {
    expectRefused(sealedByHand('x'.repeat(4069)));
  });

  it.each<[string, Partial<SealContext>]>([
    ['purpose', { purpose: 'canary' }],
    ['project', { projectId: '3c90c3cc-0d44-4b50-8888-8dd25736052b' }],
    ['project id in upper case', { projectId: CONTEXT.projectId.toUpperCase() }],
    ['mode', { mode: 'live' }],
    ['field', { field: 'test_publishable_key' }],
    ['border between mode and field', { mode: 'testtest', field: '_secret_key' }],
    ['order of mode and field', { mode: CONTEXT.field, field: CONTEXT.mode }],
  ])('is refused in a row with another %s', (_name, change) => {
    expectRefused(seal(CREDENTIAL), { ...CONTEXT, ...change });
  });

  it('opens in no other context, however alike their parts are when joined', () => {
    fc.assert(
      fc.property(anyContext, anyContext, (context, other) => {
        fc.pre(JSON.stringify(context) !== JSON.stringify(other));
        expectRefused(seal(CREDENTIAL, context), other);
      }),
    );
  });

  it('is refused under another id, even one of the very same key', () => {
    const alias = keyId(randomBytes(KEY_BYTES));
    const both = new Sealer(new KeyRing([KEY, { ...KEY, id: alias, state: 'decrypt-only' }]));
    const value = seal(CREDENTIAL);
    expect(both.open(value, CONTEXT).reveal()).toBe(CREDENTIAL);
    expectRefused(value.replace(KEY.id, alias), CONTEXT, both);
  });

  it('is refused under another key of the ring', () => {
    const other = ringKey(randomBytes(KEY_BYTES), 'decrypt-only');
    const both = new Sealer(new KeyRing([KEY, other]));
    expectRefused(withBlob(blobOf(seal(CREDENTIAL)), other.id), CONTEXT, both);
  });
});

describe('a change of keys', () => {
  const NEXT = ringKey(randomBytes(KEY_BYTES), 'active');
  const rotated = (state: 'decrypt-only' | 'retired') =>
    new Sealer(new KeyRing([NEXT, ringKey(ROOT, state)]));

  it('seals under the new key and opens what a decrypt-only one sealed', () => {
    const value = rotated('decrypt-only').seal(new Secret(CREDENTIAL), CONTEXT);
    expect(value.split('.')[1]).toBe(NEXT.id);
    expect(rotated('decrypt-only').open(value, CONTEXT).reveal()).toBe(CREDENTIAL);
    expect(rotated('decrypt-only').open(seal(CREDENTIAL), CONTEXT).reveal()).toBe(CREDENTIAL);
  });

  it('refuses what a retired key sealed', () => {
    expectRefused(seal(CREDENTIAL), CONTEXT, rotated('retired'));
  });

  it('gives fingerprints under every key that opens, the active one first', () => {
    const [before] = sealer.fingerprints(new Secret(CREDENTIAL), CONTEXT.projectId);
    const after = rotated('decrypt-only').fingerprints(new Secret(CREDENTIAL), CONTEXT.projectId);
    expect(after).toEqual([expect.stringMatching(`^${NEXT.id}\\.`), before]);
    expect(rotated('retired').fingerprints(new Secret(CREDENTIAL), CONTEXT.projectId)).toEqual([after[0]]);
  });
});

describe('a fingerprint', () => {
  const fingerprint = (text: string, projectId: string, by = sealer) =>
    by.fingerprints(new Secret(text), projectId)[0];

  it('is equal for equal secrets of a project, and for nothing else', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.string(),
        (text, projectId, otherText, otherProjectId) => {
          expect(fingerprint(text, projectId)).toBe(fingerprint(text, projectId));
          const equal = text === otherText && projectId === otherProjectId;
          expect(fingerprint(text, projectId) === fingerprint(otherText, otherProjectId)).toBe(equal);
        },
      ),
    );
  });

  it('differs between projects, between keys, and where the border of project and secret moves', () => {
    const another = new Sealer(new KeyRing([ringKey(randomBytes(KEY_BYTES), 'active')]));
    const fingerprints = [
      fingerprint('bc', 'a'),
      fingerprint('c', 'ab'),
      fingerprint('bc', 'b'),
      fingerprint('bc', 'a', another),
    ];
    expect(new Set(fingerprints.map((text) => text.split('.')[1])).size).toBe(4);
  });

  it('keeps its form, so that stored ones still compare', () => {
    const digest = createHmac('sha256', subkey('fingerprint:v1'))
      .update(framed(CONTEXT.projectId, CREDENTIAL))
      .digest()
      .subarray(0, 16);
    expect(fingerprint(CREDENTIAL, CONTEXT.projectId)).toBe(`${KEY.id}.${digest.toString('base64url')}`);
  });
});

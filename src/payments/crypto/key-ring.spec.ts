import { createHash, createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { KEY_BYTES, KeyRing, KeyRingError, keyId, ringKey, type KeyState, type RingKey } from './key-ring.js';

function key(state: KeyState): RingKey {
  return ringKey(randomBytes(KEY_BYTES), state);
}

describe('the id of a key', () => {
  it('is the first 50 bits of HMAC-SHA256(key, "kid:v1") in base32', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    for (let count = 0; count < 200; count++) {
      const root = randomBytes(KEY_BYTES);
      const digest = createHmac('sha256', root).update('kid:v1').digest();
      const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const groups = bits.slice(0, 50).match(/.{5}/g) ?? [];
      expect(keyId(root)).toBe(groups.map((group) => alphabet.charAt(parseInt(group, 2))).join(''));
    }
  });

  it('never changes between versions', () => {
    expect(keyId(Buffer.from('an example of 32 bytes, no key!!'))).toBe('j6a5k37zcv');
  });
});

describe('a key', () => {
  it('has one subkey to seal and another to fingerprint, neither being the root', () => {
    const root = randomBytes(KEY_BYTES);
    const { sealing, fingerprinting } = ringKey(root, 'active');
    const materials = [root, sealing.export(), fingerprinting.export()].map((bytes) => bytes.toString('hex'));
    expect(new Set(materials).size).toBe(3);
    expect(materials.every((hex) => hex.length === 64)).toBe(true);
  });

  it('does not show its bytes when inspected', () => {
    const root = randomBytes(KEY_BYTES);
    const shown = inspect(new KeyRing([ringKey(root, 'active')]), { showHidden: true, depth: null });
    const { sealing } = ringKey(root, 'active');
    for (const bytes of [root, sealing.export()]) {
      for (const form of ['hex', 'base64', 'base64url'] as const) {
        expect(shown).not.toContain(bytes.toString(form).slice(0, 8));
      }
      expect(shown).not.toContain([...bytes.subarray(0, 4)].join(', '));
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ['no bytes', Buffer.alloc(0), /0 bytes instead of 32/],
    ['16 bytes', randomBytes(16), /16 bytes instead of 32/],
    ['31 bytes', randomBytes(31), /31 bytes instead of 32/],
    ['33 bytes', randomBytes(33), /33 bytes instead of 32/],
    ['zeros only', Buffer.alloc(32), /all one byte/],
    ['one byte repeated', Buffer.alloc(32, 0xa7), /all one byte/],
    ['the counting bytes of examples', Buffer.from([...Array(32).keys()]), /counts 0, 1, 2/],
  ])('of %s is refused', (_name, root, message) => {
    expect(() => ringKey(root, 'active')).toThrow(KeyRingError);
    expect(() => ringKey(root, 'active')).toThrow(message);
  });
});

describe('a key ring', () => {
  it('seals with its active key and opens with the decrypt-only ones too, whatever their order', () => {
    const [older, active, retired, oldest] = [
      key('decrypt-only'),
      key('active'),
      key('retired'),
      key('decrypt-only'),
    ];
    const ring = new KeyRing([older, active, retired, oldest]);
    expect(ring.active).toBe(active);
    expect(ring.usable).toEqual([active, older, oldest]);
    expect([older, active, oldest].map(({ id }) => ring.find(id))).toEqual([older, active, oldest]);
    expect(ring.find(retired.id)).toBeUndefined();
    expect(ring.find('unknown')).toBeUndefined();
  });

  const root = randomBytes(KEY_BYTES);
  it.each<[string, RingKey[], RegExp]>([
    ['no keys', [], /0 active keys/],
    ['no active key', [key('decrypt-only'), key('retired')], /0 active keys/],
    ['two active keys', [key('active'), key('active')], /2 active keys/],
    ['the same key twice', [ringKey(root, 'active'), ringKey(root, 'decrypt-only')], /same key twice/],
    ['the same key retired', [ringKey(root, 'active'), ringKey(root, 'retired')], /same key twice/],
  ])('of %s is refused', (_name, keys, message) => {
    expect(() => new KeyRing(keys)).toThrow(KeyRingError);
    expect(() => new KeyRing(keys)).toThrow(message);
  });
});

describe('the fingerprint of a key ring', () => {
  const [active, older] = [key('active'), key('decrypt-only')];

  it('is 16 hexadecimal digits that do not depend on the order', () => {
    const fingerprint = new KeyRing([active, older]).fingerprint();
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(new KeyRing([older, active]).fingerprint()).toBe(fingerprint);
    expect(new KeyRing([older, active]).fingerprint()).toBe(fingerprint);
  });

  it('follows from ids and states, and never changes between versions', () => {
    const example = ringKey(Buffer.from('an example of 32 bytes, no key!!'), 'active');
    const digest = createHash('sha256').update('aaaaaaaaaa retired\nj6a5k37zcv active\n').digest('hex');
    const ring = new KeyRing([example, { id: 'aaaaaaaaaa', state: 'retired' }]);
    expect(ring.fingerprint()).toBe(digest.slice(0, 16));
  });

  it.each<[string, KeyRing]>([
    ['a key more', new KeyRing([active, older, key('decrypt-only')])],
    ['a retired key more', new KeyRing([active, older, { id: 'aaaaaaaaaa', state: 'retired' }])],
    ['a key less', new KeyRing([active])],
    ['another key', new KeyRing([active, key('decrypt-only')])],
    ['another state of a key', new KeyRing([active, { ...older, state: 'retired' }])],
  ])('is another with %s', (_name, ring) => {
    expect(ring.fingerprint()).not.toBe(new KeyRing([active, older]).fingerprint());
  });
});

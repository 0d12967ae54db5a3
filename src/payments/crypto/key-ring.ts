import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { ExplainedError } from '../domain/explained-error.js';

/** What a key may do: `active` seals and opens (exactly one in a ring), `decrypt-only` opens, `retired` neither. */
export type KeyState = 'active' | 'decrypt-only' | 'retired';

/** Length of a root key in bytes: AES-256 takes 32. */
export const KEY_BYTES = 32;

/** One key of the ring, its root already split into one subkey for each use. */
export interface RingKey {
  /** Ten base32 characters derived from the key itself, see `keyId`. */
  readonly id: string;
  readonly state: KeyState;
  /** AES-256-GCM. */
  readonly sealing: KeyObject;
  /** HMAC-SHA256, to compare secrets without opening them. */
  readonly fingerprinting: KeyObject;
}

/** A key of which only the id is left. */
export interface RetiredKey {
  readonly id: string;
  readonly state: 'retired';
}

/** A key ring that must not be used; the message names the fault and the fix, never a byte of a key. */
export class KeyRingError extends ExplainedError {
  override name = 'KeyRingError';
}

/**
 * The id of a root key: the first 10 base32 characters (RFC 4648, lower case) of `HMAC-SHA256(key, "kid:v1")`.
 * Derived, so that two replicas cannot hold different keys under one id.
 */
export function keyId(root: Buffer): string {
  const digest = createHmac('sha256', root).update('kid:v1').digest();
  const first50Bits = digest.readBigUInt64BE() >> 14n;
  let id = '';
  for (let shift = 45n; shift >= 0n; shift -= 5n) {
    id += BASE32.charAt(Number((first50Bits >> shift) & 31n));
  }
  return id;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Derives a ring key from a root key.
 *
 * @throws KeyRingError when the root has the wrong length or is a well-known one.
 */
export function ringKey(root: Buffer, state: KeyState): RingKey {
  if (root.length !== KEY_BYTES) {
    throw new KeyRingError(
      `a key has ${root.length} bytes instead of ${KEY_BYTES}; make a new one with the command "keys generate"`,
    );
  }
  if (isWellKnown(root)) {
    throw new KeyRingError(
      'a key is all one byte or counts 0, 1, 2, … as examples do; make a new one with the command "keys generate"',
    );
  }
  return {
    id: keyId(root),
    state,
    sealing: subkey(root, 'seal:v1'),
    fingerprinting: subkey(root, 'fingerprint:v1'),
  };
}

function isWellKnown(root: Buffer): boolean {
  return root.every((byte) => byte === root[0]) || root.every((byte, index) => byte === index);
}

function subkey(root: Buffer, use: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), use, KEY_BYTES)));
}

type KeyIdentity = Pick<RingKey, 'id' | 'state'>;

/**
 * Validates what can be validated of a ring without its keys.
 *
 * @throws KeyRingError when two keys are the same, or not exactly one is active.
 */
export function validateKeys(keys: readonly KeyIdentity[]): void {
  const ids = new Set(keys.map((key) => key.id));
  if (ids.size !== keys.length) {
    throw new KeyRingError('the key ring holds the same key twice; remove one of them');
  }
  onlyActive(keys);
}

function onlyActive<Key extends KeyIdentity>(keys: readonly Key[]): Key {
  const [active, ...others] = keys.filter((key) => key.state === 'active');
  if (active === undefined || others.length > 0) {
    throw new KeyRingError(
      `the key ring has ${active === undefined ? 0 : 1 + others.length} active keys; set the state of exactly one key to "active"`,
    );
  }
  return active;
}

/**
 * A digest of the ids and states of keys, in any order: 16 hexadecimal digits. It reveals nothing of the keys
 * themselves; equal digests on two replicas mean equal rings.
 */
export function ringFingerprint(keys: readonly KeyIdentity[]): string {
  const lines = keys.map(({ id, state }) => `${id} ${state}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}

/** The keys that seal and open. Immutable: a change of keys is a new ring. */
export class KeyRing {
  /** The key that seals. */
  readonly active: RingKey;
  /** The keys that open: the active one first, then the decrypt-only ones. */
  readonly usable: readonly [RingKey, ...RingKey[]];

  readonly #byId: ReadonlyMap<string, RingKey>;
  readonly #fingerprint: string;

  /** @throws KeyRingError when two keys are the same, or not exactly one is active. */
  constructor(keys: readonly (RingKey | RetiredKey)[]) {
    validateKeys(keys);
    const usable = keys.flatMap((key) => (key.state === 'retired' ? [] : [key]));
    this.active = onlyActive(usable);
    this.usable = [this.active, ...usable.filter((key) => key.state === 'decrypt-only')];
    this.#byId = new Map(this.usable.map((key) => [key.id, key]));
    this.#fingerprint = ringFingerprint(keys);
  }

  /** The key that opens what was sealed under `id`, or undefined when the ring lacks it or it is retired. */
  find(id: string): RingKey | undefined {
    return this.#byId.get(id);
  }

  /** Distinguishes rings by the ids and states of all their keys, see `ringFingerprint`. No secret. */
  fingerprint(): string {
    return this.#fingerprint;
  }
}

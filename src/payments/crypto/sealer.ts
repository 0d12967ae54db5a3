import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { KeyRing, RingKey } from './key-ring.js';

import { Secret } from './secret.js';
import { ExplainedError } from '../domain/explained-error.js';
import { credentialOf, modeOf, type Mode, type SealedField } from '../domain/credentials.js';

/**
 * What a sealed value belongs to. It is authenticated with the value, so that a value moved to another
 * project, mode or field does not open. Take it from the row, never from a URL.
 */
export interface SealContext {
  /** What kind of thing is sealed, so that one use can never open another's values. */
  readonly purpose: 'credential' | 'canary' | 'event';
  /** In its canonical spelling. */
  readonly projectId: string;
  readonly mode: string;
  readonly field: string;
}

/** The context of a credential. A previous webhook secret has the one that it had before it was replaced. */
export function sealContext(projectId: string, field: SealedField): SealContext {
  return { purpose: 'credential', projectId, mode: modeOf(field), field: credentialOf(field) };
}

/** The context of an event's payload. */
export function eventContext(projectId: string, mode: Mode, eventId: string): SealContext {
  return { purpose: 'event', projectId, mode, field: eventId };
}

declare const sealed: unique symbol;

/** A sealed value: `sc1.<key id>.<base64url(iv 12 ‖ ciphertext ‖ tag 16)>`. Safe to store. */
export type Sealed = string & { readonly [sealed]: true };

/** A sealed value that cannot be opened. One constant text, so that an attacker learns nothing from it. */
export class UnsealError extends ExplainedError {
  override name = 'UnsealError';
  constructor() {
    super('the sealed value cannot be opened');
  }
}

const FORMAT = 'sc1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
/** Also passed to the decipher: without it Node accepts tags truncated to four bytes. */
const TAG_BYTES = 16;
/** Longest sealed value by its purpose, in bytes: a webhook's body may have up to 1 MiB. */
const MAX_BLOB_BYTES = { credential: 4096, canary: 4096, event: 1024 * 1024 + IV_BYTES + TAG_BYTES };
const FINGERPRINT_BYTES = 16;

/**
 * Seals, opens and compares secrets under a key ring.
 * AES-256-GCM with a fresh random 96-bit nonce for each value and a full 128-bit tag.
 */
export class Sealer {
  private readonly keys: { readonly ring: KeyRing };

  /** @param keys a ring, or a holder of the current one, which is read at each call */
  constructor(keys: KeyRing | { readonly ring: KeyRing }) {
    this.keys = 'ring' in keys ? keys : { ring: keys };
  }

  /** The keys in use. */
  get ring(): KeyRing {
    return this.keys.ring;
  }

  /** Seals under the active key. At most 4,068 bytes of UTF-8, of an event 1 MiB. */
  seal(secret: Secret, context: SealContext): Sealed {
    return Sealer.sealUnder(this.ring.active, secret, context);
  }

  /** Seals under a given key. */
  static sealUnder({ id, sealing }: RingKey, secret: Secret, context: SealContext): Sealed {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, sealing, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(id, context));
    const body = cipher.update(secret.reveal(), 'utf8');
    cipher.final();
    const blob = Buffer.concat([iv, body, cipher.getAuthTag()]);
    if (blob.length > MAX_BLOB_BYTES[context.purpose]) throw new RangeError('the value is too long to seal');
    return `${FORMAT}.${id}.${blob.toString('base64url')}` as Sealed;
  }

  /**
   * Opens a sealed value with whichever key of the ring sealed it.
   *
   * @throws UnsealError for anything wrong: shape, unknown key, changed bytes, another context.
   */
  open(value: string, context: SealContext): Secret {
    const { id, blob } = parse(value, context.purpose);
    const key = this.ring.find(id);
    if (key === undefined) throw new UnsealError();
    try {
      const decipher = createDecipheriv(CIPHER, key.sealing, blob.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associatedData(id, context));
      decipher.setAuthTag(blob.subarray(-TAG_BYTES));
      const body = decipher.update(blob.subarray(IV_BYTES, -TAG_BYTES));
      decipher.final();
      return new Secret(body.toString('utf8'));
    } catch {
      throw new UnsealError();
    }
  }

  /** As {@link Sealer.open}, but undefined for what cannot be opened. */
  tryToOpen(value: string, context: SealContext): Secret | undefined {
    try {
      return this.open(value, context);
    } catch {
      return undefined;
    }
  }

  /**
   * Fingerprints to compare a secret with stored ones without opening them: one for each key that may have
   * made a stored one, that of the active key first (the one to store). Bound to the project, so that
   * equal secrets of two projects cannot be recognized.
   */
  fingerprints(secret: Secret, projectId: string): [string, ...string[]] {
    const [active, ...others] = this.ring.usable;
    return [
      fingerprint(active, secret, projectId),
      ...others.map((key) => fingerprint(key, secret, projectId)),
    ];
  }
}

function fingerprint(key: RingKey, secret: Secret, projectId: string): string {
  const digest = createHmac('sha256', key.fingerprinting)
    .update(lengthPrefixed([projectId, secret.reveal()]))
    .digest();
  return `${key.id}.${digest.subarray(0, FINGERPRINT_BYTES).toString('base64url')}`;
}

function associatedData(id: string, { purpose, projectId, mode, field }: SealContext): Buffer {
  return lengthPrefixed([FORMAT, id, purpose, projectId, mode, field]);
}

/** Each part after its length in bytes (32 bits, big-endian), so that no two lists give the same bytes. */
function lengthPrefixed(parts: readonly string[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    offset = bytes.writeUInt32BE(lengths[index] ?? 0, offset);
    offset += bytes.write(part, offset);
  }
  return bytes;
}

function parse(value: string, purpose: SealContext['purpose']): { id: string; blob: Buffer } {
  const [, id, text] = /^sc1\.([a-z2-7]{10})\.([A-Za-z0-9_-]+)$/.exec(value) ?? [];
  if (id === undefined || text === undefined) throw new UnsealError();
  const blob = Buffer.from(text, 'base64url');
  const canonical = blob.toString('base64url') === text;
  if (!canonical || blob.length < IV_BYTES + TAG_BYTES || blob.length > MAX_BLOB_BYTES[purpose])
    throw new UnsealError();
  return { id, blob };
}

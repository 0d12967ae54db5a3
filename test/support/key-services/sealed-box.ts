import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What a key service does inside: AES-256-GCM under a key that never leaves it. */
export class SealedBox {
  readonly #key = randomBytes(32);

  seal(plaintext: Buffer, associatedData: Buffer): Buffer {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv, { authTagLength: 16 });
    cipher.setAAD(associatedData);
    return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined when the text or the associated data is not what was sealed. */
  open(sealed: Buffer, associatedData: Buffer): Buffer | undefined {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAAD(associatedData);
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

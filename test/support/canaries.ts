import { randomUUID } from 'node:crypto';
import type { CredentialField } from '../../src/payments/domain/credentials.js';
import { fakeCredential } from './credentials.js';

/** So many characters of a secret in a row are a leak; the four that a mask shows are not. */
const WINDOW = 8;

/** Secrets that are sent everywhere and must be found nowhere, not even in part, nor in base64 or hexadecimal. */
export class Canaries {
  private readonly windows = new Map<string, string>();
  private readonly lengths = new Set<number>();
  /** Whether any window starts with these three characters: skips nearly everything fast. */
  private readonly starts = new Uint8Array(1 << 24);
  private readonly run = randomUUID();
  private count = 0;

  /** A fresh credential; no other run has the same. */
  make(field: CredentialField = 'test_secret_key'): string {
    this.count += 1;
    const credential = fakeCredential(field, `${this.run} ${this.count}`);
    this.watch(`${field} ${this.count}`, credential.slice(credential.lastIndexOf('_') + 1));
    return credential;
  }

  /**
   * Watches for another secret, too.
   *
   * @param name what a find is called by
   */
  watch(name: string, secret: string): void {
    const bytes = Buffer.from(secret);
    this.addWindows(name, secret, WINDOW);
    this.addWindows(`${name} in hexadecimal`, bytes.toString('hex'), WINDOW * 2);
    for (const shift of [0, 1, 2]) {
      // Whole groups of three bytes only, since the last characters depend on what follows.
      const groups = bytes.subarray(shift, shift + Math.floor((bytes.length - shift) / 3) * 3);
      this.addWindows(`${name} in base64`, groups.toString('base64'), Math.ceil((WINDOW * 4) / 3));
      this.addWindows(`${name} in base64url`, groups.toString('base64url'), Math.ceil((WINDOW * 4) / 3));
    }
  }

  /** The names of the secrets of which a piece is there, in any letter case. */
  find(haystack: string | Buffer): string[] {
    const text = (typeof haystack === 'string' ? Buffer.from(haystack) : haystack)
      .toString('latin1')
      .toLowerCase();
    const found = new Set<string>();
    for (let index = 0; index < text.length; index++) {
      if (this.starts[startOf(text, index)] === 0) continue;
      for (const length of this.lengths) {
        const name = this.windows.get(text.slice(index, index + length));
        if (name !== undefined) found.add(name);
      }
    }
    return [...found];
  }

  private addWindows(name: string, text: string, length: number): void {
    this.lengths.add(length);
    for (let index = 0; index + length <= text.length; index++) {
      const window = text.slice(index, index + length).toLowerCase();
      this.windows.set(window, name);
      this.starts[startOf(window, 0)] = 1;
    }
  }
}

function startOf(text: string, index: number): number {
  // Characters of Latin-1; behind the end NaN counts as 0.
  return (
    ((text.charCodeAt(index) & 255) << 16) |
    ((text.charCodeAt(index + 1) & 255) << 8) |
    (text.charCodeAt(index + 2) & 255)
  );
}

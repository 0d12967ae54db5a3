import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'nsc_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 is more than 2^256, and 62^6 more than 2^32. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** The whole of a token. Scanners of secrets find it by this, and know by the checksum that it is one. */
export const TOKEN_FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/** A new token: 256 random bits and their CRC-32, both in base 62. */
export function makeToken(): string {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH);
  return PREFIX + secret + checksumOf(secret);
}

/** Whether a text was meant for a service token, right or not. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** Whether a text has the form of a token, and its checksum: what has not was never made. */
export function isWellFormed(text: string): boolean {
  const secret = text.slice(PREFIX.length, -CHECKSUM_LENGTH);
  return TOKEN_FORM.test(text) && text.endsWith(checksumOf(secret));
}

/**
 * What is stored of a token. A slow hash is for passwords, which can be guessed; 256 random bits cannot, and this one is computed
 * with each request.
 */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function checksumOf(secret: string): string {
  return inBase62(BigInt(crc32(secret)), CHECKSUM_LENGTH);
}

function inBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = (DIGITS[Number(rest % 62n)] ?? '') + text;
  return text.padStart(length, '0');
}

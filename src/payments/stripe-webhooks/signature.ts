import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

/** How far a signature's time may be from ours, in seconds, in both directions. Stripe's own libraries allow as much. */
export const TOLERANCE_SECONDS = 300;

/** Longest accepted header, and most signatures in it: Stripe sends at most two, and the scheme `v0` in test mode. */
const MAX_HEADER_LENGTH = 2_048;
const MAX_SIGNATURES = 10;

/** The contents of a `Stripe-Signature`. */
export interface Signature {
  time: string;
  /** One or more. */
  digests: readonly Buffer[];
}

/**
 * Finds the secret that a webhook was signed with: HMAC-SHA256 over the time, a full stop and the body's bytes
 * (docs.stripe.com/webhooks/signature). Any `v1` of the header may match; other schemes are ignored.
 *
 * @param secrets the whole `whsec_…` texts as keys
 * @param now in seconds since 1970
 * @returns the secret's place in the list, and whether the signature is too old or too new to be accepted; undefined when no
 *   secret matches, whatever the reason
 */
export function findSigningSecret(
  signature: Signature,
  body: Buffer,
  secrets: readonly KeyObject[],
  now: number,
): { index: number; isStale: boolean } | undefined {
  const index = secrets.findIndex((secret) => {
    const expected = createHmac('sha256', secret).update(`${signature.time}.`).update(body).digest();
    return signature.digests.some((digest) => timingSafeEqual(digest, expected));
  });
  if (index === -1) return undefined;
  return { index, isStale: Math.abs(now - Number(signature.time)) > TOLERANCE_SECONDS };
}

/**
 * Reads the header `Stripe-Signature`.
 *
 * @returns undefined when it is not well-formed
 */
export function parseSignature(header: string): Signature | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const items = header.split(',').map((item) => /^([^=]*)=(.+)$/.exec(item));
  const valuesOf = (name: string): string[] =>
    items.flatMap((item) => (item?.[1] === name ? (item[2] ?? '') : []));
  const [time, ...otherTimes] = valuesOf('t');
  const digests = valuesOf('v1').filter((value) => /^[0-9a-f]{64}$/.test(value));
  // A name without a value makes Stripe's SDK refuse the whole header, too.
  if (items.includes(null) || time === undefined || otherTimes.length > 0) return undefined;
  if (!/^\d{1,12}$/.test(time) || digests.length === 0 || digests.length > MAX_SIGNATURES) return undefined;
  return { time, digests: digests.map((digest) => Buffer.from(digest, 'hex')) };
}

import type { IncomingHttpHeaders } from 'node:http';

/**
 * The access token of an `Authorization: Bearer` header (RFC 6750 section 2.1).
 *
 * @param rawHeaders names and values in turn, as `node:http` gives them; a second header is refused, where
 *   `headers` alone would hide it
 * @returns `undefined` when no bearer token was offered at all, `null` when one was offered in a wrong form
 */
export function bearerToken(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): string | null | undefined {
  const header = headers.authorization;
  if (header === undefined) return undefined;
  if (countOf('authorization', rawHeaders) > 1) return null;
  if (header.slice(0, 6).toLowerCase() !== 'bearer') return undefined;
  // The server limits the length, and the expression has nothing to backtrack into, so that no header costs much.
  return /^ +([\w.~+/-]+=*)$/.exec(header.slice(6))?.[1] ?? null;
}

/** How often a header was sent. */
export function countOf(name: string, rawHeaders: readonly string[]): number {
  return valuesOf(name, rawHeaders).length;
}

/** What a header was sent with, each time, where `headers` would join the values or show the first. */
export function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter(
    (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}

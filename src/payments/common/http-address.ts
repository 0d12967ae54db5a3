/** Whether something is an http or https address. */
export function isHttpAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\/[^/]/i.test(value) && URL.canParse(value);
}

/**
 * The part of an address to which a path cannot be added, or that would be lost on the way; undefined when it has none.
 *
 * @param options `query`: whether it may have one
 */
export function unwantedPart(address: string, { query = false } = {}): string | undefined {
  // Not the parsed address: a parser reads a backslash as a slash, and drops tabs.
  if (/[\s\p{Cc}]/u.test(address)) return 'a blank';
  if (address.includes('\\')) return 'a backslash';
  if (address.includes('#')) return '"#" and what follows it';
  if (!query && address.includes('?')) return '"?" and what follows it';
  if (/^[a-z]+:\/\/[^/?]*@/i.test(address)) return 'a user name or password';
  return undefined;
}

/** Whether something is an http or https address that names a server and nothing on it. */
export function isOrigin(value: unknown): boolean {
  if (!isHttpAddress(value) || unwantedPart(value) !== undefined) return false;
  const { href, origin } = new URL(value);
  return href === `${origin}/`;
}

/**
 * What is wrong with an address, as the end of a sentence that begins with its name, and the fix.
 *
 * @param wanted what it must be, as in "must be …"
 * @param rules `https`: whether plain http is refused; `query`: whether it may have one
 */
export function addressFault(
  value: unknown,
  wanted: string,
  { https = false, query = false } = {},
): string | undefined {
  const isText = typeof value === 'string' && /^https?:/i.test(value);
  const part = isText ? unwantedPart(value, { query }) : undefined;
  if (part !== undefined) return `must be ${wanted} without ${part}; leave that out`;
  if (!isHttpAddress(value)) return `must be ${wanted}`;
  return https && new URL(value).protocol !== 'https:' ? `must be ${wanted}` : undefined;
}

import type { IncomingHttpHeaders } from 'node:http';
import { countOf, type Caller } from '../http-request.js';
import { PaymentsError } from '../../domain/errors.js';
import { isSubject } from '../../domain/subject.js';

/** How much the clocks of issuer and service may differ, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** Longest time that a token signed with a shared secret may still be valid: tokens for development are made for a month. */
export const SECRET_TOKEN_HOURS = 31 * 24;

/** Which check a token failed: for the log, never for the caller. */
export type TokenFault =
  | 'malformed'
  | 'type'
  | 'algorithm'
  | 'unknown_kid'
  | 'signature'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime'
  | 'issuer'
  | 'audience'
  | 'subject';

/** A token that is refused. The caller is not told why: a forger learns nothing. */
export class TokenRefused extends PaymentsError {
  override name = 'TokenRefused';

  /** @param explanation more about it for the log, in words of our own */
  constructor(
    readonly reason: TokenFault,
    readonly explanation?: string,
  ) {
    super(
      'invalid_token',
      'The access token is malformed, expired, or not meant for this service; get a new one.',
    );
  }
}

/** Values of `typ` in a header of an access token (RFC 7519 section 5.1, RFC 9068 section 2.1). */
const ACCESS_TOKEN_TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];

/** Values of the claims by which identity providers tell access tokens from refresh and ID tokens. */
const ACCESS_TOKEN_USES = ['access', 'access_token', 'bearer', 'jwt', 'at+jwt'];

/**
 * Validates the header of a token.
 *
 * @throws PaymentsError `invalid_token` for extensions that must be understood (`crit`) and other kinds of token
 */
export function validateHeader(header: { crit?: unknown; typ?: unknown }): void {
  if (header.crit !== undefined) throw new TokenRefused('type');
  if (header.typ !== undefined && !isOneOf(header.typ, ACCESS_TOKEN_TYPES)) throw new TokenRefused('type');
}

/** Claims that name scopes unless the options name others. */
export const SCOPE_CLAIMS = ['scope', 'scp'];

/**
 * Refuses a token that is valid for longer than may be: what leaks must end by itself.
 *
 * @param maxHours the longest time that may be left
 * @param now seconds since 1970
 * @throws TokenRefused
 */
export function checkLifetime({ exp }: Record<string, unknown>, maxHours: number, now: number): void {
  const isBounded = typeof exp === 'number' && exp <= now + maxHours * 3600 + CLOCK_TOLERANCE_SECONDS;
  if (!isBounded) throw new TokenRefused('lifetime');
}

const NO_SUBJECT = 'sub must be a text of 1 to 255 characters (RFC 7519); sign a number as its text';

/**
 * Validates the claims of a token whose signature, times, issuer and audience are right.
 *
 * @param requiredScope a scope that the token must have, if any
 * @param scopeClaims the claims that name scopes
 * @throws PaymentsError `invalid_token` or `insufficient_scope`
 */
export function validateClaims(
  claims: Record<string, unknown>,
  requiredScope: string | undefined,
  scopeClaims: readonly string[] = SCOPE_CLAIMS,
): Caller {
  const { exp, sub } = claims;
  if (typeof exp !== 'number') throw new TokenRefused('lifetime');
  if (!isSubject(sub)) throw new TokenRefused('subject', NO_SUBJECT);
  for (const use of [claims.type, claims.token_use, claims.typ]) {
    if (use !== undefined && !isOneOf(use, ACCESS_TOKEN_USES)) throw new TokenRefused('type');
  }
  if (requiredScope !== undefined && !scopesOf(claims, scopeClaims).includes(requiredScope)) {
    throw new PaymentsError(
      'insufficient_scope',
      'The access token lacks the scope that this service requires.',
    );
  }
  return { subject: sub };
}

/** Scopes are a text with spaces (RFC 8693 section 4.2), or a list. */
function scopesOf(claims: Record<string, unknown>, names: readonly string[]): unknown[] {
  return names.flatMap((name): unknown[] => {
    const claim = claimAt(claims, name);
    if (Array.isArray(claim)) return claim;
    return typeof claim === 'string' ? claim.split(' ') : [];
  });
}

/** A claim by its name, which may have dots, or by its path: Keycloak has roles in `realm_access.roles`. */
function claimAt(claims: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>(
      (value, part) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, part)
          ? (value as Record<string, unknown>)[part]
          : undefined,
      claims,
    );
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === 'string' && allowed.includes(value.toLowerCase());
}

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

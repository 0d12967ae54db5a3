import { PaymentsError } from '../payments.errors.js';

/** Who calls, as the access token says. */
export interface Caller {
  /** The token's `sub`: 1 to 255 characters, not necessarily a UUID. */
  subject: string;
}

/** How much the clocks of issuer and service may differ, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 60;

const MAX_SUBJECT_LENGTH = 255;

/** Values of `typ` in a header of an access token (RFC 7519 section 5.1, RFC 9068 section 2.1). */
const ACCESS_TOKEN_TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];

/** Values of the claims by which identity providers tell access tokens from refresh and ID tokens. */
const ACCESS_TOKEN_USES = ['access', 'access_token', 'bearer', 'jwt', 'at+jwt'];

/**
 * Judges the header of a token.
 *
 * @throws PaymentsError `invalid_token` for extensions that must be understood (`crit`) and other kinds of token
 */
export function judgeHeader(header: { crit?: unknown; typ?: unknown }): void {
  if (header.crit !== undefined) throw invalidToken();
  if (header.typ !== undefined && !isOneOf(header.typ, ACCESS_TOKEN_TYPES)) throw invalidToken();
}

/**
 * Judges the claims of a token whose signature, times, issuer and audience are right.
 *
 * @param requiredScope a scope that the token must have, if any
 * @throws PaymentsError `invalid_token` or `insufficient_scope`
 */
export function judgeClaims(claims: Record<string, unknown>, requiredScope: string | undefined): Caller {
  const { exp, sub } = claims;
  if (typeof exp !== 'number') throw invalidToken();
  if (!isSubject(sub)) throw invalidToken();
  for (const use of [claims.type, claims.token_use, claims.typ]) {
    if (use !== undefined && !isOneOf(use, ACCESS_TOKEN_USES)) throw invalidToken();
  }
  if (requiredScope !== undefined && !scopesOf(claims).includes(requiredScope)) {
    throw new PaymentsError(
      'insufficient_scope',
      'The access token lacks the scope that this service requires.',
    );
  }
  return { subject: sub };
}

/** Whether something may name a caller. */
export function isSubject(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT_LENGTH && !value.includes('\0')
  );
}

/** The refusal of a token, whatever is wrong with it: a forger learns nothing. */
export function invalidToken(): PaymentsError {
  return new PaymentsError(
    'invalid_token',
    'The access token is malformed, expired, or not meant for this service; get a new one.',
  );
}

/** `scope` is a text with spaces (RFC 8693 section 4.2); some providers send `scp`, a text or a list. */
function scopesOf({ scope, scp }: Record<string, unknown>): unknown[] {
  return [scope, scp].flatMap((claim: unknown): unknown[] => {
    if (Array.isArray(claim)) return claim;
    return typeof claim === 'string' ? claim.split(' ') : [];
  });
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === 'string' && allowed.includes(value.toLowerCase());
}

/**
 * Whether the database gives a text back as it was stored. Half a surrogate pair becomes U+FFFD on its way there, so that
 * texts which differ would be one; PostgreSQL has no NUL.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

const MAX_SUBJECT_LENGTH = 255;

/** Whether something may name a caller. It is compared as it is: nothing is trimmed, folded or normalized. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT_LENGTH && isStorable(value);
}

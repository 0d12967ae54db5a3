/**
 * Whether the database gives a text back as it was stored. Half a surrogate pair becomes U+FFFD on its way there, so that
 * texts which differ would be one; PostgreSQL has no NUL.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/**
 * Whether people see a text as it is: nothing in it is a line break or another control character, turns its direction, or has no
 * width, and it has neither white space around it nor nothing else. Variation selectors belong to emoji.
 */
export function isVisible(text: string): boolean {
  return text !== '' && text === text.trim() && !INVISIBLE.test(text);
}

/**
 * Whether people see a text of several lines as it is, white space apart. It may be empty, and have the joiners that some scripts need.
 */
export function isReadable(text: string): boolean {
  return !INVISIBLE.test(text.replaceAll(/[\t\r\n\u200C\u200D]/g, ''));
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2800]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}/u;

const MAX_SUBJECT_LENGTH = 255;

/** Whether something may name a caller. It is compared as it is: nothing is trimmed, folded or normalized. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT_LENGTH && isStorable(value);
}

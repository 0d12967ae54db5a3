import { isSubject } from './subject.js';

/** An id as hosts have it: a text, or the number or bigint of a serial key, which is taken as its text. */
export type HostId = string | number | bigint;

/** What {@link idText} takes. */
export const HOST_ID_FORM =
  'a text of 1 to 255 characters without NUL and half surrogate pairs, a safe integer, or a bigint';

/** The text of an id; undefined where the value is none. */
export function idText(value: unknown): string | undefined {
  const text = typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : value;
  return isSubject(text) ? text : undefined;
}

/** What a value is that is no id, for an error: its type, and nothing of the value. */
export function typeInWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string')
    return value === '' ? 'an empty text' : 'a text that is longer, or has such characters';
  if (typeof value === 'number') return 'a number that is no safe integer';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

import { isStorable } from './storable.js';

const MAX_SUBJECT_LENGTH = 255;

/** Whether something may name a caller. It is compared as it is: nothing is trimmed, folded or normalized. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT_LENGTH && isStorable(value);
}

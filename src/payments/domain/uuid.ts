import { ValidationFailed, type ValidationItem } from './errors.js';

/** A UUID of any version in its usual form, in any letter case. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What 422 lists where a part of the path is no UUID. */
export function invalidUuid(name: string): ValidationItem {
  return {
    loc: ['path', name],
    msg: 'This must be a UUID, such as 3c90c3cc-0d44-4b50-8888-8dd25736052a.',
    type: 'invalid_uuid',
  };
}

/**
 * A UUID of the path in lower case.
 *
 * @throws ValidationFailed `invalid_uuid`
 */
export function canonicalUuid(value: unknown, name: string): string {
  if (typeof value !== 'string' || !UUID.test(value)) {
    throw new ValidationFailed([invalidUuid(name)]);
  }
  return value.toLowerCase();
}

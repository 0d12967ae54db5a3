/**
 * What the names of our schemas begin with in an application's OpenAPI document. No class has a name with a dot in it, so that
 * none of the application's own schemas takes the place of ours, nor ours the place of one of them.
 */
export const SCHEMA_PREFIX = 'Payments.';

/** What the ids of our operations begin with: they look like those that Nest gives, of a class and a method. */
export const OPERATION_PREFIX = 'Payments_';

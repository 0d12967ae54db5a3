import { holdsCredential } from '../../domain/credential-shape.js';
import { isEventPattern } from '../../domain/event-type.js';
import { ValidationFailed, type ValidationCause } from '../../domain/errors.js';

/** One of a list of words, or null when the parameter is absent. */
export function readChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T | null {
  if (value === undefined) return null;
  const choice = choices.find((each) => each === value);
  if (choice !== undefined) return choice;
  throw refuseQuery(name, 'out_of_range', `This must be one of ${choices.join(', ')}.`);
}

/** A pattern of types of events, or null when the parameter is absent. */
export function readPattern(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && isEventPattern(value) && !holdsCredential(value)) return value;
  throw refuseQuery(
    'type',
    'out_of_range',
    'This must be a type of event such as invoice.paid, or a prefix such as invoice.*.',
  );
}

/** A short text, or null when the parameter is absent. */
export function readText(name: string, value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^[!-~]{1,255}$/.test(value) && !holdsCredential(value)) return value;
  throw refuseQuery(name, 'out_of_range', 'This must be one text of 1 to 255 characters without spaces.');
}

function refuseQuery(name: string, type: ValidationCause, msg: string): ValidationFailed {
  return new ValidationFailed([{ loc: ['query', name], msg, type }]);
}

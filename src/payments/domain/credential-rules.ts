import { FOREIGN_MASK, adviceOnForeign, findDecoration, findRemainder, type Fault } from './pastes.js';

import type { CredentialPrefix } from './credential-catalogue.js';
import { CREDENTIAL_FIELDS, describeCredential, type CredentialField } from './credentials.js';

export { FOREIGN_MASK };
export type { Fault };

/** Shortest accepted text after the prefix, in characters. Stripe promises nothing about a key's body. */
export const MIN_BODY_LENGTH = 8;
/** Longest accepted value, prefix included, in characters. */
export const MAX_LENGTH = 512;

/** What a field may hold, as a sentence's end: `sk_test_ or rk_test_`. */
export function prefixesOf(field: CredentialField): string {
  return prefixesFor(field)
    .map(({ text }) => text)
    .join(' or ');
}

/** A value without the white space that was pasted around it. */
export function trimmed<T>(value: T): T {
  return typeof value === 'string' ? (value.trim() as T & string) : value;
}

/**
 * Validates a value for a field.
 *
 * @param value {@link trimmed}
 * @returns undefined when it may be stored, or when it has the form of this field's mask ({@link isMaskOf}),
 *   which only the stored mask can decide
 */
export function findFault(field: CredentialField, value: unknown): Fault | undefined {
  if (typeof value !== 'string') {
    return {
      type: 'not_a_string',
      msg: `The value must be a text that starts with ${prefixesOf(field)}, or null.`,
    };
  }
  if (value === '') {
    return { type: 'empty', msg: 'The value is empty; leave the field out to keep what is stored.' };
  }
  if (value.length > MAX_LENGTH) {
    return {
      type: 'too_long',
      msg: `The value is longer than ${MAX_LENGTH} characters; paste one credential only.`,
    };
  }
  if (isMaskOf(field, value)) return undefined;
  return (
    findDecoration(value, prefixesOf(field)) ?? findMisplacement(field, value) ?? findBadBody(field, value)
  );
}

/** Whether a value has the form that {@link maskOf} gives to values of this field. */
export function isMaskOf(field: CredentialField, value: string): boolean {
  return prefixesFor(field).some(
    ({ text }) => value.startsWith(`${text}...`) && /^[\x21-\x7e]{4}$/.test(value.slice(text.length + 3)),
  );
}

/**
 * What may be shown of an accepted value: its prefix, three dots and its last four characters, such as
 * `sk_test_...aBcD`. At least {@link MIN_BODY_LENGTH} characters follow the prefix, so at least four stay hidden.
 */
export function maskOf(field: CredentialField, value: string): string {
  const prefix = prefixesFor(field).find(({ text }) => value.startsWith(text));
  if (prefix === undefined) throw new TypeError(`a value for ${field} that was not validated`);
  return `${prefix.text}...${value.slice(-4)}`;
}

function prefixesFor(field: CredentialField): readonly CredentialPrefix[] {
  return describeCredential(field).prefixes;
}

/** A credential of another kind or mode, or none at all. */
function findMisplacement(field: CredentialField, value: string): Fault | undefined {
  if (prefixesFor(field).some(({ text }) => value.startsWith(text))) return undefined;
  const advice = adviceOnForeign(value);
  if (advice !== undefined) {
    return { type: 'wrong_kind', msg: `${advice} Expected ${prefixesOf(field)}.` };
  }
  const home = findHome(field, value);
  if (home !== undefined) {
    const isOfSameKind = describeCredential(home.field).kind === describeCredential(field).kind;
    return {
      type: isOfSameKind ? 'wrong_mode' : 'wrong_kind',
      msg: `This is ${home.name}; it belongs in ${home.field}. Expected ${prefixesOf(field)}.`,
    };
  }
  return (
    findBadCharacters(value) ?? {
      type: 'wrong_prefix',
      msg: `The value must start with ${prefixesOf(field)}.`,
    }
  );
}

/**
 * Where a value belongs by its prefix, and what it is called; undefined for what is none of our credentials. One that names no mode
 * belongs to the same mode as the field it was pasted into.
 */
export function findHome(
  pasted: CredentialField,
  value: string,
): { field: CredentialField; name: string } | undefined {
  const homes = CREDENTIAL_FIELDS.flatMap((field) =>
    prefixesFor(field)
      .filter(({ text }) => value.startsWith(text))
      .map(({ name }) => ({ field, name })),
  );
  const { mode } = describeCredential(pasted);
  return homes.find(({ field }) => describeCredential(field).mode === mode) ?? homes[0];
}

function findBadBody(field: CredentialField, value: string): Fault | undefined {
  if (/\s/u.test(value)) {
    return { type: 'contains_whitespace', msg: 'The value has white space inside; paste it in one piece.' };
  }
  const prefix = prefixesFor(field).find(({ text }) => value.startsWith(text))?.text ?? '';
  return (
    findBadCharacters(value) ??
    findRemainder(value) ??
    (value.length - prefix.length < MIN_BODY_LENGTH
      ? { type: 'too_short', msg: 'The value is cut short; paste the whole credential.' }
      : undefined)
  );
}

function findBadCharacters(value: string): Fault | undefined {
  return /[^\x20-\x7e\s]/u.test(value)
    ? {
        type: 'invalid_characters',
        msg: 'The value has characters that no credential has, perhaps invisible ones; copy it again from the Stripe Dashboard.',
      }
    : undefined;
}

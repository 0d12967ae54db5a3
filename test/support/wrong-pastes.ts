import type { ValidationCause } from '../../src/payments/domain/errors.js';
import { findFault } from '../../src/payments/domain/credential-rules.js';
import type { CredentialField } from '../../src/payments/domain/credentials.js';
import { FOREIGN_MASK } from '../../src/payments/domain/pastes.js';
import { fakeCredential } from './credentials.js';

/** What nobody can paste into a field: causes of other requests than those of the page, and an empty field, which is left alone. */
const NO_PASTES = [
  'empty',
  'missing',
  'extra_forbidden',
  'not_a_string',
  'not_a_boolean',
  'not_a_list',
  'invalid_uuid',
  'invalid_id',
  'invalid_cursor',
  'out_of_range',
] as const satisfies readonly ValidationCause[];

/** Only the service knows it, since only there is the other mode’s secret. */
const BY_THE_SERVICE = 'same_secret_in_both_modes' satisfies ValidationCause;

type PasteCause = Exclude<ValidationCause, (typeof NO_PASTES)[number] | typeof BY_THE_SERVICE>;

/** A paste into the field of the test mode’s secret key for each cause: a cause without one does not compile. */
function wrongPastes(): Record<PasteCause, string> {
  const key = fakeCredential('test_secret_key', 'wrong paste');
  return {
    wrong_prefix: 'hello',
    wrong_mode: fakeCredential('live_secret_key', 'wrong paste'),
    wrong_kind: fakeCredential('test_publishable_key', 'wrong paste'),
    quoted_value: `"${key}"`,
    bearer_prefix: `Bearer ${key}`,
    assignment: `STRIPE_KEY=${key}`,
    json_value: `{"key":"${key}"}`,
    authorization_header: `Authorization: Bearer ${key}`,
    trailing_characters: `${key};`,
    masked_value: `${key.slice(0, 8)}…${key.slice(-4)}`,
    contains_whitespace: `${key} ${key}`,
    invalid_characters: `${key}\u200b`,
    too_short: key.slice(0, 12),
    too_long: key.repeat(20),
  };
}

/** A wrong paste, its cause, and how what the rules say of it begins. */
export interface WrongPaste {
  cause: PasteCause;
  text: string;
  said: string;
}

/**
 * Every wrong paste into a field.
 *
 * @param causes all that the catalogue knows
 * @throws Error where one of them is not tried, or the rules find another cause
 */
export function everyWrongPaste(field: CredentialField, causes: readonly string[]): WrongPaste[] {
  const pastes = wrongPastes();
  const known = [...NO_PASTES, BY_THE_SERVICE, ...Object.keys(pastes)];
  const untried = causes.filter((cause) => !known.includes(cause));
  if (untried.length > 0) throw new Error(`no wrong paste is tried for ${untried.join(', ')}`);
  return (Object.entries(pastes) as [PasteCause, string][]).map(([cause, text]) => {
    const fault = findFault(field, text) ?? FOREIGN_MASK;
    if (fault.type !== cause) throw new Error(`the paste for ${cause} is refused as ${fault.type}`);
    // Behind it fields are named, which the page calls otherwise.
    return { cause, text, said: fault.msg.split(/[;:.,(]/)[0] ?? '' };
  });
}

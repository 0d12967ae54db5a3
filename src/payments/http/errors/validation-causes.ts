import type { ValidationCause } from '../../domain/errors.js';

interface Cause {
  meaning: string;
  /** What the caller does about it. */
  fix: string;
}

/** Every cause that a 422 lists, once, for the documentation: what is sent names the field and its values as well. */
export const CAUSES: Record<ValidationCause, Cause> = {
  wrong_prefix: {
    meaning: 'The value starts like no credential that this field takes.',
    fix: 'Paste the credential that the field is named after, with its prefix.',
  },
  wrong_mode: {
    meaning: 'A credential of the right kind, but of the other mode.',
    fix: 'Paste it into the field of its own mode.',
  },
  wrong_kind: {
    meaning: 'A credential of another kind, an id or an address, or a credential where none belongs.',
    fix: 'Paste it into the field that the message names, or get the credential that this field needs.',
  },
  quoted_value: { meaning: 'The value is in quotes.', fix: 'Paste it without them.' },
  bearer_prefix: { meaning: 'The value starts with `Bearer`.', fix: 'Paste only what follows it.' },
  assignment: {
    meaning: 'The value is a setting, `NAME=value` or `name: value`.',
    fix: 'Paste only what stands behind the name.',
  },
  json_value: {
    meaning: 'The value is JSON.',
    fix: 'Paste only the credential in it, without braces and quotes.',
  },
  authorization_header: {
    meaning: 'The value is an `Authorization` header.',
    fix: 'Paste only the credential in it.',
  },
  trailing_characters: {
    meaning: 'A semicolon, a comma, a colon or a backslash sequence was copied along.',
    fix: 'Paste the value without it.',
  },
  masked_value: {
    meaning: 'A masked value, but not the mask that is stored in this field.',
    fix: 'Paste the whole credential, or leave the field out to keep what is stored. A key that Stripe no longer reveals must be replaced.',
  },
  contains_whitespace: { meaning: 'There is white space inside the value.', fix: 'Paste it in one piece.' },
  invalid_characters: {
    meaning: 'There are characters that such a value never has, perhaps invisible ones.',
    fix: 'Copy the value again from its source.',
  },
  too_short: { meaning: 'The credential is cut short.', fix: 'Paste the whole credential.' },
  too_long: {
    meaning: 'The value is longer than the field takes.',
    fix: 'Paste one credential only, or shorten the text to what the message allows.',
  },
  empty: {
    meaning: 'The value is empty.',
    fix: 'Send a value, or leave the field out where the request may do without it.',
  },
  missing: { meaning: 'A field that the request needs is not there.', fix: 'Send it.' },
  same_secret_in_both_modes: {
    meaning: 'The webhook secrets of both modes would be the same.',
    fix: 'Store the secret that belongs to the endpoint of each mode.',
  },
  extra_forbidden: {
    meaning: 'The request has a field or a query parameter that is not known here.',
    fix: 'Use one of the names that the message lists, or leave it out.',
  },
  not_a_string: { meaning: 'The value must be a text.', fix: 'Send a JSON string, or null where it may be.' },
  not_a_boolean: { meaning: 'The value must be true or false.', fix: 'Send `true` or `false`, not a text.' },
  not_a_list: {
    meaning: 'The value must be a list of texts.',
    fix: 'Send a JSON array as the message says.',
  },
  invalid_uuid: {
    meaning: 'The id is no UUID.',
    fix: 'Copy the id of the project from the list of projects.',
  },
  invalid_id: {
    meaning: 'The id is of another form, in an application whose ids are no UUIDs.',
    fix: 'Copy the id of the project from the list of projects.',
  },
  invalid_cursor: {
    meaning: 'The cursor of a list is none that was given.',
    fix: 'Take the cursor of the page before, or start without one.',
  },
  out_of_range: {
    meaning: 'The value is none of those that are allowed.',
    fix: 'Take one that the message allows.',
  },
};

/** Those where ids of projects are UUIDs; where they are not, `invalid_id` takes the place of `invalid_uuid`. */
export const CAUSES_WITH_UUIDS: Record<string, Cause> = Object.fromEntries(
  Object.entries(CAUSES).filter(([cause]) => cause !== 'invalid_id'),
);

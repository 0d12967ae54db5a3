import type { ValidationCause } from './errors.js';

/** What is wrong with a value: a stable cause, and a sentence that holds no piece of it. */
export interface Fault {
  type: ValidationCause;
  msg: string;
}

/** A mask that is not the one stored in its field. */
export const FOREIGN_MASK: Fault = {
  type: 'masked_value',
  msg:
    'This is a masked value, but not the mask that is stored here; paste the whole credential, or leave the field out to keep it. ' +
    'A key that Stripe no longer reveals must be replaced: create a restricted key.',
};

/** Pastes that belong in none of the fields. Sources: Stripe's documentation of keys, organizations and webhooks. */
const FOREIGN: readonly { form: RegExp; advice: string }[] = [
  {
    form: /^sk_org/,
    advice: 'This is an organization key; create a secret or restricted key in the account itself.',
  },
  {
    form: /^mk_/,
    advice:
      'This is the id of an API key, not the key; where the key cannot be revealed, create a restricted key.',
  },
  {
    form: /^we_/,
    advice: 'This is the id of a webhook endpoint; reveal the signing secret of that endpoint.',
  },
  {
    form: /^ed_/,
    advice: 'This is the id of an event destination; reveal the signing secret of that destination.',
  },
  { form: /^ca_/, advice: 'This is the client id of a Connect platform, not a credential of an account.' },
  {
    form: /^rt_/,
    advice: 'This is a refresh token of OAuth; create a restricted key in the account instead.',
  },
  { form: /^acct_/, advice: 'This is an account id, not a credential.' },
  {
    form: /^nsc_/,
    advice:
      'This is a service token of this service, with which programs call it, and no credential of Stripe.',
  },
  {
    form: /^(?:[a-z][a-z0-9+.-]{0,20}:\/\/|www\.|(?:[a-z0-9-]{1,63}\.){1,4}stripe\.com\b)/i,
    advice: 'This is an address, not a credential.',
  },
];

/** What to do about a value that belongs in no field; undefined when it is none that is known. */
export function adviceOnForeign(value: string): string | undefined {
  return FOREIGN.find(({ form }) => form.test(value))?.advice;
}

/** A value as it starts where it is known, under a name of its own: never what it is assigned to. */
const KNOWN_START = /^(?:(?:sk|rk|pk|rkcs|whsec|mk|we|ed|ca|rt|acct)_|[a-z][a-z0-9+.-]{0,20}:\/\/)/i;
const ASSIGNMENT =
  /^["'`]?(?:(?:export|setx?|declare|let|const|var|env)\s+(?:-\w+\s+)*)?["'`]?\$?(?:env:)?[A-Za-z_][\w.-]*["'`]?\s*(?:=|:(?!\/\/))/;
const COMMAND = /^(?:export|setx?)\s/;

/**
 * Masks, and whatever was copied along with a value.
 *
 * @param expected how the field's values start
 */
export function findDecoration(value: string, expected: string): Fault | undefined {
  if (/\.\.\.|[…*•]/u.test(value)) return FOREIGN_MASK;
  if (/^[{[]/.test(value)) {
    return {
      type: 'json_value',
      msg: `The value is JSON; paste only the credential in it, without braces and quotes, starting with ${expected}.`,
    };
  }
  if (/^["'`]?(?:-H\s*["'`]?)?(?:proxy-)?authorization["'`]?\s*[:=]/i.test(value)) {
    return {
      type: 'authorization_header',
      msg: `The value is an Authorization header; paste only the credential in it, starting with ${expected}.`,
    };
  }
  if (/^["'`]?bearer[\s:]/iu.test(value)) {
    return {
      type: 'bearer_prefix',
      msg: 'The value starts with "Bearer"; paste only the credential after it.',
    };
  }
  if (COMMAND.test(value) || (!KNOWN_START.test(value) && ASSIGNMENT.test(value))) {
    return {
      type: 'assignment',
      msg: `The value is a setting (NAME=value or name: value); paste only what stands behind the name, starting with ${expected}.`,
    };
  }
  if (/^["'`“”‘’«»]|["'`“”‘’«»][;,]?$/u.test(value)) {
    return { type: 'quoted_value', msg: 'The value is in quotes; paste it without them.' };
  }
  return undefined;
}

/** What is plainly left of the text that a value was copied out of. */
export function findRemainder(value: string): Fault | undefined {
  return /(?:[;,:]|\\[nrt]?)$/.test(value)
    ? {
        type: 'trailing_characters',
        msg: 'The value ends with a semicolon, a comma, a colon or a backslash sequence, which were copied along; paste it without them.',
      }
    : undefined;
}

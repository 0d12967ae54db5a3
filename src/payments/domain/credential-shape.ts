/** Prefixes of Stripe's keys and secrets anywhere, even the beginning of one in front, and tokens, those of the service itself included. */
const CREDENTIAL = /^(?:sk|rk|pk|rkcs)_|(?:sk|rk|pk|rkcs)_(?:test|live|org)|whsec_|nsc_[0-9a-z]{8}/i;
/** Of an access token, whose first letters only are of one case: names of places in Iceland begin with them as well. */
const ACCESS_TOKEN = /^eyJ|\beyJ[\w-]{8}/;

/**
 * Whether a word of a program, such as the name of a field, may hold a credential, which was pasted where none belongs: it is not
 * repeated, and must not reach a database that may log what it is asked. Words that people write are judged by
 * {@link textHoldsCredential}.
 */
export function holdsCredential(text: string): boolean {
  return CREDENTIAL.test(text) || ACCESS_TOKEN.test(text);
}

/** As a word of its own: a prefix with a piece of what follows it. Without a digit it takes more to be no name. */
const CREDENTIAL_WORD =
  /(?<![\p{L}\p{N}])(?:(?:(?:sk|rk|pk|rkcs)_(?:test|live|org)_|whsec_)(?:(?=\w*\d)\w{8}|\w{20})|(?:sk|rk|pk|rkcs|nsc)_[\da-z]{20})/iu;
/** Pasted to the end of another word, it is longer than what words end with. */
const GLUED_CREDENTIAL =
  /(?:(?:sk|rk|pk|rkcs)_(?:test|live|org(?:_test|_live)?)_|whsec_|nsc_)(?=[a-z]*\d)[\da-z]{16}/i;
/** The length is bounded so that the time is linear: each beginning would look through the whole rest. */
const WHOLE_ACCESS_TOKEN = /(?<![\p{L}\p{N}])eyJ[\w-]{8}|eyJ[\w-]{8,500}\.eyJ/u;
/** As people write numbers, behind another word: the digit of `sk_live_ keys every 90 days` is not one of a key. */
const NUMBER_WORD = /(?<=\p{L}{2} )[a-z]?\d+(?:st|nd|rd|th)?(?!\S)/giu;

/**
 * Whether a text for people, such as a name, holds a credential, also one with white space or characters between that nobody sees.
 * Words that only look like its beginning, such as `desk_test`, are none.
 */
export function textHoldsCredential(text: string): boolean {
  const seen = text.replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '').replaceAll(/\s+/g, ' ');
  return (
    CREDENTIAL_WORD.test(seen) ||
    GLUED_CREDENTIAL.test(seen) ||
    WHOLE_ACCESS_TOKEN.test(seen) ||
    GLUED_CREDENTIAL.test(seen.replaceAll(NUMBER_WORD, '').replaceAll(' ', ''))
  );
}

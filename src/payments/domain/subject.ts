/**
 * Whether the database gives a text back as it was stored. Half a surrogate pair becomes U+FFFD on its way there, so that
 * texts which differ would be one; PostgreSQL has no NUL.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/**
 * Whether people see a text as it is: nothing in it is a line break or another control character, turns its direction, or has no
 * width, and it has neither white space around it nor nothing else. Variation selectors belong to emoji, and so do joiners and tags;
 * joiners also change what is seen in the scripts that have them, but not between letters of others.
 */
export function isVisible(text: string): boolean {
  return text !== '' && text === text.trim() && !INVISIBLE.test(text.replaceAll(SEEN, ''));
}

/**
 * Whether people see a text of several lines as it is, white space apart. It may be empty, and have joiners anywhere.
 */
export function isReadable(text: string): boolean {
  return !INVISIBLE.test(text.replaceAll(SEEN, '').replaceAll(/[\t\r\n\u200C\u200D]/g, ''));
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2800]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}/u;

/** In which letters take another shape by a joiner. */
const JOINING =
  'Arab Syrc Nkoo Mong Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt Java Bali'
    .split(' ')
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join('');
/** Behind one of these a joiner shows another form of the letter before, also at the end of a word. */
const VIRAMAS = '\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA\\u1039\\u17D2';

/** What has no width, but changes what is seen: joiners of such a script or of emoji, and the flag of a part of a country. */
const SEEN = new RegExp(
  [
    `(?<=[${JOINING}])[\\u200C\\u200D](?=[${JOINING}])|(?<=[${VIRAMAS}])[\\u200C\\u200D](?![\\u200C\\u200D])`,
    '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F])\\u200D(?=\\p{Extended_Pictographic})',
    '(?<=\\u{1F3F4})[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]{3,6}\\u{E007F}',
  ].join('|'),
  'gu',
);

const MAX_SUBJECT_LENGTH = 255;

/** Whether something may name a caller. It is compared as it is: nothing is trimmed, folded or normalized. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT_LENGTH && isStorable(value);
}

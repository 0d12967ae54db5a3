/** Whether somebody has typed a text as they read it: white space and what has no width, such as the joiners of emoji, may be others. */
export function isTypedAs(typed: string, text: string): boolean {
  const read = asRead(text);
  // What shows nothing cannot be read, and must not be confirmed by typing nothing.
  return read === '' ? typed === text : asRead(typed) === read;
}

/** What somebody reads has one space where the text has two, or a line break; letters with accents may be of one character or two. */
function asRead(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim()
    .replaceAll(/\s+/g, ' ');
}

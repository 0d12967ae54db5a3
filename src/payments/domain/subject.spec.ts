import { isReadable, isVisible } from './subject.js';

it.each([
  ['Sinhala', '\u0DC1\u0DCA\u200D\u0DBB\u0DD3 \u0DBD\u0D82\u0D9A\u0DCF'],
  ['Persian', '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645'],
  ['Hindi', '\u0915\u094D\u200D\u0937 \u0930\u093E\u091C\u200C\u0928'],
  ['Marathi', '\u0926\u0930\u094D\u200D\u092F\u093E'],
  ['Malayalam with a joiner that ends a word', '\u0D1C\u0D4B\u0D23\u0D4D\u200D \u0D2E\u0D3E'],
  ['Malayalam with a joiner at the end', '\u0D05\u0D35\u0D28\u0D4D\u200D'],
  ['Bengali', '\u09B0\u200D\u09CD\u09AF\u09BE'],
  ['a family', 'Shop \u{1F468}\u200D\u{1F469}\u200D\u{1F467}'],
  ['a developer of a colour', '\u{1F469}\u{1F3FD}\u200D\u{1F4BB}'],
  ['a flag of two emoji', '\u{1F3F3}\uFE0F\u200D\u{1F308}'],
  ['the flag of England', '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} office'],
  ['the flag of a country', '\u{1F1F1}\u{1F1F0}'],
  ['a heart', '\u2764\uFE0F'],
  ['Latin', 'Café Zürich'],
])('people see a name as it is: %s', (_, text) => {
  expect([isVisible(text), isReadable(text)]).toEqual([true, true]);
});

it.each([
  ['nothing', ''],
  ['white space around it', ' a'],
  ['a line break', 'a\nb'],
  ['another direction', 'a\u202Eb'],
  ['a space without width', 'a\u200Bb'],
  ['a soft hyphen', 'a\u00ADb'],
  ['a joiner alone', '\u200D'],
  ['a joiner between Latin letters', 'a\u200Cb'],
  ['a joiner between Cyrillic letters', '\u0430\u200D\u0431'],
  ['a joiner between scripts', '\u0645\u200Cb'],
  ['a joiner behind Latin letters', 'a\u200D'],
  ['two joiners', '\u0645\u200C\u200C\u0645'],
  ['two joiners behind a virama', '\u094D\u200D\u200D'],
  ['a joiner behind an emoji alone', '\u{1F468}\u200D'],
  ['tags behind a letter', 'a\u{E0067}\u{E0062}\u{E0065}\u{E007F}'],
  ['tags without end', '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}'],
  ['a text in tags', `\u{1F3F4}${'\u{E0067}'.repeat(20)}\u{E007F}`],
])('people do not see a name as it is: %s', (_, text) => {
  expect(isVisible(text)).toBe(false);
});

it.each(['', 'Tea\r\n\tand ware', 'Auf\u200Clage'])('people see the lines %j as they are', (text) => {
  expect(isReadable(text)).toBe(true);
});

import { isTypedAs } from './as-read.js';

it.each([
  ['Shop', 'Shop'],
  [' My  shop ', 'My shop'],
  ['\u0645\u06CC\u062E\u0648\u0627\u0647\u0645', '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645'],
  ['\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645', '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645'],
  ['\u2764 shop', '\u2764\uFE0F shop'],
  ['Cafe\u0301', 'Caf\u00e9'],
  ['\u{1F468}\u200D\u{1F469}', '\u{1F468}\u200D\u{1F469}'],
])('%j is typed as %j', (typed, text) => {
  expect(isTypedAs(typed, text)).toBe(true);
});

it.each([
  ['', 'Shop'],
  ['shop', 'Shop'],
  ['My shops', 'My shop'],
  ['Myshop', 'My shop'],
  ['', '\u200B'],
])('%j is not typed as %j', (typed, text) => {
  expect(isTypedAs(typed, text)).toBe(false);
});

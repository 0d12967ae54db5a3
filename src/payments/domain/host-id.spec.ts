import { idText, typeInWords } from './host-id.js';

it.each<[unknown, string]>([
  ['alice', 'alice'],
  ['1', '1'],
  [' 1', ' 1'],
  [1, '1'],
  [0, '0'],
  [-0, '0'],
  [-7, '-7'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [9_223_372_036_854_775_807n, '9223372036854775807'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('takes %p as its text', (value, text) => {
  expect(idText(value)).toBe(text);
});

it.each<[string, unknown, string]>([
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['an empty text', '', 'an empty text'],
  ['256 characters', 'x'.repeat(256), 'a text that is longer, or has such characters'],
  ['a NUL', 'a\0', 'a text that is longer, or has such characters'],
  ['half a surrogate pair', 'a\ud800', 'a text that is longer, or has such characters'],
  ['no number', NaN, 'a number that is no safe integer'],
  ['infinity', Infinity, 'a number that is no safe integer'],
  ['a fraction', 1.5, 'a number that is no safe integer'],
  ['a number that may have been rounded', 2 ** 53, 'a number that is no safe integer'],
  ['a bigint of 256 digits', 10n ** 255n, 'a bigint'],
  ['a boolean', true, 'a boolean'],
  ['a symbol', Symbol('alice'), 'a symbol'],
  ['a function', () => 'alice', 'a function'],
  ['a list', ['alice'], 'a list'],
  ['an object', { id: 'alice' }, 'an object'],
  ['an object with a text', { toString: () => 'alice' }, 'an object'],
  ['a promise', Promise.resolve('alice'), 'a promise'],
])('takes %s for none, and says only what it is', (_, value, words) => {
  expect(idText(value)).toBeUndefined();
  expect(typeInWords(value)).toBe(words);
});

import { bearerToken } from './access-token.js';
import { countOf } from '../http-request.js';

function tokenOf(authorization: string): string | null | undefined {
  return bearerToken({ authorization }, ['Authorization', authorization]);
}

it.each([
  ['Bearer abc', 'abc'],
  ['bearer abc', 'abc'],
  ['BEARER abc', 'abc'],
  ['Bearer    abc', 'abc'],
  ['Bearer aA0-._~+/==', 'aA0-._~+/=='],
])('takes the token of "%s"', (header, token) => {
  expect(tokenOf(header)).toBe(token);
});

it.each([['Basic abc'], ['abc'], [''], ['Bear'], ['Digest Bearer abc']])(
  'finds no bearer token offered in "%s"',
  (header) => {
    expect(tokenOf(header)).toBeUndefined();
  },
);

it('finds no bearer token offered without the header', () => {
  expect(bearerToken({}, [])).toBeUndefined();
});

it.each([
  ['Bearer'],
  ['Bearer '],
  ['Bearer abc def'],
  ['Bearer abc '],
  ['Bearer\tabc'],
  ['Bearer abc,Bearer abc'],
  ['Bearer a=b'],
  ['Bearer ='],
  ['Bearer "abc"'],
  ['Bearer ab\u00e9'],
  ['Bearer abc\n'],
])('finds a malformed token in %j', (header) => {
  expect(tokenOf(header)).toBeNull();
});

it('refuses a second Authorization header, whatever stands in it', () => {
  const headers = { authorization: 'Bearer abc' };
  for (const second of ['Bearer abc', 'Basic abc', '']) {
    expect(bearerToken(headers, ['Authorization', 'Bearer abc', 'authorization', second])).toBeNull();
  }
});

it('takes whatever length the server lets through', () => {
  const token = 'a'.repeat(100_000);
  expect(tokenOf(`Bearer ${token}`)).toBe(token);
});

it.each([
  ['without a space', `Bearer${'a'.repeat(16_000)}`, null],
  ['of spaces', `Bearer${' '.repeat(16_000)}`, null],
  ['of spaces and one wrong character', `Bearer${' '.repeat(16_000)}!`, null],
  ['of a token and one wrong character', `Bearer ${'a'.repeat(16_000)}!`, null],
  ['of equals signs and one wrong character', `Bearer a${'='.repeat(16_000)}!`, null],
  ['of tokens and spaces', `Bearer ${'a '.repeat(8_000)}`, null],
  ['of a token', `Bearer ${'a'.repeat(16_000)}`, 'a'.repeat(16_000)],
  ['of another scheme', 'a'.repeat(16_000), undefined],
])('judges a header of 16,000 characters %s', (_name, header, outcome) => {
  expect(tokenOf(header)).toBe(outcome);
});

it('counts headers of a name in any letter case, and no values', () => {
  const rawHeaders = ['Host', 'accept', 'Accept', 'text/html', 'ACCEPT', 'host'];
  expect(countOf('accept', rawHeaders)).toBe(2);
  expect(countOf('cookie', rawHeaders)).toBe(0);
});

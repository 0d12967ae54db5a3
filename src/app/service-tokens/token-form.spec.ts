import { hashOf, isWellFormed, looksLikeToken, makeToken } from './token-form.js';

it('makes tokens of one form, whose checksum fits, and none twice', () => {
  const tokens = Array.from({ length: 500 }, makeToken);
  for (const token of tokens) {
    expect(token).toMatch(/^nsc_[0-9A-Za-z]{49}$/);
    expect([looksLikeToken(token), isWellFormed(token)]).toEqual([true, true]);
  }
  expect(new Set(tokens).size).toBe(tokens.length);
});

it('knows by the checksum what was never made: any other character, any two that have changed places, and what is cut', () => {
  const token = makeToken();
  for (let place = 4; place < token.length; place++) {
    const other = token[place] === 'x' ? 'y' : 'x';
    expect(isWellFormed(token.slice(0, place) + other + token.slice(place + 1))).toBe(false);
    const [one = '', two = ''] = [token[place], token[place + 1]];
    const swapped = token.slice(0, place) + two + one + token.slice(place + 2);
    if (one !== two && two !== '') expect(isWellFormed(swapped)).toBe(false);
    expect(isWellFormed(token.slice(0, place))).toBe(false);
  }
  for (const wrong of [`${token}0`, ` ${token}`, `${token}\n`, token.toUpperCase(), '', 'nsc_']) {
    expect(isWellFormed(wrong)).toBe(false);
  }
});

it('has checksums as GitHub’s tokens have them: CRC-32 in base 62 of what is between prefix and checksum', () => {
  // CRC-32 of 43 times the digit 0, computed with Python's zlib.crc32.
  expect(isWellFormed(`nsc_${'0'.repeat(43)}2CZclj`)).toBe(true);
});

it('stores 64 hexadecimal digits, which are another’s for another token', () => {
  expect(hashOf('nsc_a')).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOf('nsc_a')).not.toBe(hashOf('nsc_b'));
});

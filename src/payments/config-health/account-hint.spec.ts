import fc from 'fast-check';
import { fakeCredential } from '../../../test/support/credentials.js';
import { keyOfAccount, restrictedKey } from '../../../test/support/stripe/special-keys.js';
import { looksLikeSameAccount } from './account-hint.js';

const ACCOUNT = 'acct_1AbCdEfGhIjKlMnO';
const OTHER = 'acct_1AbCdEfGhIjKlMnP';
const PUBLISHABLE = keyOfAccount('test_publishable_key', ACCOUNT);

describe('a publishable key of a modern account', () => {
  it.each([
    ['its secret key', keyOfAccount('test_secret_key', ACCOUNT), true],
    ['its restricted key', restrictedKey(keyOfAccount('test_secret_key', ACCOUNT)), true],
    ['its secret key of the other mode', keyOfAccount('live_secret_key', ACCOUNT), true],
    ['its id', ACCOUNT, true],
    ['the secret key of another account', keyOfAccount('test_secret_key', OTHER), false],
    ['the restricted key of another account', restrictedKey(keyOfAccount('test_secret_key', OTHER)), false],
    ['the id of another account', OTHER, false],
    ['its id in another letter case', ACCOUNT.toLowerCase(), false],
    ['a secret key of the old form', fakeCredential('test_secret_key'), null],
    ['an id of the old form', 'acct_032AbCdEfGhIjKlM', null],
    ['a longer id', `${ACCOUNT}x`, null],
    ['a shorter id', ACCOUNT.slice(0, -1), null],
    ['an id and more', `${ACCOUNT}\n`, null],
    ['a webhook secret', fakeCredential('test_webhook_secret'), null],
    ['nothing', '', null],
  ])('and %s', (_, other, same) => {
    expect(looksLikeSameAccount(PUBLISHABLE, other)).toBe(same);
  });
});

it.each([
  ['a publishable key of the old form', fakeCredential('test_publishable_key')],
  ['one that only begins like a modern one', `${PUBLISHABLE.slice(0, 20)}-${PUBLISHABLE.slice(21)}`],
  ['one whose account begins otherwise', PUBLISHABLE.replace('_51', '_52')],
  ['one with a modern beginning further on', PUBLISHABLE.replace('_51', '_x51')],
])('%s names no account', (_, key) => {
  expect(looksLikeSameAccount(key, ACCOUNT)).toBeNull();
  expect(looksLikeSameAccount(key, key)).toBeNull();
});

it('whatever the account, its keys are its own and no other’s', () => {
  const account = fc.stringMatching(/^acct_1[A-Za-z0-9]{15}$/);
  fc.assert(
    fc.property(account, account, fc.nat(), (one, two, seed) => {
      const publishable = keyOfAccount('live_publishable_key', one, seed);
      expect(looksLikeSameAccount(publishable, keyOfAccount('live_secret_key', two, seed))).toBe(one === two);
      expect(looksLikeSameAccount(publishable, one)).toBe(true);
    }),
  );
});

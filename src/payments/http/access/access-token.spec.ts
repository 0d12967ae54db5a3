import { PaymentsError } from '../../domain/errors.js';
import { countOf } from '../http-request.js';
import { bearerToken, checkLifetime, validateClaims, validateHeader, TokenRefused } from './access-token.js';

const CLAIMS = { sub: 'alice', exp: 2_000_000_000 };

/** The code of the refusal, or the outcome of what was accepted. */
function outcomeOf(check: () => unknown): unknown {
  try {
    return check();
  } catch (error) {
    expect(error).toBeInstanceOf(PaymentsError);
    return (error as PaymentsError).code;
  }
}

function tokenOf(authorization: string): string | null | undefined {
  return bearerToken({ authorization }, ['Authorization', authorization]);
}

describe('the token of the Authorization header', () => {
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
  ])('reads a header of 16,000 characters %s', (_name, header, outcome) => {
    expect(tokenOf(header)).toBe(outcome);
  });
});

it('counts headers of a name in any letter case, and no values', () => {
  const rawHeaders = ['Host', 'accept', 'Accept', 'text/html', 'ACCEPT', 'host'];
  expect(countOf('accept', rawHeaders)).toBe(2);
  expect(countOf('cookie', rawHeaders)).toBe(0);
});

describe('the header of a token', () => {
  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt'])(
    'may have the typ %s',
    (typ) => {
      expect(
        outcomeOf(() => {
          validateHeader({ typ });
        }),
      ).toBeUndefined();
    },
  );

  it.each([
    ['the typ of an ID token', { typ: 'id+jwt' }],
    ['the typ of a logout token', { typ: 'logout+jwt' }],
    ['the typ of a DPoP proof', { typ: 'dpop+jwt' }],
    ['a refresh token', { typ: 'rt+jwt' }],
    ['an empty typ', { typ: '' }],
    ['a typ of null', { typ: null }],
    ['a list as typ', { typ: ['JWT'] }],
    ['extensions that must be understood', { crit: ['exp'], typ: 'JWT' }],
    ['an empty list of such extensions', { crit: [] }],
    ['crit of null', { crit: null }],
  ])('is refused with %s', (_name, header) => {
    expect(
      outcomeOf(() => {
        validateHeader(header);
      }),
    ).toBe('invalid_token');
  });
});

describe('the subject', () => {
  it.each(['a', 'auth0|5f7c', '3c90c3cc-0d44-4b50-8888-8dd25736052a', 'x'.repeat(255), 'josé', '0', 'a😀'])(
    'may be %s',
    (sub) => {
      expect(validateClaims({ ...CLAIMS, sub }, undefined)).toEqual({ subject: sub });
    },
  );

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['256 characters', 'x'.repeat(256)],
    ['with a NUL', 'alice\0'],
    ['with half a surrogate pair', 'alice\ud800'],
    ['with the other half', '\udc00alice'],
    ['a number', 7],
    ['true', true],
    ['an object', { id: 'alice' }],
    ['an object that looks like a text', { length: 1, includes: () => false }],
    ['a list', ['alice']],
  ])('is refused when it is %s', (_name, sub) => {
    expect(outcomeOf(() => validateClaims({ ...CLAIMS, sub }, undefined))).toBe('invalid_token');
  });
});

describe('the end of validity', () => {
  it.each([
    ['absent', undefined],
    ['null', null],
    ['a text', '2000000000'],
    ['an object', {}],
  ])('is refused when it is %s', (_name, exp) => {
    expect(outcomeOf(() => validateClaims({ ...CLAIMS, exp }, undefined))).toBe('invalid_token');
  });
});

describe('the time that is left', () => {
  it.each([1_086_460, 1_000_000, 0, 1_086_459.5])('may end at %s', (exp) => {
    expect(() => {
      checkLifetime({ exp }, 24, 1_000_000);
    }).not.toThrow();
  });

  it.each([1_086_461, 1e308, Infinity, NaN, undefined, null, '1000001', {}])('may not end at %p', (exp) => {
    expect(
      outcomeOf(() => {
        checkLifetime({ exp }, 24, 1_000_000);
      }),
    ).toBe('invalid_token');
  });
});

it.each([
  ['permissions', ['read', 'payments']],
  ['roles', ['payments']],
])('finds scopes in %s where the options say so', (name, scopes) => {
  const claims = { ...CLAIMS, [name]: scopes };
  expect(outcomeOf(() => validateClaims(claims, 'payments'))).toBe('insufficient_scope');
  expect(validateClaims(claims, 'payments', ['scope', name])).toEqual({ subject: 'alice' });
});

describe.each(['type', 'token_use', 'typ'])('the claim %s', (name) => {
  it.each(['access', 'ACCESS', 'access_token', 'Bearer', 'JWT', 'at+jwt'])('may say %s', (use) => {
    expect(validateClaims({ ...CLAIMS, [name]: use }, undefined)).toEqual({ subject: 'alice' });
  });

  it.each([
    ['refresh'],
    ['Refresh'],
    ['refresh_token'],
    ['Offline'],
    ['id'],
    ['ID'],
    ['id_token'],
    ['logout'],
    [''],
    [null],
    [1],
    [['access']],
  ])('is refused when it says %j', (use) => {
    expect(outcomeOf(() => validateClaims({ ...CLAIMS, [name]: use }, undefined))).toBe('invalid_token');
  });
});

describe('a scope that is required', () => {
  it.each([
    ['scope is that text', { scope: 'payments' }],
    ['scope names it among others', { scope: 'openid payments email' }],
    ['scope is a list', { scope: ['openid', 'payments'] }],
    ['scp is a text', { scp: 'openid payments' }],
    ['scp is a list', { scp: ['openid', 'payments'] }],
    ['one of both has it', { scope: 'openid', scp: ['payments'] }],
  ])('is found when %s', (_name, claims) => {
    expect(validateClaims({ ...CLAIMS, ...claims }, 'payments')).toEqual({ subject: 'alice' });
  });

  it.each([
    ['there are none', {}],
    ['scope lacks it', { scope: 'openid email' }],
    ['it is only part of a name', { scope: 'payments:read xpayments', scp: ['payments2'] }],
    ['it has another letter case', { scope: 'Payments' }],
    ['scp lists a text with spaces', { scp: ['openid payments'] }],
    ['scope is an object', { scope: { payments: true } }],
    ['scope is null', { scope: null }],
  ])('is missed when %s', (_name, claims) => {
    expect(outcomeOf(() => validateClaims({ ...CLAIMS, ...claims }, 'payments'))).toBe('insufficient_scope');
  });

  it('is not asked of a token that is refused anyway', () => {
    expect(outcomeOf(() => validateClaims({ ...CLAIMS, sub: '' }, 'payments'))).toBe('invalid_token');
  });
});

it('answers a forger the same whatever is wrong', () => {
  const messages = [
    () => validateClaims({ ...CLAIMS, exp: undefined }, undefined),
    () => validateClaims({ ...CLAIMS, sub: {} }, undefined),
    () => validateClaims({ ...CLAIMS, type: 'refresh' }, undefined),
    () => {
      validateHeader({ crit: ['x'] });
    },
  ].map((check) => {
    try {
      check();
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  });
  expect(new Set(messages)).toEqual(new Set([new TokenRefused('malformed').message]));
});

import fc from 'fast-check';
import { fakeCredential } from '../../../test/support/credentials.js';
import { CREDENTIAL_FIELDS, modeOf, type CredentialField } from './credentials.js';
import { FOREIGN_MASK, findFault, isMaskOf, maskOf, prefixesOf } from './credential-rules.js';

/** What behaviour.md accepts in each field. */
const ACCEPTED: Record<CredentialField, [string, ...string[]]> = {
  test_secret_key: ['sk_test_', 'rk_test_', 'rkcs_test_'],
  test_publishable_key: ['pk_test_'],
  test_webhook_secret: ['whsec_'],
  live_secret_key: ['sk_live_', 'rk_live_'],
  live_publishable_key: ['pk_live_'],
  live_webhook_secret: ['whsec_'],
};
const BODY = fakeCredential('test_webhook_secret').slice('whsec_'.length);

const anyField = fc.constantFrom(...CREDENTIAL_FIELDS);
const anyPrefix = fc.constantFrom(...new Set(Object.values(ACCEPTED).flat()));
const fieldAndPrefix = anyField.chain((field) =>
  fc.tuple(fc.constant(field), fc.constantFrom(...ACCEPTED[field])),
);
const charactersOf = (alphabet: string) => fc.nat(alphabet.length - 1).map((index) => alphabet.charAt(index));
/** Bodies of letters, digits and whatever else base64 has. */
const goodBody = fc.string({
  unit: charactersOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/='),
  minLength: 8,
  maxLength: 504,
});
/** Any UTF-16 there is, lone surrogates included. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
/** What is near a credential: only such texts reach the later checks. */
const nearlyCredential = fc
  .tuple(
    anyPrefix,
    fc.oneof(fc.string({ maxLength: 600 }), anyText, goodBody),
    fc.oneof(fc.constant(''), anyText),
  )
  .map((parts) => parts.join(''));

function causeOf(field: CredentialField, value: string): string {
  return findFault(field, value)?.type ?? 'accepted';
}

function isStorable(field: CredentialField, value: string): boolean {
  return findFault(field, value) === undefined && !isMaskOf(field, value);
}

describe('a credential and the field it is pasted into', () => {
  const PREFIXES = 'sk_test_ rk_test_ pk_test_ whsec_ sk_live_ rk_live_ pk_live_ rkcs_test_'.split(' ');
  const OUTCOMES: Record<CredentialField, string> = {
    // secret, restricted and publishable test key, webhook secret, the same keys of the live mode, a claimable sandbox's key
    test_secret_key: 'accepted accepted wrong_kind wrong_kind wrong_mode wrong_mode wrong_kind accepted',
    test_publishable_key:
      'wrong_kind wrong_kind accepted wrong_kind wrong_kind wrong_kind wrong_mode wrong_kind',
    test_webhook_secret:
      'wrong_kind wrong_kind wrong_kind accepted wrong_kind wrong_kind wrong_kind wrong_kind',
    live_secret_key: 'wrong_mode wrong_mode wrong_kind wrong_kind accepted accepted wrong_kind wrong_mode',
    live_publishable_key:
      'wrong_kind wrong_kind wrong_mode wrong_kind wrong_kind wrong_kind accepted wrong_kind',
    live_webhook_secret:
      'wrong_kind wrong_kind wrong_kind accepted wrong_kind wrong_kind wrong_kind wrong_kind',
  };
  const pairs = CREDENTIAL_FIELDS.flatMap((field) =>
    OUTCOMES[field].split(' ').map((outcome, index) => ({ field, prefix: PREFIXES[index] ?? '', outcome })),
  );

  it.each(pairs)('$prefix in $field is $outcome', ({ field, prefix, outcome }) => {
    expect(causeOf(field, prefix + BODY)).toBe(outcome);
  });

  const homes = {
    sk_test_: 'test_secret_key',
    rk_test_: 'test_secret_key',
    rkcs_test_: 'test_secret_key',
    pk_test_: 'test_publishable_key',
    sk_live_: 'live_secret_key',
    rk_live_: 'live_secret_key',
    pk_live_: 'live_publishable_key',
  };

  it.each(pairs.filter(({ outcome }) => outcome !== 'accepted'))(
    '$prefix in $field is refused, naming where it belongs and what is expected',
    ({ field, prefix }) => {
      const home = new Map(Object.entries(homes)).get(prefix) ?? `${field.slice(0, 4)}_webhook_secret`;
      const msg = findFault(field, prefix + BODY)?.msg ?? '';
      expect(msg).toContain(`it belongs in ${home}.`);
      expect(msg).toContain(`Expected ${ACCEPTED[field].join(' or ')}.`);
    },
  );

  it('accepts any body of letters, digits and base64 signs', () => {
    fc.assert(
      fc.property(fieldAndPrefix, goodBody, ([field, prefix], body) => {
        expect(causeOf(field, prefix + body)).toBe('accepted');
      }),
    );
  });
});

describe('a paste that is no credential', () => {
  it.each<[string, (credential: string) => string, string]>([
    ['nothing', () => '', 'empty'],
    ['double quotes', (credential) => `"${credential}"`, 'quoted_value'],
    ['single quotes', (credential) => `'${credential}'`, 'quoted_value'],
    ['backticks', (credential) => `\`${credential}\``, 'quoted_value'],
    ['typographic quotes', (credential) => `“${credential}”`, 'quoted_value'],
    ['a quote before it', (credential) => `"${credential}`, 'quoted_value'],
    ['a quote behind it', (credential) => `${credential}'`, 'quoted_value'],
    ['a Bearer header', (credential) => `Bearer ${credential}`, 'bearer_prefix'],
    ['a bearer header in lower case', (credential) => `bearer  ${credential}`, 'bearer_prefix'],
    ['NAME=value', (credential) => `STRIPE_KEY=${credential}`, 'assignment'],
    ['NAME = value', (credential) => `stripe_key2 = ${credential}`, 'assignment'],
    ['export NAME=value', (credential) => `export STRIPE_KEY=${credential}`, 'assignment'],
    ['an organization key', () => `sk_org_test_${BODY}`, 'wrong_kind'],
    ['an organization key without an underscore', () => `sk_org${BODY}`, 'wrong_kind'],
    ['set NAME=value', (credential) => `set STRIPE_KEY=${credential}`, 'assignment'],
    ['setx NAME value', (credential) => `setx STRIPE_KEY ${credential}`, 'assignment'],
    ['NAME="value"', (credential) => `STRIPE_KEY="${credential}"`, 'assignment'],
    ['a line of PowerShell', (credential) => `$env:STRIPE_KEY = '${credential}'`, 'assignment'],
    ['a line of YAML', (credential) => `secret_key: ${credential}`, 'assignment'],
    ['a quoted line of YAML', (credential) => `secret-key: "${credential}"`, 'assignment'],
    ['a member of JSON', (credential) => `"secret_key": "${credential}",`, 'assignment'],
    ['a JSON object', (credential) => `{"secret_key":"${credential}"}`, 'json_value'],
    ['a JSON list', (credential) => `["${credential}"]`, 'json_value'],
    [
      'an Authorization header',
      (credential) => `Authorization: Bearer ${credential}`,
      'authorization_header',
    ],
    ['curl’s header', (credential) => `-H "authorization: Bearer ${credential}"`, 'authorization_header'],
    ['a quote and a comma behind it', (credential) => `${credential}",`, 'quoted_value'],
    ...[';', ',', ':', '\\n', '\\r\\n', '\\', ';;'].map(
      (end): [string, (credential: string) => string, string] => [
        `a trailing ${end}`,
        (credential) => credential + end,
        'trailing_characters',
      ],
    ),
    ['the id of an API key', () => `mk_${BODY}`, 'wrong_kind'],
    ['the id of an event destination', () => `ed_${BODY}`, 'wrong_kind'],
    ['a client id of Connect', () => `ca_${BODY}`, 'wrong_kind'],
    ['a refresh token', () => `rt_${BODY}`, 'wrong_kind'],
    ['an address without a scheme', () => 'dashboard.stripe.com/test/apikeys', 'wrong_kind'],
    ['an address of another scheme', () => 'postgres://example.com/shop', 'wrong_kind'],
    ['the id of a webhook endpoint', () => `we_${BODY}`, 'wrong_kind'],
    ['an account id', () => `acct_${BODY}`, 'wrong_kind'],
    ['a service token', () => `nsc_${BODY}`, 'wrong_kind'],
    ['an http address', () => 'http://example.com/hook', 'wrong_kind'],
    ['an https address', () => 'https://example.com/hook', 'wrong_kind'],
    ['any other text', () => BODY, 'wrong_prefix'],
    [
      'an upper-case prefix',
      (credential) => credential.replace(/^[a-z]+_/, (text) => text.toUpperCase()),
      'wrong_prefix',
    ],
    [
      'a prefix without its last underscore',
      (credential) => credential.replace(/_(?=[^_]*$)/, ''),
      'wrong_prefix',
    ],
    ...[
      '\0',
      '\x07',
      '\x1b',
      '\x7f',
      '\x85',
      'é',
      '\u0430',
      '\u200b',
      '\u200d',
      '\u2060',
      '\u{1f511}',
      '\ud800',
    ].flatMap((character): [string, (credential: string) => string, string][] => {
      const code = `U+${character.codePointAt(0)?.toString(16) ?? ''}`;
      return [
        [`${code} inside`, (credential) => `${credential}${character}${BODY}`, 'invalid_characters'],
        [`${code} in front`, (credential) => `${character}${credential}`, 'invalid_characters'],
      ];
    }),
    ...[' ', '\t', '\n', '\r\n', '\u00a0', '\u2028', '\ufeff'].map(
      (space): [string, (credential: string) => string, string] => [
        `white space ${JSON.stringify(space)} inside`,
        (credential) => `${credential}${space}${BODY}`,
        'contains_whitespace',
      ],
    ),
  ])('%s is named, in whichever field it was pasted', (_name, paste, cause) => {
    for (const field of CREDENTIAL_FIELDS) {
      expect([field, causeOf(field, paste(fakeCredential(field).replaceAll(/[/+=]/g, 'x')))]).toEqual([
        field,
        cause,
      ]);
    }
  });

  it.each(CREDENTIAL_FIELDS.flatMap((field) => ACCEPTED[field].map((prefix) => [prefix, field] as const)))(
    'a value starting with %s in %s has 8 characters or more behind it and 512 or fewer in all',
    (prefix, field) => {
      const padded = (length: number) => prefix.padEnd(length, BODY);
      expect([0, 1, 7, 8].map((length) => causeOf(field, padded(prefix.length + length)))).toEqual([
        'too_short',
        'too_short',
        'too_short',
        'accepted',
      ]);
      expect([512, 513, 100_000].map((length) => causeOf(field, padded(length)))).toEqual([
        'accepted',
        'too_long',
        'too_long',
      ]);
    },
  );

  it('is checked without throwing, whatever it is', () => {
    fc.assert(
      fc.property(anyField, fc.oneof(anyText, nearlyCredential), (field, value) => {
        expect(() => findFault(field, value)).not.toThrow();
      }),
    );
  });

  it('is never repeated in a message, not even four characters of it', () => {
    // No four of these characters stand together in any sentence of ours.
    const body = fc.string({ unit: charactersOf('0123456789QXZJKVWY'), minLength: 4, maxLength: 600 });
    const before = fc.constantFrom(
      '',
      '"',
      'Bearer ',
      'KEY=',
      'export KEY=',
      'sk_org_',
      'we_',
      'acct_',
      'mk_',
      'ed_',
      'ca_',
      'rt_',
      'https://',
      'secret_key: ',
      '{"key":"',
      'Authorization: Bearer ',
      'set KEY=',
      '…',
      '\u200b',
    );
    const inside = fc.constantFrom('', ' ', '...', '*', '\0', 'é');
    const behind = fc.constantFrom('', ';', ',', ':', '\\n', '"', '"}');
    fc.assert(
      fc.property(
        anyField,
        before,
        fc.oneof(fc.constant(''), anyPrefix),
        body,
        inside,
        behind,
        (field, front, prefix, text, middle, end) => {
          const value = front + prefix + text.slice(0, 3) + middle + text.slice(3) + end;
          const msg = findFault(field, value)?.msg ?? '';
          for (let start = 0; start + 4 <= text.length; start++)
            expect(msg).not.toContain(text.slice(start, start + 4));
        },
      ),
    );
  });
});

describe('what may be stored', () => {
  it('starts with a prefix of its field and is printable ASCII of the right length, whatever was pasted', () => {
    const paste = fc.oneof(anyText, nearlyCredential);
    fc.assert(
      fc.property(anyField, paste, (field, value) => {
        if (!isStorable(field, value)) return;
        const prefix = ACCEPTED[field].find((text) => value.startsWith(text));
        expect(prefix).toBeDefined();
        expect(value).toMatch(/^[\x21-\x7e]+$/);
        expect(value.length - (prefix?.length ?? 0)).toBeGreaterThanOrEqual(8);
        expect(value.length).toBeLessThanOrEqual(512);
      }),
      { numRuns: 1000 },
    );
  });

  it('never holds a sign of masking', () => {
    const sign = fc.constantFrom('...', '....', '…', '*', '•', '••••', '****');
    const part = fc.oneof(fc.constant(''), goodBody);
    fc.assert(
      fc.property(fieldAndPrefix, part, sign, part, ([field, prefix], before, mark, after) => {
        expect(isStorable(field, prefix + before + mark + after)).toBe(false);
        expect(isStorable(field, before + mark + after)).toBe(false);
      }),
    );
  });
});

describe('the mask of a credential', () => {
  it('is its prefix, three dots and its last four characters, and nothing more', () => {
    fc.assert(
      fc.property(fieldAndPrefix, goodBody, ([field, prefix], body) => {
        expect(maskOf(field, prefix + body)).toBe(`${prefix}...${body.slice(-4)}`);
      }),
    );
  });

  it('is recognised in fields of that prefix and refused in all others', () => {
    fc.assert(
      fc.property(fieldAndPrefix, goodBody, ([field, prefix], body) => {
        const mask = maskOf(field, prefix + body);
        for (const other of CREDENTIAL_FIELDS) {
          const belongs = ACCEPTED[other].includes(prefix);
          expect(isMaskOf(other, mask)).toBe(belongs);
          expect(findFault(other, mask)).toEqual(belongs ? undefined : FOREIGN_MASK);
        }
      }),
    );
  });

  it.each([
    ['three characters shown', '...abc'],
    ['five characters shown', '...abcde'],
    ['an ellipsis', '…abcd'],
    ['bullets', '••••abcd'],
    ['asterisks', '****abcd'],
    ['white space shown', '...ab d'],
    ['a character beyond ASCII shown', '...abcé'],
    ['some of the body before the dots', 'abcd...abcd'],
  ])('is refused with %s', (_name, rest) => {
    for (const field of CREDENTIAL_FIELDS) {
      expect(isMaskOf(field, ACCEPTED[field][0] + rest)).toBe(false);
      expect(findFault(field, ACCEPTED[field][0] + rest)).toEqual(FOREIGN_MASK);
    }
  });

  it('is not made of a value of another kind, which is not repeated either', () => {
    const make = () => maskOf('test_secret_key', `pk_live_${BODY}`);
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(BODY.slice(0, 5));
  });
});

describe('a field', () => {
  it.each(CREDENTIAL_FIELDS)('%s has the mode of its name and says what it takes', (field) => {
    expect(modeOf(field)).toBe(field.slice(0, 4));
    expect(prefixesOf(field)).toBe(ACCEPTED[field].join(' or '));
  });
});

import { expectedMask, fakeCredential } from '../../../test/support/credentials.js';
import { ValidationFailed, type ValidationItem } from '../domain/errors.js';
import { CredentialChanges, readCredentials, sameSecretInBothModes } from './credential-changes.js';
import { StripeConfigRequest } from './stripe-config.dto.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../domain/credentials.js';

type Values = Partial<Record<CredentialField, string | null | undefined>>;

function changesOf(values: Values): CredentialChanges {
  return CredentialChanges.validate(Object.assign(new StripeConfigRequest(), values));
}

function refusalOf(values: Values): ValidationFailed {
  try {
    changesOf(values);
  } catch (error) {
    if (error instanceof ValidationFailed) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

function forEveryField(valueOf: (field: CredentialField) => string | null | undefined): Values {
  return Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, valueOf(field)]));
}

function faultsOf(body: object): ValidationItem[] {
  try {
    readCredentials(body as Record<string, unknown>);
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationFailed);
    return (error as ValidationFailed).items;
  }
  return [];
}

/** As the body reader makes it of a request. */
function nested(open: string, close: string, depth: number): unknown {
  return JSON.parse(open.repeat(depth) + close.repeat(depth));
}

describe('the changes of a request', () => {
  it('takes every credential that the request brings', () => {
    const { secrets, masks } = changesOf(forEveryField((field) => fakeCredential(field)));
    expect([...secrets].map(([field, secret]) => [field, secret.reveal()])).toEqual(
      CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field)]),
    );
    expect(masks.size).toBe(0);
  });

  it('takes away what was pasted around a credential', () => {
    const { secrets } = changesOf(forEveryField((field) => `\n ${fakeCredential(field)}\t`));
    expect([...secrets].map(([field, secret]) => [field, secret.reveal()])).toEqual(
      CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field)]),
    );
  });

  it('names every value that may not be stored', () => {
    const request = {
      test_secret_key: fakeCredential('live_secret_key'),
      test_publishable_key: fakeCredential('test_publishable_key'),
      test_webhook_secret: 'whsec_********',
      live_secret_key: ['sk_live_'] as unknown as string,
      live_publishable_key: '',
    };
    const refusal = refusalOf(request);
    expect(refusal.items).toEqual([
      { loc: ['body', 'test_secret_key'], type: 'wrong_mode', msg: expect.any(String) as unknown },
      { loc: ['body', 'test_webhook_secret'], type: 'masked_value', msg: expect.any(String) as unknown },
      { loc: ['body', 'live_secret_key'], type: 'not_a_string', msg: expect.any(String) as unknown },
      { loc: ['body', 'live_publishable_key'], type: 'empty', msg: expect.any(String) as unknown },
    ]);
    expect(JSON.stringify(refusal)).not.toContain(request.test_secret_key.slice(8, 20));
  });

  it.each([
    ['is empty', {}],
    ['holds only nulls', forEveryField(() => null)],
    ['holds only undefined members', forEveryField(() => undefined)],
  ])('changes nothing when the request %s', (_name, request) => {
    expect(changesOf(request)).toEqual({ secrets: new Map(), masks: new Map() });
  });

  it('keeps masks that were sent back apart, and writes none of them', () => {
    const masks = CREDENTIAL_FIELDS.map(
      (field) => [field, expectedMask(field, fakeCredential(field))] as const,
    );
    const changes = changesOf(Object.fromEntries(masks));
    expect([...changes.masks]).toEqual(masks);
    expect(changes.secrets.size).toBe(0);
  });

  it('refuses one webhook secret for both modes, at the live one, without repeating it', () => {
    const webhookSecret = fakeCredential('test_webhook_secret');
    const request = { test_webhook_secret: webhookSecret, live_webhook_secret: webhookSecret };
    const refusal = refusalOf(request);
    expect(refusal).toMatchObject({
      code: 'validation_failed',
      items: [{ loc: ['body', 'live_webhook_secret'], type: 'same_secret_in_both_modes' }],
    });
    expect(JSON.stringify(refusal.items)).not.toContain(webhookSecret.slice(0, 12));
  });

  it('names the given field in the refusal of a secret stored in the other mode', () => {
    expect(sameSecretInBothModes('test_webhook_secret').items).toMatchObject([
      { loc: ['body', 'test_webhook_secret'] },
    ]);
  });

  it('leaves two webhook secrets with the same mask to the store', () => {
    const mask = expectedMask('test_webhook_secret', fakeCredential('test_webhook_secret'));
    expect(changesOf({ test_webhook_secret: mask, live_webhook_secret: mask }).masks.size).toBe(2);
  });
});

describe('reading a body', () => {
  it('gives what only the validator makes, with trimmed credentials', () => {
    const credentials = CREDENTIAL_FIELDS.map(
      (field, index) => [field, `${fakeCredential(field)}${index}`] as const,
    );
    const changes = readCredentials(
      Object.fromEntries(credentials.map(([field, credential]) => [field, ` \t${credential}\r\n`])),
    );
    expect(changes).toBeInstanceOf(CredentialChanges);
    expect([...changes.secrets].map(([field, secret]) => [field, secret.reveal()])).toEqual(credentials);
  });

  it.each([
    ['an empty object', {}],
    ['nulls', Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, null]))],
  ])('accepts %s', (_name, body) => {
    expect(readCredentials(body)).toEqual({ secrets: new Map(), masks: new Map() });
  });

  describe('a value that is no text', () => {
    it.each<[string, unknown]>([
      ['a number', 1],
      ['zero', 0],
      ['true', true],
      ['false', false],
      ['an empty object', {}],
      ['an object', { length: 20, value: fakeCredential('test_secret_key') }],
      ['an object with methods of texts', { trim: 'x', startsWith: null, toString: 1 }],
      ['an empty list', []],
      ['a list of a credential', [fakeCredential('test_secret_key')]],
      ['lists 2,000 deep', nested('[', ']', 2000)],
      ['objects 2,000 deep', JSON.parse('{"a":'.repeat(2000) + '1' + '}'.repeat(2000))],
    ])('is refused as one fault for %s, in every field', (_name, value) => {
      for (const field of CREDENTIAL_FIELDS) {
        expect(faultsOf({ [field]: value })).toEqual([
          {
            loc: ['body', field],
            type: 'not_a_string',
            msg: expect.stringContaining('must be a text') as string,
          },
        ]);
      }
    });
  });

  describe('an unknown field', () => {
    it.each<[string, string]>([
      ['a credential as a name', fakeCredential('live_secret_key')],
      ['a name with markup', '<b>zqxjkv</b>'],
      ['a key in lower case', ['whsec', 'zqxjkvzqxjkv'].join('_')],
      ['letters without order', 'qZxJkVqZxJkVqZ'],
      ['a name with a number', 'zqxjkv2'],
      ['a long name', 'zqxjkv_'.repeat(6) + 'name'],
      ['an empty name', ''],
    ])('is refused without repeating %s', (_name, name) => {
      const items = faultsOf({ [name]: 'x' });
      expect(items).toMatchObject([{ loc: ['body'], type: 'extra_forbidden' }]);
      if (name !== '') expect(JSON.stringify(items)).not.toContain(name.slice(0, 12));
      expect(items[0]?.msg).toContain(`the fields are ${CREDENTIAL_FIELDS.join(', ')}`);
      expect(items[0]?.msg).not.toContain('Write');
    });

    it('is one fault that counts, however many there are', () => {
      const items = faultsOf(
        Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, index])),
      );
      expect(items).toHaveLength(1);
      expect(items[0]?.msg).toContain('500 unknown');
    });

    it('is refused however deep its value is nested', () => {
      expect(faultsOf({ other: nested('[', ']', 2000) })).toMatchObject([{ type: 'extra_forbidden' }]);
    });

    it.each([
      ['testSecretKey', 'write test_secret_key.'],
      ['test_secretkey', 'write test_secret_key.'],
      ['TestSecretKey', 'write test_secret_key.'],
      ['test-secret-key', 'write test_secret_key.'],
      ['test_secert_key', 'write test_secret_key.'],
      ['secret_key', 'write test_secret_key or live_secret_key.'],
      ['hasOwnProperty', `the fields are ${CREDENTIAL_FIELDS.join(', ')}.`],
    ])('that is plainly an identifier is named: %s', (name, advice) => {
      expect(faultsOf({ [name]: 'x' })).toEqual([
        { loc: ['body', name], msg: `This field is unknown; ${advice}`, type: 'extra_forbidden' },
      ]);
    });

    it.each(['TEST_SECRET_KEY', 'test secret key'])(
      'that was meant as one of ours is answered with the name to write: %s',
      (name) => {
        const [item] = faultsOf({ [name]: 'x' });
        expect(item?.msg).toMatch(/Write test_secret_key, in lower case with underscores\.$/);
        expect(item?.msg).not.toContain(name);
      },
    );
  });

  it('lists all faults at once, one for each place', () => {
    const items = faultsOf({
      test_secret_key: fakeCredential('live_secret_key'),
      test_publishable_key: fakeCredential('test_publishable_key'),
      test_webhook_secret: '',
      live_secret_key: 7,
      live_publishable_key: `"${fakeCredential('live_publishable_key')}"`,
      live_webhook_secret: null,
      liveWebhookSecret: 'x',
    });
    expect(items.map(({ loc, type }) => [...loc, type].join(' '))).toEqual([
      'body liveWebhookSecret extra_forbidden',
      'body test_secret_key wrong_mode',
      'body test_webhook_secret empty',
      'body live_secret_key not_a_string',
      'body live_publishable_key quoted_value',
    ]);
    expect(items.every(({ msg }) => /^[A-Z].*\.$/.test(msg))).toBe(true);
  });

  it('repeats no value in any fault', () => {
    const values = CREDENTIAL_FIELDS.map((field) => [field, `"${fakeCredential(field)}`] as const);
    const items = faultsOf(Object.fromEntries(values));
    expect(items).toHaveLength(6);
    for (const [, value] of values) expect(JSON.stringify(items)).not.toContain(value.slice(9, 15));
  });
});

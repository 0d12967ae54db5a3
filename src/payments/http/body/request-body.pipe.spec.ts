import 'reflect-metadata';
import { fakeCredential } from '../../../../test/support/credentials.js';
import { ValidationFailed, type ValidationItem } from '../../domain/errors.js';
import { StripeConfigRequest } from '../../stripe-config/stripe-config.dto.js';
import { CREDENTIAL_FIELDS } from '../../domain/credentials.js';
import { RequestBodyPipe } from './request-body.pipe.js';

const pipe = new RequestBodyPipe(StripeConfigRequest, CREDENTIAL_FIELDS);

async function faultsOf(body: object): Promise<ValidationItem[]> {
  const refusal: unknown = await pipe.transform(body as Record<string, unknown>).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal === undefined) return [];
  expect(refusal).toBeInstanceOf(ValidationFailed);
  return (refusal as ValidationFailed).items;
}

/** As the body reader makes it of a request. */
function nested(open: string, close: string, depth: number): unknown {
  return JSON.parse(open.repeat(depth) + close.repeat(depth));
}

it('gives an instance of the request class with trimmed credentials', async () => {
  const credentials = CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field)] as const);
  const request = await pipe.transform(
    Object.fromEntries(credentials.map(([field, credential]) => [field, ` \t${credential}\r\n`])),
  );
  expect(request).toBeInstanceOf(StripeConfigRequest);
  expect(Object.assign({}, request)).toEqual(Object.fromEntries(credentials));
});

it.each([
  ['an empty object', {}],
  ['nulls', Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, null]))],
])('accepts %s', async (_name, body) => {
  await expect(pipe.transform(body)).resolves.toEqual(body);
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
  ])('is refused as one fault for %s, in every field', async (_name, value) => {
    for (const field of CREDENTIAL_FIELDS) {
      expect(await faultsOf({ [field]: value })).toEqual([
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
  ])('is refused without repeating %s', async (_name, name) => {
    const items = await faultsOf({ [name]: 'x' });
    expect(items).toMatchObject([{ loc: ['body'], type: 'extra_forbidden' }]);
    if (name !== '') expect(JSON.stringify(items)).not.toContain(name.slice(0, 12));
    expect(items[0]?.msg).toContain(`the fields are ${CREDENTIAL_FIELDS.join(', ')}`);
    expect(items[0]?.msg).not.toContain('Write');
  });

  it('is one fault that counts, however many there are', async () => {
    const items = await faultsOf(
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, index])),
    );
    expect(items).toHaveLength(1);
    expect(items[0]?.msg).toContain('500 unknown');
  });

  it('is refused however deep its value is nested', async () => {
    expect(await faultsOf({ other: nested('[', ']', 2000) })).toMatchObject([{ type: 'extra_forbidden' }]);
  });

  it.each([
    ['testSecretKey', 'write test_secret_key.'],
    ['test_secretkey', 'write test_secret_key.'],
    ['TestSecretKey', 'write test_secret_key.'],
    ['test-secret-key', 'write test_secret_key.'],
    ['test_secert_key', 'write test_secret_key.'],
    ['secret_key', 'write test_secret_key or live_secret_key.'],
    ['hasOwnProperty', `the fields are ${CREDENTIAL_FIELDS.join(', ')}.`],
  ])('that is plainly an identifier is named: %s', async (name, advice) => {
    expect(await faultsOf({ [name]: 'x' })).toEqual([
      { loc: ['body', name], msg: `This field is unknown; ${advice}`, type: 'extra_forbidden' },
    ]);
  });

  it.each(['TEST_SECRET_KEY', 'test secret key'])(
    'that was meant as one of ours is answered with the name to write: %s',
    async (name) => {
      const [item] = await faultsOf({ [name]: 'x' });
      expect(item?.msg).toMatch(/Write test_secret_key, in lower case with underscores\.$/);
      expect(item?.msg).not.toContain(name);
    },
  );
});

it('lists all faults at once, one for each place', async () => {
  const items = await faultsOf({
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

it('repeats no value in any fault', async () => {
  const values = CREDENTIAL_FIELDS.map((field) => [field, `"${fakeCredential(field)}`] as const);
  const items = await faultsOf(Object.fromEntries(values));
  expect(items).toHaveLength(6);
  for (const [, value] of values) expect(JSON.stringify(items)).not.toContain(value.slice(9, 15));
});

import { expectedMask, fakeCredential } from '../../../test/support/credentials.js';
import { ValidationFailed } from '../domain/errors.js';
import { CredentialChanges, sameSecretInBothModes } from './credential-changes.js';
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

it('names the field that it was told, in the refusal of a secret stored in the other mode', () => {
  expect(sameSecretInBothModes('test_webhook_secret').items).toMatchObject([
    { loc: ['body', 'test_webhook_secret'] },
  ]);
});

it('leaves two webhook secrets with the same mask to the store', () => {
  const mask = expectedMask('test_webhook_secret', fakeCredential('test_webhook_secret'));
  expect(changesOf({ test_webhook_secret: mask, live_webhook_secret: mask }).masks.size).toBe(2);
});

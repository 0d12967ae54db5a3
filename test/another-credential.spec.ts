import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { Database } from '../src/payments/database/database.js';
import type { CredentialDescription } from '../src/payments/domain/credential-catalogue.js';
import type { CredentialField } from '../src/payments/domain/credentials.js';

/**
 * Adding a credential is one entry of the catalogue and one migration: here the entry of a seventh is put beside the six before
 * anything is loaded, and everything runs as it is.
 */
const PREFIX = ['cert', 'test', ''].join('_');
const ENTRY: CredentialDescription = {
  mode: 'test',
  kind: 'signing_certificate',
  prefixes: [{ text: PREFIX, name: 'a test signing certificate' }],
  visibility: 'secret',
  isOfOneMode: true,
  hasOverlap: true,
  description: 'Certificate that signs',
  source: 'Developers > Certificates',
  example: `${PREFIX}example`,
  maskExample: `${PREFIX}...aBcD`,
};
const FIELD = 'test_signing_certificate';
const PREVIOUS = 'test_previous_signing_certificate';

const actual = await import('../src/payments/domain/credential-catalogue.js');
jest.unstable_mockModule('../src/payments/domain/credential-catalogue.js', () => ({
  ...actual,
  CREDENTIAL_CATALOGUE: { ...actual.CREDENTIAL_CATALOGUE, [FIELD]: ENTRY },
}));
jest.resetModules();
const { PAYMENTS_DATABASE } = await import('../src/payments/database/database.js');
const { CREDENTIAL_FIELDS } = await import('../src/payments/domain/credentials.js');
const { KeyRing } = await import('../src/payments/crypto/key-ring.js');
const { Sealer } = await import('../src/payments/crypto/sealer.js');
const { rewrap } = await import('../src/payments/key-rotation/rewrap.js');
const { StripeConfigService } = await import('../src/payments/stripe-config/stripe-config.service.js');
const { openApiDocument } = await import('../src/app/openapi.js');
const { fakeCredential } = await import('./support/credentials.js');
const { configPath, startTestService, testKeyRing } = await import('./support/service.js');

const RING = testKeyRing();
let service: Awaited<ReturnType<typeof startTestService>>;

beforeAll(async () => {
  service = await startTestService({ keyRing: RING });
});
afterAll(() => service.stop());

const first = `${PREFIX}${randomUUID()}`;
const second = `${PREFIX}${randomUUID()}`;

function put(id: string, body: object): ReturnType<typeof service.request> {
  return service.request('PUT', configPath(id), { body });
}

async function storedOf(id: string): Promise<{ sealed: object; shown: object; expires_at: object }> {
  const rows = await service.database.query<{ sealed: object; shown: object; expires_at: object }>(
    'SELECT sealed, shown, expires_at FROM stripe_configs WHERE project_id = $1',
    [id],
  );
  return rows[0] ?? { sealed: {}, shown: {}, expires_at: {} };
}

it('without its migration the database refuses it, and names what to change', async () => {
  const id = await service.createProject();
  expect((await put(id, { [FIELD]: first })).status).toBe(500);
  await expect(
    service.database.query(
      `INSERT INTO stripe_configs (project_id, sealed, shown, fingerprints)
       SELECT gen_random_uuid(), '{"${FIELD}": "sc1.aaaaaaaaaa.x"}', '{"${FIELD}": "${PREFIX}...aBcD"}', '{"${FIELD}": "x"}'`,
    ),
  ).rejects.toThrow('stripe_configs_shown_check');
});

describe('with its migration', () => {
  beforeAll(async () => {
    const [check] = await service.database.query<{ definition: string }>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'stripe_configs_shown_check'`,
    );
    const names = `'{${FIELD},${PREVIOUS}}'::text[]`;
    const body = (check?.definition ?? '')
      .replace(/^CHECK /, '')
      .replace('((shown - ', `(((shown - ${names}) - `);
    expect(body).toContain(FIELD);
    await service.database.query(`ALTER TABLE stripe_configs DROP CONSTRAINT stripe_configs_shown_check`);
    await service.database.query(
      `ALTER TABLE stripe_configs ADD CONSTRAINT stripe_configs_shown_check CHECK (${body}
        AND (NOT shown ? '${FIELD}' OR coalesce(shown ->> '${FIELD}' ~ '^cert_test_[.]{3}[!-~]{4}$', false))
        AND (NOT shown ? '${PREVIOUS}' OR coalesce(shown ->> '${PREVIOUS}' ~ '^cert_test_[.]{3}[!-~]{4}$', false)))`,
    );
  });

  it('is in the documented request and response', () => {
    const { schemas } = openApiDocument(service.app).components ?? {};
    expect(schemas?.StripeConfigRequest).toMatchObject({
      properties: {
        [FIELD]: {
          maxLength: 512,
          description: `${ENTRY.description}. In Stripe’s Dashboard: ${ENTRY.source}`,
        },
      },
    });
    expect(schemas?.StripeConfigResponse).toMatchObject({
      properties: { [`${FIELD}_masked`]: { example: ENTRY.maskExample } },
    });
  });

  it('is validated by its own rules, and pointed to from other fields', async () => {
    const id = await service.createProject();
    const wrong = await put(id, { [FIELD]: fakeCredential('test_secret_key'), test_publishable_key: first });
    expect(wrong.status).toBe(422);
    expect(wrong.json).toMatchObject({
      detail: [
        {
          loc: ['body', 'test_publishable_key'],
          type: 'wrong_kind',
          msg: `This is a test signing certificate; it belongs in ${FIELD}. Expected pk_test_.`,
        },
        {
          loc: ['body', FIELD],
          type: 'wrong_kind',
          msg: `This is a test secret key; it belongs in test_secret_key. Expected ${PREFIX}.`,
        },
      ],
    });
  });

  it('is sealed, shown as a mask, replaced with an overlap, recorded, opened, rotated and erased', async () => {
    const id = await service.createProject();
    const mask = (value: string): string => `${PREFIX}...${value.slice(-4)}`;
    const created = await put(id, { [FIELD]: ` ${first}\n` });
    expect(created).toMatchObject({ status: 200, json: { [`${FIELD}_masked`]: mask(first) } });
    expect((await put(id, { [FIELD]: mask(first) })).headers.get('etag')).toBe('"1"');
    expect((await put(id, { [FIELD]: first })).headers.get('etag')).toBe('"1"');
    expect((await put(id, { [FIELD]: second })).headers.get('etag')).toBe('"2"');
    const shown = await service.request('GET', configPath(id));
    expect(Object.keys(shown.json as object)).toEqual(
      expect.arrayContaining(CREDENTIAL_FIELDS.map((field) => `${field}_masked`)),
    );
    expect(shown.json).toMatchObject({ [`${FIELD}_masked`]: mask(second), test_secret_key_masked: null });
    expect(shown.text).not.toContain(second.slice(9, 17));

    const stored = await storedOf(id);
    expect(stored.shown).toEqual({ [FIELD]: mask(second), [PREVIOUS]: mask(first) });
    expect(Object.keys(stored.sealed).sort()).toEqual([PREVIOUS, FIELD]);
    expect(Object.keys(stored.expires_at)).toEqual([PREVIOUS]);

    const history = await service.request('GET', `${configPath(id)}/history`);
    const { changes } = history.json as { changes: { fields: object[] }[] };
    expect(changes[0]?.fields).toContainEqual({ field: FIELD, before: mask(first), after: mask(second) });

    const configs = service.app.get(StripeConfigService);
    const opened = async (): Promise<string | undefined> =>
      (await configs.open(id, FIELD as CredentialField))?.reveal();
    expect(await opened()).toBe(second);
    const rotated = new KeyRing([testKeyRing().active, { ...RING.active, state: 'decrypt-only' }]);
    const result = await rewrap(service.app.get<Database>(PAYMENTS_DATABASE), new Sealer(rotated), {
      batchSize: 5,
      rate: Infinity,
      dryRun: false,
      onProgress: () => undefined,
    });
    expect(result).toEqual({ total: 1, rewrapped: 1, unreadable: 0, unreadableIds: [] });
    expect((await storedOf(id)).sealed).not.toEqual(stored.sealed);

    expect((await service.request('DELETE', configPath(id))).status).toBe(204);
    expect(await storedOf(id)).toEqual({ sealed: {}, shown: {}, expires_at: {} });
  });
});

import { Sealer, UnsealError } from '../src/payments/crypto/sealer.js';
import {
  CREDENTIAL_FIELDS,
  modeOf,
  type CredentialField,
  type Mode,
} from '../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { queryWithoutTriggers } from './support/database.js';
import { expectError, expectInvalid } from './support/errors.js';
import { configPath, startTestService, type TestService } from './support/service.js';
import { flat, setPart } from './support/stored-config.js';

type Config = Record<string, unknown>;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NONE = Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [`${field}_masked`, null]));

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const put = (body: unknown, id = projectId) => service.request('PUT', configPath(id), { body });
const get = (id = projectId) => service.request('GET', configPath(id));
const del = (id = projectId) => service.request('DELETE', configPath(id));

/** Sends a PUT that must succeed. */
async function configure(body: unknown, id = projectId): Promise<Config> {
  const { status, json } = await put(body, id);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as Config;
}

async function shown(id = projectId): Promise<Config> {
  return (await get(id)).json as Config;
}

/** The project's row as the database has it. */
async function row(id = projectId): Promise<Config | undefined> {
  const rows = await service.database.query<{ row: Config }>(
    'SELECT to_jsonb(config) AS row FROM stripe_configs config WHERE project_id = $1',
    [id],
  );
  return rows[0] && flat(rows[0].row);
}

/** Moves the row's times back by an hour, so that a change of any of them shows. */
async function age(): Promise<void> {
  await queryWithoutTriggers(
    service.database,
    `UPDATE stripe_configs SET
       created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour',
       configured_at = (
         SELECT coalesce(jsonb_object_agg(key, value::bigint - 3600000), '{}') FROM jsonb_each(configured_at)
       )
     WHERE project_id = $1`,
    [projectId],
  );
}

/** One credential for each field. */
function allCredentials(seed: string | number = 0): Record<CredentialField, string> {
  return Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field, seed)])) as Record<
    CredentialField,
    string
  >;
}

function masksOf(credentials: Partial<Record<CredentialField, string>>): Config {
  return Object.fromEntries(
    Object.entries(credentials).map(([field, value]) => [
      `${field}_masked`,
      expectedMask(field as CredentialField, value),
    ]),
  );
}

/** What the sealed value of a row holds, opened for the row's own place. */
async function stored(field: CredentialField, id = projectId): Promise<string> {
  const sealed = String((await row(id))?.[`${field}_sealed`]);
  return open(sealed, field, id);
}

function open(sealed: string, field: CredentialField, id: string): string {
  return service.app
    .get(Sealer)
    .open(sealed, { purpose: 'credential', projectId: id, mode: modeOf(field), field })
    .reveal();
}

/** The columns whose values differ. */
function changedColumns(before: Config | undefined, after: Config | undefined): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].filter((name) => before?.[name] !== after?.[name]).sort();
}

describe('the first PUT', () => {
  it('creates with all 15 members and shows masks only', async () => {
    const key = fakeCredential('test_secret_key');
    const { status, headers, json } = await put({ test_secret_key: key });

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      project_id: projectId,
      is_active: true,
      has_test_credentials: true,
      has_live_credentials: false,
      ...NONE,
      test_secret_key_masked: expectedMask('test_secret_key', key),
      test_configured_at: (json as Config).created_at,
      live_configured_at: null,
      created_at: expect.stringMatching(TIME) as unknown,
      updated_at: (json as Config).created_at,
    });
  });

  it('creates an empty configuration from an empty object', async () => {
    const config = await configure({});
    expect(Object.keys(config)).toHaveLength(15);
    expect(config).toMatchObject({
      ...NONE,
      is_active: true,
      has_test_credentials: false,
      has_live_credentials: false,
      test_configured_at: null,
      live_configured_at: null,
      updated_at: config.created_at,
    });
  });

  it('takes all six credentials at once, and GET shows the same as PUT', async () => {
    const credentials = allCredentials();
    const config = await configure(credentials);
    expect(config).toMatchObject({
      ...masksOf(credentials),
      has_test_credentials: true,
      has_live_credentials: true,
      test_configured_at: config.created_at,
      live_configured_at: config.created_at,
    });
    expect(await shown()).toStrictEqual(config);
    for (const field of CREDENTIAL_FIELDS) expect(await stored(field)).toBe(credentials[field]);
  });

  it.each(CREDENTIAL_FIELDS)(
    'takes %s alone; only a secret key counts as the credentials of its mode',
    async (field) => {
      const credential = fakeCredential(field);
      const config = await configure({ [field]: credential });
      expect(config).toMatchObject({
        ...NONE,
        ...masksOf({ [field]: credential }),
        has_test_credentials: field === 'test_secret_key',
        has_live_credentials: field === 'live_secret_key',
        test_configured_at: modeOf(field) === 'test' ? config.created_at : null,
        live_configured_at: modeOf(field) === 'live' ? config.created_at : null,
      });
    },
  );

  it.each(['test', 'live'] as const)(
    'takes a restricted key as the secret key of the %s mode',
    async (mode) => {
      const field = `${mode}_secret_key` as const;
      const restricted = fakeCredential(field).replace(/^s/, 'r');
      const config = await configure({ [field]: restricted });
      expect(config).toMatchObject({
        [`${field}_masked`]: `rk_${mode}_...${restricted.slice(-4)}`,
        [`has_${mode}_credentials`]: true,
      });
      expect(await stored(field)).toBe(restricted);
    },
  );

  it.each([
    ['spaces', '  ', '  '],
    ['a line end', '', '\r\n'],
    ['tabs and a no-break space', '\t', '\u00a0'],
  ])('trims %s around a value', async (_, before, after) => {
    const key = fakeCredential('live_secret_key');
    const config = await configure({ live_secret_key: before + key + after });
    expect(config.live_secret_key_masked).toBe(expectedMask('live_secret_key', key));
    expect(await stored('live_secret_key')).toBe(key);
  });

  it('loses nothing when six clients create the configuration at once, one field each', async () => {
    const credentials = allCredentials();
    const configs = await Promise.all(
      CREDENTIAL_FIELDS.map((field) => configure({ [field]: credentials[field] })),
    );
    expect(new Set(configs.map((config) => config.id)).size).toBe(1);
    expect(await shown()).toMatchObject(masksOf(credentials));
  });
});

/** What becomes of a webhook secret that is replaced, in the order of their names. */
const previousColumns = (mode: Mode) =>
  ['expires_at', 'masked', 'sealed'].map((part) => `${mode}_previous_webhook_secret_${part}`);

describe('a further PUT', () => {
  let old: Record<CredentialField, string>;
  let before: Config | undefined;

  beforeEach(async () => {
    old = allCredentials('old');
    await configure(old);
    await age();
    before = await row();
  });

  it.each(CREDENTIAL_FIELDS)('that names %s alone leaves every other column as it is', async (field) => {
    const others = CREDENTIAL_FIELDS.filter((other) => other !== field);
    const credential = fakeCredential(field, 'new');
    const config = await configure({
      [field]: credential,
      // Null and absent mean the same.
      ...Object.fromEntries(others.slice(0, 3).map((other) => [other, null])),
    });

    expect(config).toMatchObject(masksOf({ ...old, [field]: credential }));
    const after = await row();
    expect(changedColumns(before, after)).toEqual(
      [
        `${field}_fingerprint`,
        `${field}_masked`,
        `${field}_sealed`,
        `${modeOf(field)}_configured_at`,
        ...(field.endsWith('webhook_secret') ? previousColumns(modeOf(field)) : []),
        'change_request_id',
        'trail_hash',
        'updated_at',
        'version',
      ].sort(),
    );
    expect(after?.updated_at).toBe(after?.[`${modeOf(field)}_configured_at`]);
    expect(await stored(field)).toBe(credential);
  });

  it.each<[string, () => object]>([
    ['an empty object', () => ({})],
    ['only nulls', () => Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, null]))],
    ['all six masks', () => maskRequest(old)],
    ...CREDENTIAL_FIELDS.map((field): [string, () => object] => [
      `the mask of ${field}`,
      () => ({ [field]: ` ${expectedMask(field, old[field])} ` }),
    ]),
  ])('of %s changes nothing at all', async (_, body) => {
    const answer = await configure(body());
    expect(await row()).toStrictEqual(before);
    expect(answer).toStrictEqual(await shown());
  });

  it('takes new values beside masks of stored ones', async () => {
    const credential = fakeCredential('live_webhook_secret', 'new');
    await configure({ ...maskRequest(old), live_webhook_secret: credential });
    expect(changedColumns(before, await row())).toEqual([
      'change_request_id',
      'live_configured_at',
      ...previousColumns('live'),
      'live_webhook_secret_fingerprint',
      'live_webhook_secret_masked',
      'live_webhook_secret_sealed',
      'trail_hash',
      'updated_at',
      'version',
    ]);
    expect(await stored('live_webhook_secret')).toBe(credential);
  });

  it.each(CREDENTIAL_FIELDS)(
    'that writes %s again, beside masks, changes nothing but its seal',
    async (field) => {
      const answer = await configure({ ...maskRequest(old), [field]: old[field] });
      expect(changedColumns(before, await row())).toEqual([`${field}_sealed`]);
      expect(await stored(field)).toBe(old[field]);
      expect(answer).toStrictEqual(await shown());
    },
  );

  it.each(CREDENTIAL_FIELDS)('with a foreign mask in %s is refused and changes nothing', async (field) => {
    const mask = expectedMask(field, fakeCredential(field, 'foreign'));
    const other = field === 'test_secret_key' ? 'live_secret_key' : 'test_secret_key';
    expectInvalid(await put({ [field]: mask, [other]: fakeCredential(other, 'new') }), [
      { loc: ['body', field], type: 'masked_value' },
    ]);
    expect(await row()).toStrictEqual(before);
  });

  it('names every field with a foreign mask', async () => {
    expectInvalid(
      await put(maskRequest(allCredentials('foreign'))),
      CREDENTIAL_FIELDS.map((field) => ({ loc: ['body', field], type: 'masked_value' })),
    );
  });

  it('refuses the mask of a restricted key where a secret key is stored', async () => {
    const mask = expectedMask('test_secret_key', old.test_secret_key).replace(/^s/, 'r');
    expectInvalid(await put({ test_secret_key: mask }), [
      { loc: ['body', 'test_secret_key'], type: 'masked_value' },
    ]);
  });

  it('with one wrong value changes nothing, and every wrong value is named', async () => {
    const swapped = {
      test_secret_key: fakeCredential('live_secret_key', 'new'),
      test_publishable_key: fakeCredential('test_publishable_key', 'new'),
      live_publishable_key: fakeCredential('live_secret_key', 'new'),
      live_webhook_secret: '',
    };
    expectInvalid(await put(swapped), [
      { loc: ['body', 'test_secret_key'], type: 'wrong_mode' },
      { loc: ['body', 'live_publishable_key'], type: 'wrong_kind' },
      { loc: ['body', 'live_webhook_secret'], type: 'empty' },
    ]);
    expect(await row()).toStrictEqual(before);
  });

  it('loses nothing when six clients change one field each at once', async () => {
    const credentials = allCredentials('new');
    await Promise.all(CREDENTIAL_FIELDS.map((field) => configure({ [field]: credentials[field] })));
    expect(await shown()).toMatchObject(masksOf(credentials));
    for (const field of CREDENTIAL_FIELDS) expect(await stored(field)).toBe(credentials[field]);
  });

  describe('and the webhook secrets of both modes', () => {
    const WEBHOOK_FIELDS = ['test_webhook_secret', 'live_webhook_secret'] as const;

    it('are refused when one request brings the same for both', async () => {
      const secret = fakeCredential('test_webhook_secret', 'new');
      expectInvalid(await put({ test_webhook_secret: secret, live_webhook_secret: ` ${secret}` }), [
        { loc: ['body', 'live_webhook_secret'], type: 'same_secret_in_both_modes' },
      ]);
      expect(await row()).toStrictEqual(before);
    });

    it.each([
      ['test_webhook_secret', 'live_webhook_secret', {}],
      ['live_webhook_secret', 'test_webhook_secret', {}],
      ['live_webhook_secret', 'test_webhook_secret', { test_webhook_secret: null }],
    ] as const)('are refused when %s is what %s has stored', async (field, other, rest) => {
      expectInvalid(await put({ ...rest, [field]: old[other] }), [
        { loc: ['body', field], type: 'same_secret_in_both_modes' },
      ]);
      expect(await row()).toStrictEqual(before);
    });

    it('are refused when the other mode keeps its own by sending the mask back', async () => {
      const mask = expectedMask('live_webhook_secret', old.live_webhook_secret);
      expectInvalid(await put({ test_webhook_secret: old.live_webhook_secret, live_webhook_secret: mask }), [
        { loc: ['body', 'test_webhook_secret'], type: 'same_secret_in_both_modes' },
      ]);
    });

    it('may change places in one request', async () => {
      await configure({
        test_webhook_secret: old.live_webhook_secret,
        live_webhook_secret: old.test_webhook_secret,
      });
      expect(await stored('test_webhook_secret')).toBe(old.live_webhook_secret);
      expect(await stored('live_webhook_secret')).toBe(old.test_webhook_secret);
    });

    it.each(WEBHOOK_FIELDS)('may be written again as they are (%s)', async (field) => {
      await configure({ [field]: old[field] });
      expect(await stored(field)).toBe(old[field]);
    });
  });

  it('writes a new publishable key, and leaves the stored one of the other mode untouched', async () => {
    const credential = fakeCredential('live_publishable_key', 'new');
    await configure({ ...publishableKeysOf(old), live_publishable_key: credential });
    expect(changedColumns(before, await row())).toEqual([
      'change_request_id',
      'live_configured_at',
      'live_publishable_key_fingerprint',
      'live_publishable_key_masked',
      'live_publishable_key_sealed',
      'trail_hash',
      'updated_at',
      'version',
    ]);
  });

  function publishableKeysOf({ test_publishable_key, live_publishable_key }: typeof old): Config {
    return { test_publishable_key, live_publishable_key };
  }

  function maskRequest(credentials: Record<CredentialField, string>): Config {
    return Object.fromEntries(
      CREDENTIAL_FIELDS.map((field) => [field, expectedMask(field, credentials[field])]),
    );
  }
});

describe('a value that is refused', () => {
  const secret = (seed?: string) => fakeCredential('test_secret_key', seed);
  it.each([
    ['wrong_mode', 'a live key', () => fakeCredential('live_secret_key')],
    ['wrong_kind', 'a publishable key', () => fakeCredential('test_publishable_key')],
    ['wrong_kind', 'an organization key', () => `sk_org_${secret().slice(8)}`],
    ['wrong_kind', 'an endpoint id', () => 'we_1234567890abcdef'],
    ['wrong_kind', 'an account id', () => 'acct_1234567890abcdef'],
    ['wrong_kind', 'a URL', () => 'https://dashboard.example.com/apikeys'],
    ['wrong_prefix', 'a password', () => 'correct-horse-battery-staple'],
    ['quoted_value', 'a value in quotes', () => `"${secret()}"`],
    ['bearer_prefix', 'a header', () => `Bearer ${secret()}`],
    ['assignment', 'a line of a settings file', () => `STRIPE_SECRET_KEY=${secret()}`],
    ['empty', 'an empty text', () => ''],
    ['empty', 'white space only', () => ' \n '],
    ['masked_value', 'stars', () => `${secret().slice(0, 12)}****`],
    [
      'masked_value',
      'the mask of a field that is not stored',
      () => expectedMask('test_secret_key', secret()),
    ],
    ['contains_whitespace', 'a line break inside', () => `${secret()}\n${secret().slice(8)}`],
    ['invalid_characters', 'an invisible character', () => `${secret()}\u200bx`],
    ['invalid_characters', 'a NUL character', () => `${secret()}\0x`],
    ['too_short', 'seven characters after the prefix', () => secret().slice(0, 15)],
    ['too_long', '513 characters', () => secret().padEnd(513, 'x')],
  ])('as %s: %s', async (type, _, value) => {
    expectInvalid(await put({ test_secret_key: value() }), [{ loc: ['body', 'test_secret_key'], type }]);
    expect(await row()).toBeUndefined();
  });

  it.each([
    ['eight characters after the prefix', 16],
    ['512 characters', 512],
  ])('not for its length: %s', async (_, length) => {
    const key = secret().slice(0, length).padEnd(length, 'x');
    await configure({ test_secret_key: key });
    expect(await stored('test_secret_key')).toBe(key);
  });
});

describe('GET', () => {
  it('answers the JSON value null before the first PUT', async () => {
    const { status, headers, text } = await get();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).toBe('null');
  });

  it('still shows a row whose sealed value cannot be opened, also in the list, and a PUT fixes it', async () => {
    const credentials = allCredentials();
    await configure(credentials);
    await service.database.query(
      `UPDATE stripe_configs SET ${setPart('test_secret_key', 'sealed', "'sc1.aaaaaaaaaa.AAAA'::text")}
       WHERE project_id = $1`,
      [projectId],
    );

    expect(await shown()).toMatchObject(masksOf(credentials));
    const { json } = await service.request('GET', '/api/v1/payments/projects');
    expect((json as { projects: Config[] }).projects.find(({ id }) => id === projectId)).toMatchObject({
      has_test_credentials: true,
    });
    await configure({ test_secret_key: credentials.test_secret_key });
    expect(await stored('test_secret_key')).toBe(credentials.test_secret_key);
  });
});

describe('DELETE', () => {
  it('is 404 for a project that never had a configuration', async () => {
    expectError(await del(), 404, 'config_not_found');
    expect(await row()).toBeUndefined();
  });

  it('erases sealed values, masks and fingerprints and keeps the id and created_at', async () => {
    const before = await configure(allCredentials());
    await age();
    const { created_at, id } = (await row()) ?? {};

    const { status, headers, text } = await del();
    expect({ status, text }).toEqual({ status: 204, text: '' });
    expect(headers.get('cache-control')).toBe('no-store');

    expect(await row()).toStrictEqual({
      id,
      project_id: projectId,
      is_active: false,
      removed_at: null,
      created_at,
      updated_at: expect.any(Number) as unknown,
      version: 2,
      changed_by: 'alice',
      change_request_id: headers.get('x-request-id'),
      trail_hash: expect.any(String) as unknown,
    });
    const after = await shown();
    expect(after).toMatchObject({
      ...NONE,
      id: before.id,
      is_active: false,
      has_test_credentials: false,
      has_live_credentials: false,
      test_configured_at: null,
      live_configured_at: null,
    });
    expect(Object.keys(after)).toHaveLength(15);
    expect(Date.parse(String(after.updated_at))).toBeGreaterThan(Date.parse(String(after.created_at)));
  });

  it('is 204 again and changes nothing the second time', async () => {
    await configure(allCredentials());
    await del();
    await age();
    const before = await row();
    expect((await del()).status).toBe(204);
    expect(await row()).toStrictEqual(before);
  });

  it.each([
    ['only what it brings', () => ({ live_secret_key: fakeCredential('live_secret_key', 'new') })],
    ['nothing when it brings nothing', () => ({})],
  ])('is undone by a PUT, with %s', async (_, body) => {
    const { id } = await configure(allCredentials());
    await del();
    await age();
    const before = await row();

    const brought = body();
    const config = await configure(brought);
    expect(config).toMatchObject({
      ...NONE,
      ...masksOf(brought),
      id,
      is_active: true,
      has_test_credentials: false,
      test_configured_at: null,
      live_configured_at: 'live_secret_key' in brought ? config.updated_at : null,
    });
    const after = await row();
    expect(after?.created_at).toBe(before?.created_at);
    expect(after?.updated_at).not.toBe(before?.updated_at);
  });

  it('leaves no mask to be sent back', async () => {
    const credentials = allCredentials();
    await configure(credentials);
    await del();
    const before = await row();
    expectInvalid(
      await put({ test_secret_key: expectedMask('test_secret_key', credentials.test_secret_key) }),
      [{ loc: ['body', 'test_secret_key'], type: 'masked_value' }],
    );
    expect(await row()).toStrictEqual(before);
  });

  it('frees a webhook secret for the other mode', async () => {
    const credentials = allCredentials();
    await configure(credentials);
    await del();
    await configure({ live_webhook_secret: credentials.test_webhook_secret });
    expect(await stored('live_webhook_secret')).toBe(credentials.test_webhook_secret);
  });
});

describe('the project id in the path', () => {
  it('is the same project in upper case, and is answered in lower case', async () => {
    const upper = projectId.toUpperCase();
    expect(upper).not.toBe(projectId);
    const config = await configure({ test_secret_key: fakeCredential('test_secret_key') }, upper);
    expect(config.project_id).toBe(projectId);
    expect(await shown(upper)).toStrictEqual(config);
    expect(await shown()).toStrictEqual(config);
    expect(await stored('test_secret_key')).toBe(fakeCredential('test_secret_key'));
    expect((await del(upper)).status).toBe(204);
    expect(await shown()).toMatchObject({ is_active: false });
  });
});

describe('what is stored', () => {
  it('is sealed, and no eight characters of a credential stand anywhere in the row', async () => {
    const credentials = allCredentials();
    await configure(credentials);
    const stored = await row();
    for (const field of CREDENTIAL_FIELDS) {
      expect(stored?.[`${field}_sealed`]).toMatch(/^sc1\.[a-z2-7]{10}\.[A-Za-z0-9_-]+$/);
      const body = credentials[field].replace(/^.*_/, '');
      const text = JSON.stringify(stored);
      const windows = Array.from({ length: body.length - 7 }, (_, start) => body.slice(start, start + 8));
      expect(windows.filter((window) => text.includes(window))).toEqual([]);
    }
  });

  it('does not show that two projects have the same credential', async () => {
    const other = await service.createProject();
    await configure(allCredentials());
    await configure(allCredentials(), other);
    const [mine, theirs] = [await row(), await row(other)];
    for (const field of CREDENTIAL_FIELDS) {
      expect(mine?.[`${field}_sealed`]).not.toBe(theirs?.[`${field}_sealed`]);
      expect(mine?.[`${field}_fingerprint`]).not.toBe(theirs?.[`${field}_fingerprint`]);
    }
  });

  it('is sealed again at every write of a secret, the same one included', async () => {
    await configure(allCredentials());
    const before = await row();
    await configure(allCredentials());
    const after = await row();
    for (const field of CREDENTIAL_FIELDS.filter((each) => !each.endsWith('publishable_key')))
      expect(after?.[`${field}_sealed`]).not.toBe(before?.[`${field}_sealed`]);
  });

  it('does not open in the row of another project', async () => {
    const other = await service.createProject();
    await configure(allCredentials());
    await configure(allCredentials('other'), other);
    await service.database.query(
      `UPDATE stripe_configs SET ${setPart(
        'test_secret_key',
        'sealed',
        "(SELECT sealed ->> 'test_secret_key' FROM stripe_configs WHERE project_id = $1)",
      )} WHERE project_id = $2`,
      [projectId, other],
    );
    await expect(stored('test_secret_key', other)).rejects.toThrow(UnsealError);
    expect(await stored('test_secret_key')).toBe(fakeCredential('test_secret_key'));
  });

  it.each([
    ['mode', 'live_webhook_secret'],
    ['field', 'test_publishable_key'],
  ] as const)('does not open in another %s', async (_, target) => {
    await configure(allCredentials());
    await service.database.query(
      `UPDATE stripe_configs SET ${setPart(target, 'sealed', "sealed ->> 'test_webhook_secret'")} WHERE project_id = $1`,
      [projectId],
    );
    await expect(stored(target)).rejects.toThrow(UnsealError);
  });
});

describe('the database itself refuses', () => {
  beforeEach(async () => {
    await configure(allCredentials());
  });

  const set = (assignments: string, value?: string) =>
    service.database.query(
      `UPDATE stripe_configs SET ${assignments}, version = version + 1 WHERE project_id = $1`,
      value === undefined ? [projectId] : [projectId, value],
    );

  describe.each(CREDENTIAL_FIELDS)('in %s', (field) => {
    const refusal = (check: string) => ({ code: '23514', constraint: `stripe_configs_${check}_check` });

    it.each<[string, 'sealed' | 'masked', () => string]>([
      ['a plaintext in the sealed column', 'sealed', () => fakeCredential(field)],
      ['a sealed value without a key id', 'sealed', () => 'sc1.AAAA'],
      ['a plaintext in the mask column', 'masked', () => fakeCredential(field)],
      [
        'the mask of another field',
        'masked',
        () => `${field.startsWith('test') ? 'sk_live' : 'sk_test'}_...aBcD`,
      ],
      ['five visible characters', 'masked', () => `${expectedMask(field, fakeCredential(field))}x`],
    ])('%s', async (_, column, value) => {
      await expect(set(setPart(field, column, '$2::text'), value())).rejects.toMatchObject(
        refusal(column === 'sealed' ? 'sealed' : 'shown'),
      );
    });

    it.each(['sealed', 'masked', 'fingerprint'] as const)('the lack of the %s alone', async (part) => {
      await expect(set(setPart(field, part, 'NULL'))).rejects.toMatchObject(refusal('whole'));
    });
  });

  it('a deactivated row that keeps a sealed value', async () => {
    await expect(set('is_active = false')).rejects.toMatchObject({
      code: '23514',
      constraint: 'stripe_configs_erased_when_inactive_check',
    });
  });

  it('a second configuration of a project', async () => {
    await expect(
      service.database.query('INSERT INTO stripe_configs (project_id) VALUES ($1)', [projectId]),
    ).rejects.toMatchObject({ code: '23505', constraint: 'stripe_configs_pkey' });
  });
});

import { fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { configPath, startTestService, type TestService } from './support/service.js';

type Json = Record<string, unknown>;

const PROJECTS = '/api/v1/projects';
const PAYMENTS = '/api/v1/payments/projects';
const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const SERVICE_TOKEN = `nsc_${'a1B2c3D'.repeat(7)}`;

let service: TestService;
let subject: string;
let subjects = 0;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(() => {
  subjects += 1;
  subject = `owner-${subjects}`;
});

const create = (body: unknown) => service.request('POST', PROJECTS, { subject, body });
const get = async (path: string) => (await service.request('GET', path, { subject })).json;

describe('creating a project', () => {
  it('answers 201 with the project, which belongs to its creator', async () => {
    const { status, headers, json } = await create({ name: 'Shop', description: 'Sells tea' });
    expect(status).toBe(201);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(json).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      name: 'Shop',
      description: 'Sells tea',
      is_active: true,
      created_at: expect.stringMatching(TIME) as unknown,
      role: 'owner',
    });
    expect(await get(`${PROJECTS}/${(json as { id: string }).id}`)).toStrictEqual(json);
    expect(await get(PROJECTS)).toStrictEqual({ projects: [json], total: 1 });
  });

  it.each<[string, Json, Json?]>([
    ['a name of one character', { name: 'x' }],
    ['a name of 255 characters', { name: 'x'.repeat(255) }],
    ['a name in another script', { name: '店'.repeat(255) }],
    ['a name that is also SQL', { name: `'; DROP TABLE projects; --` }],
    ['no description', { name: 'Shop', description: null }],
    ['a name with white space around it', { name: ' Shop\n' }, { name: 'Shop' }],
    ['a name with a space in it', { name: 'Old Shop 🏪' }],
    ['a place of Iceland', { name: 'Eyjafjallajökull' }],
    ['a name with joiners', { name: 'می\u200Cخواهم 👩\u200D💻' }],
    ['a name that only looks like the beginning of a key', { name: 'Desk_test' }],
    ['a description of several lines', { name: 'Shop', description: 'Tea\r\n\tand 👩‍💻 ware' }],
    ['an empty description', { name: 'Shop', description: '' }],
    ['a description of 1,000 characters', { name: 'Shop', description: 'x'.repeat(1_000) }],
  ])('takes %s', async (_, body, taken = {}) => {
    const { status, json } = await create(body);
    expect(status).toBe(201);
    expect(json).toMatchObject({ description: null, ...body, ...taken });
  });

  it.each<[string, unknown, [(string | number)[], string][]]>([
    ['no name', {}, [[['body', 'name'], 'not_a_string']]],
    ['a name of null', { name: null }, [[['body', 'name'], 'not_a_string']]],
    ['a name that is a number', { name: 1 }, [[['body', 'name'], 'not_a_string']]],
    ['a name that is a list', { name: ['Shop'] }, [[['body', 'name'], 'not_a_string']]],
    ['an empty name', { name: '' }, [[['body', 'name'], 'empty']]],
    ['a name of white space', { name: ' \n' }, [[['body', 'name'], 'empty']]],
    ['a name with a line break', { name: 'a\nb' }, [[['body', 'name'], 'invalid_characters']]],
    ['a name that turns its direction', { name: 'a\u202eb' }, [[['body', 'name'], 'invalid_characters']]],
    ['a name without width', { name: '\u200b' }, [[['body', 'name'], 'invalid_characters']]],
    ['a name that is a key', { name: fakeCredential('live_secret_key') }, [[['body', 'name'], 'wrong_kind']]],
    ['a name that is a service token', { name: SERVICE_TOKEN }, [[['body', 'name'], 'wrong_kind']]],
    [
      'a description with a key in it',
      { name: 'x', description: `keys:\n${fakeCredential('test_secret_key')}` },
      [[['body', 'description'], 'wrong_kind']],
    ],
    [
      'a description with a key in it that a joiner cuts',
      { name: 'x', description: fakeCredential('test_secret_key').replace('_', '\u200C_') },
      [[['body', 'description'], 'wrong_kind']],
    ],
    [
      'a description with a service token in it',
      { name: 'x', description: `use ${SERVICE_TOKEN}` },
      [[['body', 'description'], 'wrong_kind']],
    ],
    [
      'a description with an access token in it',
      { name: 'x', description: `Bearer eyJ${'x'.repeat(20)}` },
      [[['body', 'description'], 'wrong_kind']],
    ],
    [
      'a description that turns its direction',
      { name: 'x', description: 'a\u2066b' },
      [[['body', 'description'], 'invalid_characters']],
    ],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, [[['body', 'name'], 'too_long']]],
    ['a name with a NUL', { name: 'a\0b' }, [[['body', 'name'], 'invalid_characters']]],
    ['a name with half a surrogate pair', { name: 'a\ud800b' }, [[['body', 'name'], 'invalid_characters']]],
    [
      'a description with half a surrogate pair',
      { name: 'x', description: '\udc00' },
      [[['body', 'description'], 'invalid_characters']],
    ],
    [
      'a description that is an object',
      { name: 'x', description: {} },
      [[['body', 'description'], 'not_a_string']],
    ],
    [
      'a description of 1,001 characters',
      { name: 'x', description: 'x'.repeat(1_001) },
      [[['body', 'description'], 'too_long']],
    ],
    [
      'a description with a NUL',
      { name: 'x', description: '\0' },
      [[['body', 'description'], 'invalid_characters']],
    ],
    ['an owner', { name: 'x', owner_id: 'bob' }, [[['body', 'owner_id'], 'extra_forbidden']]],
    ['an id', { name: 'x', id: UNKNOWN_ID }, [[['body', 'id'], 'extra_forbidden']]],
    [
      'everything wrong',
      { name: '', description: 1, is_active: false },
      [
        [['body', 'is_active'], 'extra_forbidden'],
        [['body', 'name'], 'empty'],
        [['body', 'description'], 'not_a_string'],
      ],
    ],
  ])('refuses %s', async (_, body, items) => {
    expectInvalid(
      await create(body),
      items.map(([loc, type]) => ({ loc, type })),
    );
    expect(await get(PROJECTS)).toStrictEqual({ projects: [], total: 0 });
  });

  it('refuses a body that is no JSON object, too large or of another type', async () => {
    expectError(await create([]), 400, 'malformed_body');
    expectError(await create({ name: 'x'.repeat(17_000) }), 413, 'body_too_large');
    expectError(
      await service.request('POST', PROJECTS, {
        subject,
        body: '{}',
        headers: { 'content-type': 'text/plain' },
      }),
      415,
      'unsupported_media_type',
    );
  });
});

describe('projects', () => {
  it('are listed oldest first, and only to their owner', async () => {
    const ids = [];
    for (const name of ['c', 'a', 'b']) {
      const id = await service.createProject(subject, name);
      ids.push(id);
      await service.database.query(
        `UPDATE projects SET created_at = '2026-01-01Z'::timestamptz + $2 WHERE id = $1`,
        [id, `${ids.length} seconds`],
      );
    }
    await service.createProject(`${subject}-other`);
    for (const path of [PROJECTS, PAYMENTS]) {
      const { projects, total } = (await get(path)) as { projects: Json[]; total: number };
      expect(projects.map(({ id, name }) => [id, name])).toEqual([
        [ids[0], 'c'],
        [ids[1], 'a'],
        [ids[2], 'b'],
      ]);
      expect(total).toBe(3);
    }
  });

  it('are listed as none for a caller who has none', async () => {
    for (const path of [PROJECTS, PAYMENTS])
      expect(await get(path)).toStrictEqual({ projects: [], total: 0 });
  });

  it.each(['GET', 'DELETE'])('of somebody else are not there for a %s', async (method) => {
    const theirs = await service.createProject('somebody-else');
    expectError(
      await service.request(method, `${PROJECTS}/${theirs}`, { subject }),
      404,
      'project_not_found',
    );
    const { json } = await service.request('GET', `${PROJECTS}/${theirs}`, { subject: 'somebody-else' });
    expect(json).toMatchObject({ is_active: true });
  });

  it.each(['GET', 'DELETE'])('are found by a UUID only, with %s', async (method) => {
    expectError(
      await service.request(method, `${PROJECTS}/${UNKNOWN_ID}`, { subject }),
      404,
      'project_not_found',
    );
    expectInvalid(await service.request(method, `${PROJECTS}/1`, { subject }), [
      { loc: ['path', 'project_id'], type: 'invalid_uuid' },
    ]);
  });

  it('are found by their id in upper case', async () => {
    const id = await service.createProject(subject);
    expect(await get(`${PROJECTS}/${id.toUpperCase()}`)).toMatchObject({ id });
  });

  it('are deactivated, not removed, and their configuration cannot be reached any more', async () => {
    const id = await service.createProject(subject);
    await service.request('PUT', configPath(id), { subject, body: {} });

    const del = () => service.request('DELETE', `${PROJECTS}/${id}`, { subject });
    expect(await del()).toMatchObject({ status: 204, text: '' });
    expect(await del()).toMatchObject({ status: 204, text: '' });

    expect(await get(`${PROJECTS}/${id}`)).toMatchObject({ id, is_active: false });
    expect(await get(PROJECTS)).toMatchObject({ projects: [{ id, is_active: false }], total: 1 });
    for (const [method, body] of [['GET'], ['PUT', {}], ['DELETE']] as const) {
      expectError(await service.request(method, configPath(id), { subject, body }), 404, 'project_not_found');
    }
  });
});

describe('the payment configurations of projects', () => {
  const NOTHING = {
    has_payment_config: false,
    has_test_credentials: false,
    has_live_credentials: false,
    test_configured_at: null,
    live_configured_at: null,
  };
  let id: string;

  const put = async (body: object) =>
    (await service.request('PUT', configPath(id), { subject, body })).json as Json;
  const listed = async () => ((await get(PAYMENTS)) as { projects: Json[] }).projects[0];

  beforeEach(async () => {
    ({ id } = (await create({ name: 'Shop', description: 'Sells tea' })).json as { id: string });
  });

  it('are listed as nothing before the first PUT', async () => {
    const { status, headers, json } = await service.request('GET', PAYMENTS, { subject });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toStrictEqual({
      projects: [
        {
          id,
          name: 'Shop',
          description: 'Sells tea',
          ...NOTHING,
          role: 'owner',
          is_active: true,
          created_at: expect.stringMatching(TIME) as unknown,
        },
      ],
      total: 1,
    });
  });

  it.each(['test', 'live'] as const)('show that the %s mode is configured', async (mode) => {
    const config = await put({ [`${mode}_secret_key`]: fakeCredential(`${mode}_secret_key`) });
    expect(await listed()).toMatchObject({
      ...NOTHING,
      has_payment_config: true,
      [`has_${mode}_credentials`]: true,
      [`${mode}_configured_at`]: config.updated_at,
    });
  });

  it('do not take a publishable key or a webhook secret for the credentials of a mode', async () => {
    const config = await put({ test_webhook_secret: fakeCredential('test_webhook_secret') });
    expect(await listed()).toMatchObject({
      ...NOTHING,
      has_payment_config: true,
      test_configured_at: config.test_configured_at,
    });
  });

  it('are listed as nothing again after a DELETE', async () => {
    await put({ test_secret_key: fakeCredential('test_secret_key') });
    await service.request('DELETE', configPath(id), { subject });
    expect(await listed()).toMatchObject(NOTHING);
  });

  it('stay in the list with a deactivated project, without its credentials', async () => {
    await put({ test_secret_key: fakeCredential('test_secret_key') });
    await service.request('DELETE', `${PROJECTS}/${id}`, { subject });
    expect(await listed()).toMatchObject({ id, is_active: false, has_test_credentials: false });
  });

  it('show no mask', async () => {
    await put({ test_secret_key: fakeCredential('test_secret_key') });
    expect(JSON.stringify(await listed())).not.toContain(fakeCredential('test_secret_key').slice(-4));
  });
});

import { expectedMask, fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid, JSON_FORM, PROBLEM_FORM } from './support/errors.js';
import { configPath, startTestService, type TestResponse, type TestService } from './support/service.js';

type Headers = Record<string, string>;

const ROUNDS = 50;
const SECRET = fakeCredential('test_secret_key');
const PUBLISHABLE = fakeCredential('test_publishable_key');

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const put = (body: unknown, headers: Headers = {}) =>
  service.request('PUT', configPath(projectId), { body, headers });
const get = (headers: Headers = {}) => service.request('GET', configPath(projectId), { headers });
const del = (headers: Headers = {}) => service.request('DELETE', configPath(projectId), { headers });
const tagOf = ({ headers }: TestResponse) => headers.get('etag');

/** Everything that is stored for the project. */
async function stored(): Promise<unknown> {
  return service.database.query(
    `SELECT to_jsonb(config) AS config, (SELECT count(*) FROM stripe_config_audit WHERE project_id = $1) AS changes
     FROM stripe_configs AS config WHERE project_id = $1`,
    [projectId],
  );
}

/** A configuration of version 3. */
async function makeVersion3(): Promise<void> {
  for (const seed of [1, 2, 3]) {
    expect((await put({ test_secret_key: fakeCredential('test_secret_key', seed) })).status).toBe(200);
  }
}

describe('the entity tag', () => {
  it('is the quoted version, on PUT, GET and HEAD alike', async () => {
    expect(tagOf(await put({ test_secret_key: SECRET }))).toBe('"1"');
    expect(tagOf(await get())).toBe('"1"');
    expect(tagOf(await service.request('HEAD', configPath(projectId)))).toBe('"1"');
    expect(tagOf(await put({ live_secret_key: fakeCredential('live_secret_key') }))).toBe('"2"');
    expect(tagOf(await get())).toBe('"2"');
  });

  it('is not there while there is no configuration', async () => {
    const answer = await get();
    expect([answer.text, tagOf(answer)]).toEqual(['null', null]);
  });

  it('changes with every change, and with nothing else', async () => {
    await put({ test_secret_key: SECRET, test_publishable_key: PUBLISHABLE });
    const STEPS: [what: string, step: () => Promise<TestResponse>, status: number, changes: boolean][] = [
      ['an empty PUT', () => put({}), 200, false],
      ['nulls', () => put({ test_secret_key: null }), 200, false],
      ['a mask', () => put({ test_secret_key: expectedMask('test_secret_key', SECRET) }), 200, false],
      ['the stored publishable key', () => put({ test_publishable_key: PUBLISHABLE }), 200, false],
      ['the stored secret key', () => put({ test_secret_key: SECRET }), 200, false],
      ['a new credential', () => put({ live_secret_key: fakeCredential('live_secret_key') }), 200, true],
      ['a wrong credential', () => put({ live_secret_key: SECRET }), 422, false],
      ['a failed precondition', () => put({ test_secret_key: SECRET }, { 'if-match': '"1"' }), 412, false],
      ['a GET', () => get(), 200, false],
      ['a DELETE', () => del(), 204, true],
      ['a second DELETE', () => del(), 204, false],
      ['an activation', () => put({}), 200, true],
    ];
    for (const [what, step, status, changes] of STEPS) {
      const before = tagOf(await get());
      const answer = await step();
      const after = tagOf(await get());
      expect([what, answer.status, before !== after]).toEqual([what, status, changes]);
      if (status === 200) expect([what, tagOf(answer)]).toEqual([what, after]);
      expect(after).toMatch(/^"\d{1,2}"$/);
    }
  });
});

describe.each([
  ['PUT', 200, (headers: Headers) => put({ live_secret_key: fakeCredential('live_secret_key') }, headers)],
  ['DELETE', 204, (headers: Headers) => del(headers)],
])('%s with If-Match', (_method, success, send) => {
  it.each([
    ['the right tag', '"3"'],
    ['a list with the right tag', '"1", "3"'],
    ['a list with the right tag beside another', 'W/"2","3" , "x"'],
    ['the right tag that a proxy made weak', 'W/"3"'],
    ['any', '*'],
  ])('of %s is done', async (_, tag) => {
    await makeVersion3();
    expect((await send({ 'if-match': tag })).status).toBe(success);
    expect(tagOf(await get())).toBe('"4"');
  });

  it.each([
    ['an older tag', '"2"'],
    ['a tag to come', '"4"'],
    ['a list without the right tag', '"1", "2"'],
    ['the weak form of an older tag', 'W/"2"'],
    ['the right number without quotes', '3'],
    ['the right number in another form', '"03"'],
    ['half a quote', '"3'],
    ['an empty tag', '""'],
    ['nothing', ''],
    ['a number beyond all', '"99999999999999999999"'],
    ['another server’s tag', `"${'a1'.repeat(500)}"`],
    ['garbage', `'; DROP TABLE stripe_configs; --`],
  ])('of %s is 412 and changes nothing', async (_, tag) => {
    await makeVersion3();
    const before = await stored();
    expectError(await send({ 'if-match': tag }), 412, 'version_conflict');
    expect(await stored()).toStrictEqual(before);
  });

  it.each([
    ['the documented form', JSON_FORM],
    ['the problem form', PROBLEM_FORM],
  ])('that does not hold is reported in %s', async (_, accept) => {
    await makeVersion3();
    expectError(await send({ 'if-match': '"1"', accept }), 412, 'version_conflict', accept);
  });

  it('checks a deactivated configuration by its version as well', async () => {
    await makeVersion3();
    await del();
    expectError(await send({ 'if-match': '"3"' }), 412, 'version_conflict');
    expect((await send({ 'if-match': '"4"' })).status).toBe(success);
  });
});

describe('If-Match where nothing is stored', () => {
  it.each(['*', '"0"', '"1"'])(
    '%s is 412 for PUT, which creates nothing, and 404 for DELETE',
    async (tag) => {
      expectError(await put({ test_secret_key: SECRET }, { 'if-match': tag }), 412, 'version_conflict');
      expect(await stored()).toEqual([]);
      expectError(await del({ 'if-match': tag }), 404, 'config_not_found');
    },
  );
});

describe('PUT with If-None-Match: *', () => {
  const create = () => put({ test_secret_key: SECRET }, { 'if-none-match': '*' });

  it('creates, and changes nothing that is there', async () => {
    expect((await create()).status).toBe(200);
    const before = await stored();
    expectError(await create(), 412, 'version_conflict');
    expect(await stored()).toStrictEqual(before);
  });

  it('does not activate what is deactivated', async () => {
    await put({});
    await del();
    const before = await stored();
    expectError(await create(), 412, 'version_conflict');
    expect(await stored()).toStrictEqual(before);
  });

  it('creates once when ten ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, create));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
    expect(tagOf(await get())).toBe('"1"');
  });

  it('never holds together with If-Match', async () => {
    const both = { 'if-match': '*', 'if-none-match': '*' };
    expectError(await put({}, both), 412, 'version_conflict');
    await put({});
    expectError(await put({}, both), 412, 'version_conflict');
  });
});

describe('GET with If-None-Match', () => {
  it.each(['"3"', 'W/"3"', '"7", "3"', 'W/"2",W/"3"', '*'])('of %s is 304 without a body', async (tag) => {
    await makeVersion3();
    const answer = await get({ 'if-none-match': tag });
    expect([answer.status, answer.text, tagOf(answer)]).toEqual([304, '', '"3"']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const head = await service.request('HEAD', configPath(projectId), { headers: { 'if-none-match': tag } });
    expect(head.status).toBe(304);
  });

  it.each(['"2"', 'W/"4"', '3', '"03"', 'x'])('of %s is 200 as without', async (tag) => {
    await makeVersion3();
    const { status, json } = await get({ 'if-none-match': tag });
    expect({ status, json }).toEqual({ status: 200, json: (await get()).json });
  });

  it('is 200 again after a change', async () => {
    const headers = { 'if-none-match': tagOf(await put({})) ?? '' };
    expect((await get(headers)).status).toBe(304);
    await put({ test_secret_key: SECRET });
    expect((await get(headers)).status).toBe(200);
  });

  it('is the value null while there is no configuration', async () => {
    const { status, text } = await get({ 'if-none-match': '*' });
    expect({ status, text }).toEqual({ status: 200, text: 'null' });
  });
});

it('without a condition a change is done whatever happened before', async () => {
  await makeVersion3();
  await put({}, { 'if-match': '"1"' });
  expect((await put({ test_secret_key: SECRET })).status).toBe(200);
  expect((await del()).status).toBe(204);
});

it(`of two PUTs at once with the same If-Match exactly one is done, in ${ROUNDS} rounds`, async () => {
  let tag = tagOf(await put({})) ?? '';
  for (let round = 0; round < ROUNDS; round++) {
    const keys = ['left', 'right'].map((side) => fakeCredential('test_secret_key', `${round} ${side}`));
    const answers = await Promise.all(keys.map((key) => put({ test_secret_key: key }, { 'if-match': tag })));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = keys.find((_, index) => answers[index]?.status === 200) ?? '';
    const after = await get();
    expect(after.json).toMatchObject({ test_secret_key_masked: expectedMask('test_secret_key', winner) });
    tag = tagOf(after) ?? '';
    expect(tag).toBe(`"${round + 2}"`);
  }
}, 120_000);

describe('a condition that does not hold is checked', () => {
  const STALE = { 'if-match': '"1"' };
  beforeEach(makeVersion3);

  it.each<[string, string, Headers]>([
    ['PUT', 'If-Match', STALE],
    ['DELETE', 'If-Match', STALE],
    ['PUT', 'If-None-Match', { 'if-none-match': '*' }],
    ['GET', 'If-None-Match', { 'if-none-match': '"3"' }],
  ])('after token, project id, project and owner: %s with %s', async (method, _, headers) => {
    const send = (id: string, subject: string | null) =>
      service.request(method, configPath(id), { subject, headers, ...(method === 'PUT' && { body: {} }) });
    expectError(await send(projectId, null), 401, 'not_authenticated');
    expectInvalid(await send('x', 'alice'), [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
    expectError(await send('3c90c3cc-0d44-4b50-8888-8dd25736052a', 'alice'), 404, 'project_not_found');
    expectError(await send(projectId, 'mallory'), 403, 'not_project_owner');
  });

  it('after the body', async () => {
    expectError(await put('{', STALE), 400, 'malformed_body');
    expectError(await put('{}', { ...STALE, 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
    expectError(await put(' '.repeat(17 * 1024), STALE), 413, 'body_too_large');
    expectInvalid(await put({ nonsense: 1 }, STALE), [
      { loc: ['body', 'nonsense'], type: 'extra_forbidden' },
    ]);
    expectInvalid(await put({ test_secret_key: '' }, STALE), [
      { loc: ['body', 'test_secret_key'], type: 'empty' },
    ]);
  });

  it('and one that holds does not hide another fault', async () => {
    const secret = fakeCredential('test_webhook_secret');
    const headers = { 'if-match': tagOf(await put({ test_webhook_secret: secret })) ?? '' };
    expectInvalid(await put({ live_webhook_secret: secret }, headers), [
      { loc: ['body', 'live_webhook_secret'], type: 'same_secret_in_both_modes' },
    ]);
  });
});

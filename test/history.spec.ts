import type { AuditAction } from '../src/payments/audit/audit-entry.entity.js';
import type { StripeConfigHistoryResponse } from '../src/payments/audit/history.dto.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { expectError, expectInvalid } from './support/errors.js';
import { configPath, startTestService, type TestService } from './support/service.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
/** As many as a page has when no limit is asked. */
const DEFAULT_LIMIT = 20;

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const history = (query = '', id = projectId, subject: string | null = 'alice') =>
  service.request('GET', `${configPath(id)}/history${query}`, { subject });

async function page(query = ''): Promise<StripeConfigHistoryResponse> {
  const { status, json } = await history(query);
  expect({ status, json }).toMatchObject({ status: 200 });
  return json as StripeConfigHistoryResponse;
}

/** The versions of all pages, one page after the other. */
async function pagesOf(limit: number, betweenPages = () => Promise.resolve()): Promise<number[][]> {
  const pages: number[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { changes, next_cursor }: StripeConfigHistoryResponse = await page(
      `?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    pages.push(changes.map(({ version }) => version));
    cursor = next_cursor;
    await betweenPages();
  }
  return pages;
}

const secretKey = (seed: string | number) => fakeCredential('test_secret_key', seed);
const mask = (seed: string | number) => expectedMask('test_secret_key', secretKey(seed));

/** Makes a change, and gives the request's id. */
async function change(method: 'PUT' | 'DELETE', seed?: string | number): Promise<string> {
  const body =
    method === 'DELETE' ? undefined : seed === undefined ? {} : { test_secret_key: secretKey(seed) };
  const { status, headers } = await service.request(method, configPath(projectId), { body });
  expect(status).toBe(method === 'PUT' ? 200 : 204);
  return headers.get('x-request-id') ?? '';
}

async function makeChanges(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await change('PUT', index);
}

const downFrom = (highest: number) => Array.from({ length: highest }, (_, index) => highest - index);

describe('the history', () => {
  it('is empty before the first change', async () => {
    const { status, headers, json } = await history();
    expect({ status, json }).toEqual({
      status: 200,
      json: { caller_role: 'owner', changes: [], next_cursor: null },
    });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('shows every change with who, when, what and the masks, newest first, and nothing else', async () => {
    const webhookSecret = fakeCredential('live_webhook_secret');
    const ids = [
      await change('PUT', 'old'),
      await change('PUT', 'new'),
      (
        await service.request('PUT', configPath(projectId), { body: { live_webhook_secret: webhookSecret } })
      ).headers.get('x-request-id'),
      await change('DELETE'),
      await change('PUT'),
    ];
    const webhookMask = expectedMask('live_webhook_secret', webhookSecret);
    const expected: [AuditAction, object[]][] = [
      ['created', [{ field: 'test_secret_key', before: null, after: mask('old') }]],
      ['updated', [{ field: 'test_secret_key', before: mask('old'), after: mask('new') }]],
      ['updated', [{ field: 'live_webhook_secret', before: null, after: webhookMask }]],
      [
        'deleted',
        [
          { field: 'test_secret_key', before: mask('new'), after: null },
          { field: 'live_webhook_secret', before: webhookMask, after: null },
        ],
      ],
      ['reactivated', []],
    ];

    const { text, json } = await history();

    expect(json).toStrictEqual({
      caller_role: 'owner',
      changes: expected
        .map(([action, fields], index) => ({
          version: index + 1,
          action,
          actor: 'alice',
          actor_name: null,
          request_id: ids[index],
          changed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
          fields,
        }))
        .reverse(),
      next_cursor: null,
    });
    const { json: config } = await service.request('GET', configPath(projectId));
    expect((json as StripeConfigHistoryResponse).changes[0]?.changed_at).toBe(
      (config as { updated_at: unknown }).updated_at,
    );
    const [row] = await service.database.query<{ texts: string[] }>(
      `SELECT array_agg(DISTINCT value) AS texts FROM stripe_config_audit AS entry CROSS JOIN LATERAL (
         SELECT value FROM jsonb_each_text(fingerprints_after) WHERE value IS NOT NULL
         UNION ALL VALUES (encode(hash, 'hex')), (encode(hash, 'base64'))
       ) AS hidden WHERE project_id = $1`,
      [projectId],
    );
    expect(row?.texts.length).toBeGreaterThan(10);
    expect(row?.texts.filter((hidden) => text.includes(hidden))).toEqual([]);
  });

  it('is of the project alone', async () => {
    await change('PUT', 1);
    const other = await service.createProject();
    expect((await history('', other)).json).toEqual({ caller_role: 'owner', changes: [], next_cursor: null });
    expect((await history('', projectId.toUpperCase())).json).toEqual(await page());
    expect((await page()).changes).toHaveLength(1);
  });
});

describe('paging', () => {
  it.each([1, 2, 3, 6, 7, 8, 100])('by %i gives every change once, newest first', async (limit) => {
    await makeChanges(7);
    const pages = await pagesOf(limit);
    expect(pages.flat()).toEqual(downFrom(7));
    expect(pages).toHaveLength(Math.ceil(7 / limit));
  });

  it('gives every change once also while new ones arrive', async () => {
    await makeChanges(7);
    let arrived = 0;
    const pages = await pagesOf(2, async () => {
      await change('PUT', `arrives ${arrived++}`);
    });
    expect(pages.flat()).toEqual(downFrom(7));
    expect(arrived).toBe(pages.length);
    expect((await pagesOf(4)).flat()).toEqual(downFrom(7 + arrived));
  });

  it(`gives ${DEFAULT_LIMIT} unless asked for another number`, async () => {
    await makeChanges(DEFAULT_LIMIT + 1);
    const first = await page();
    expect(first.changes.map(({ version }) => version)).toEqual(downFrom(DEFAULT_LIMIT + 1).slice(0, -1));
    const rest = await page(`?cursor=${first.next_cursor ?? ''}`);
    expect(rest).toMatchObject({ changes: [{ version: 1 }], next_cursor: null });
  });

  it.each(['0', '101', '-1', '1.5', '1e1', 'ten', '', '%201', '0x10', '9'.repeat(400), '1&limit=2'])(
    'refuses limit=%s',
    async (limit) => {
      expectInvalid(await history(`?limit=${limit}`), [{ loc: ['query', 'limit'], type: 'out_of_range' }]);
    },
  );

  const cursor = (text: string) => Buffer.from(text).toString('base64url');
  it.each([
    ['', 'nothing'],
    ['x', 'garbage'],
    ['3', 'a bare version'],
    [cursor('3'), 'a version without its mark'],
    [cursor('v-1'), 'a negative version'],
    [cursor('v2147483648'), 'a version beyond all'],
    [cursor('v1 OR true'), 'more than a version'],
    [`${cursor('v3')}&cursor=${cursor('v2')}`, 'two cursors'],
    ['%00', 'a NUL character'],
  ])('refuses cursor=%s, which is %s', async (wrong) => {
    expectInvalid(await history(`?cursor=${wrong}`), [{ loc: ['query', 'cursor'], type: 'invalid_cursor' }]);
  });
});

describe('access to the history', () => {
  it('is guarded like that to the configuration, before the query', async () => {
    for (const query of ['', '?limit=x']) {
      expectError(await history(query, projectId, null), 401, 'not_authenticated');
      expectInvalid(await history(query, 'x'), [{ loc: ['path', 'project_id'], type: 'invalid_uuid' }]);
      expectError(await history(query, UNKNOWN_ID), 404, 'project_not_found');
      expectError(await history(query, projectId, 'mallory'), 403, 'not_project_owner');
    }
  });

  it('ends with the project', async () => {
    await change('PUT', 1);
    await service.request('DELETE', `/api/v1/projects/${projectId}`);
    expectError(await history(), 404, 'project_not_found');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is for reading only: %s is 405', async (method) => {
    await change('PUT', 1);
    const answer = await service.request(method, `${configPath(projectId)}/history`, { body: {} });
    expectError(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect((await page()).changes).toHaveLength(1);
  });
});

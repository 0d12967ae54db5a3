import { expectedMask, fakeCredential } from '../support/credentials.js';
import { PROBLEM_FORM } from '../support/errors.js';
import {
  configPath,
  projectPath,
  webhookPath,
  type RequestOptions,
  type TestClient,
  type TestResponse,
} from '../support/service.js';
import { sendWebhook, signatureOf, snapshotEvent } from '../support/webhooks.js';
import { expectOurError, expectOurInvalid } from './answers.js';
import { shopToken } from './shop.js';
import type { Host } from './start-host.js';

const UNKNOWN_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const PROJECTS = '/api/v1/payments/projects';

/** What one host differs in from another. */
export interface HostManners {
  /** How it answers errors of its own. */
  expectOwnError: (response: TestResponse, status: number) => void;
  /** Whether it has asked Nest for the bytes of bodies. */
  keepsRawBodies?: boolean;
  /** Whether it validates bodies, and with which status. */
  refusesOrdersWith?: number;
  /** The version in the addresses of its catalog. */
  catalogVersion?: string;
}

/**
 * Declares what the payments module must answer, wherever it is.
 *
 * @param client of what was started before any test
 */
export function itKeepsTheContract(client: () => TestClient): void {
  let projectId: string;

  beforeEach(async () => {
    projectId = await client().createProject();
  });

  const config = (method: string, options?: RequestOptions) =>
    client().request(method, configPath(projectId), options);

  it('keeps a configuration: created, updated in part, masked, deleted', async () => {
    const key = fakeCredential('test_secret_key');
    const publishable = fakeCredential('test_publishable_key');
    const keyMask = expectedMask('test_secret_key', key);

    const before = await config('GET');
    expect({ status: before.status, text: before.text }).toEqual({ status: 200, text: 'null' });
    expect(before.headers.get('content-type')).toMatch(/^application\/json/);

    const created = await config('PUT', { body: { test_secret_key: key } });
    expect(created).toMatchObject({
      status: 200,
      json: { project_id: projectId, test_secret_key_masked: keyMask, test_publishable_key_masked: null },
    });
    expect(created.headers.get('cache-control')).toBe('no-store');

    const body = { test_secret_key: keyMask, test_publishable_key: publishable };
    const updated = await config('PUT', { body });
    expect(updated).toMatchObject({
      status: 200,
      json: {
        test_secret_key_masked: keyMask,
        test_publishable_key_masked: expectedMask('test_publishable_key', publishable),
      },
    });
    expect((await config('GET')).json).toEqual(updated.json);

    const removed = await config('DELETE');
    expect({ status: removed.status, text: removed.text }).toEqual({ status: 204, text: '' });
    expect((await config('GET')).json).toMatchObject({ is_active: false, test_secret_key_masked: null });
  });

  it('answers conditional requests', async () => {
    const tag = (await config('PUT', { body: {} })).headers.get('etag') ?? 'none';
    expect((await config('GET')).headers.get('etag')).toBe(tag);
    const same = await config('GET', { headers: { 'if-none-match': tag } });
    expect({ status: same.status, text: same.text }).toEqual({ status: 304, text: '' });
    expect((await config('PUT', { body: {}, headers: { 'if-match': tag } })).status).toBe(200);
    const refused = await config('PUT', { body: {}, headers: { 'if-match': '"99"' } });
    expectOurError(refused, 412, 'version_conflict');
  });

  it('tells whom the host calls the owner that this is their role', async () => {
    await config('PUT', { body: { test_publishable_key: fakeCredential('test_publishable_key') } });
    for (const part of ['history', 'health']) {
      const { status, json } = await client().request('GET', `${configPath(projectId)}/${part}`);
      expect({ status, json }).toMatchObject({ status: 200, json: { caller_role: 'owner' } });
    }
  });

  it('lists the projects that the host says are the caller’s', async () => {
    const owner = `owner of ${projectId}`;
    const id = await client().createProject(owner, 'Tea');
    await client().request('PUT', configPath(id), {
      subject: owner,
      body: { live_secret_key: fakeCredential('live_secret_key') },
    });
    const { status, json } = await client().request('GET', PROJECTS, { subject: owner });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { total: 1, projects: [{ id, name: 'Tea', has_live_credentials: true }] },
    });
  });

  it('lists the projects page by page', async () => {
    const owner = `owner of pages of ${projectId}`;
    const ids = [];
    for (const name of ['a', 'b', 'c']) ids.push(await client().createProject(owner, name));
    const seen: string[] = [];
    let query = '?limit=1';
    while (query !== 'none') {
      const { headers, json } = await client().request('GET', PROJECTS + query, { subject: owner });
      const { projects, total } = json as { projects: { id: string }[]; total: number };
      expect(total).toBe(3);
      seen.push(...projects.map(({ id }) => id));
      query = /^<(\?limit=1&cursor=[\w-]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? 'none';
    }
    expect(seen).toEqual(ids);
  });

  it('names every fault of a body in its own shape', async () => {
    const body = { test_secret_key: 'x', live_secret_key: 7, colour: 'red' };
    expectOurInvalid(await config('PUT', { body }), [
      { loc: ['body', 'colour'], type: 'extra_forbidden' },
      { loc: ['body', 'test_secret_key'], type: 'wrong_prefix' },
      { loc: ['body', 'live_secret_key'], type: 'not_a_string' },
    ]);
  });

  it.each(['validate-credentials', 'config/test/webhook-endpoint'])(
    'validates the body of POST %s itself',
    async (path) => {
      const answer = await client().request('POST', projectPath(projectId, path), {
        body: { colour: 'red' },
      });
      expect(answer).toMatchObject({
        status: 422,
        json: {
          code: 'validation_failed',
          detail: expect.arrayContaining([
            expect.objectContaining({ loc: ['body', 'colour'], type: 'extra_forbidden' }),
          ]) as unknown,
        },
      });
    },
  );

  it('refuses bodies that it does not read', async () => {
    const text = { body: 'test_secret_key=1', headers: { 'content-type': 'text/plain' } };
    expectOurError(await config('PUT', text), 415, 'unsupported_media_type');
    const form = { ...text, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expectOurError(await config('PUT', form), 415, 'unsupported_media_type');
    expectOurError(await config('PUT', { body: '{"test_secret_key":' }), 400, 'malformed_body');
    const large = { body: JSON.stringify({ test_secret_key: 'x'.repeat(200_000) }) };
    expectOurError(await config('PUT', large), 413, 'body_too_large');
  });

  it('checks who calls before any body', async () => {
    const body = '{"test_secret_key":';
    expectOurError(await config('PUT', { body, subject: null }), 401, 'not_authenticated');
    const token = { authorization: `Bearer ${shopToken('alice')}` };
    expectOurError(await config('PUT', { body, headers: token }), 401, 'invalid_token');
    expectOurError(await config('PUT', { body, subject: 'mallory' }), 403, 'not_project_owner');
    const unknown = await client().request('PUT', configPath(UNKNOWN_ID), { body });
    expectOurError(unknown, 404, 'project_not_found');
    const headers = { accept: PROBLEM_FORM };
    expectOurError(await config('GET', { subject: null, headers }), 401, 'not_authenticated', PROBLEM_FORM);
  });

  it.each(['POST', 'PATCH', 'OPTIONS'])('answers 405 to %s, whatever its body', async (method) => {
    const answer = await config(method, { body: '{' });
    expectOurError(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT']);
  });

  it('answers HEAD', async () => {
    await config('PUT', { body: {} });
    const { status, headers, text } = await config('HEAD');
    expect({ status, text }).toEqual({ status: 200, text: '' });
    expect(headers.get('etag')).not.toBeNull();
  });

  it('takes a webhook by its bytes', async () => {
    const secret = fakeCredential('test_webhook_secret', projectId);
    await config('PUT', { body: { test_webhook_secret: secret } });
    const event = snapshotEvent('test', { data: { object: { id: 'in_1', note: 'x'.repeat(150_000) } } });
    // Nobody who parses and writes it again would come to these bytes.
    const payload = `\r\n${JSON.stringify(event, null, 3).replaceAll(':', ' :\t')}\n `;
    const signature = signatureOf(payload, secret);
    const path = webhookPath(projectId, 'test');

    const taken = await sendWebhook(client(), path, payload, signature);
    expect({ status: taken.status, json: taken.json }).toEqual({ status: 200, json: { received: true } });
    const { json } = await client().request('GET', projectPath(projectId, 'events'));
    expect(json).toMatchObject({ events: [{ id: event.id, mode: 'test', type: event.type }] });

    const tampered = await sendWebhook(client(), path, `${payload} `, signature);
    expectOurError(tampered, 400, 'invalid_signature');
  });
}

/** Declares what must hold in every host: for the payments module, and for the host's own routes beside it. */
export function itIsAGoodGuest(start: () => Promise<Host>, manners: HostManners): void {
  let host: Host;

  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.stop());

  describe('the payments module', () => {
    itKeepsTheContract(() => host.ours);
  });

  describe('the host', () => {
    const order = { article: 'tea', count: 2 };
    const bytes = JSON.stringify(order, null, 3);
    const rawBody = manners.keepsRawBodies === true ? bytes : null;

    it.each([
      '/orders',
      '/orders?next=/api/v1/payments/stripe/projects',
      '/api/v1/payments/stripe/refunds',
      `/api/v1/payments/stripe/projects/${UNKNOWN_ID}/config/notes`,
      `/mirror/api/v1/payments/stripe/webhooks/${UNKNOWN_ID}/test`,
    ])('gets the body of POST %s', async (path) => {
      const { status, json } = await host.own.request('POST', path, { subject: null, body: bytes });
      expect({ status, json }).toEqual({ status: 201, json: { body: order, rawBody } });
    });

    it('gets forms', async () => {
      const { status, json } = await host.own.request('POST', '/api/v1/payments/stripe/refunds', {
        body: 'article=tea',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect({ status, json }).toMatchObject({ status: 201, json: { body: { article: 'tea' } } });
    });

    it('validates its own bodies as it likes', async () => {
      const answer = await host.own.request('POST', '/orders', { body: { article: 7, colour: 'red' } });
      if (manners.refusesOrdersWith === undefined) expect(answer.status).toBe(201);
      else manners.expectOwnError(answer, manners.refusesOrdersWith);
    });

    it('answers its own errors', async () => {
      manners.expectOwnError(await host.own.request('GET', '/orders/broken'), 500);
      manners.expectOwnError(await host.own.request('GET', '/nowhere'), 404);
      manners.expectOwnError(await host.ours.request('GET', '/api/v1/payments/stripe/nowhere'), 404);
      manners.expectOwnError(await host.own.request('POST', '/orders', { body: '{' }), 400);
    });

    it('has its own strategy', async () => {
      const headers = { authorization: `Bearer ${shopToken('carol')}` };
      const { status, json } = await host.own.request('GET', '/orders/mine', { headers });
      expect({ status, json }).toEqual({ status: 200, json: { customer: 'carol' } });
      manners.expectOwnError(await host.own.request('GET', '/orders/mine'), 401);
    });

    it('has its own versions', async () => {
      const catalog = host.ownAt(manners.catalogVersion ?? '');
      expect((await catalog.request('GET', '/catalog')).json).toEqual({ articles: ['tea'] });
    });
  });
}

import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import {
  OnStripeEvent,
  PaymentsModule,
  ProjectRemoval,
  StripeClients,
  StripeConfigService,
  completeDocument,
  type AnyStripeEvent,
  type HostId,
  type PaymentsModuleExtras,
  type StripeEventContext,
} from '../src/index.js';
import { expectOurError, expectOurInvalid } from './hosts/answers.js';
import { KeyedShops, NumberedPeopleGuard, createKeyedShops, type KeyType } from './hosts/keyed-shops.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { TEST_PUBLIC_URL, configPath, projectPath, webhookPath } from './support/service.js';
import { deliver, sendWebhook, snapshotEvent } from './support/webhooks.js';

const UUID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const ULID = '01ARZ3NDEKTSV4RRFFQ69G5FA';

interface House {
  projectIds: PaymentsModuleExtras['projectIds'];
  type: KeyType;
  /** The key of one of its shops, as its own tables have it. */
  keyOf: (number: number) => HostId;
  /** Other spellings of the same id. */
  spellings: (id: string) => string[];
  /** What is no id. */
  others: string[];
  message: RegExp;
  documented: { pattern: string; example: string };
}

const HOUSES: Record<string, House> = {
  'serial keys': {
    projectIds: 'integer',
    type: 'serial',
    keyOf: (number) => number,
    spellings: () => [],
    others: ['01', '1x', '-1', '+1', '1.0', '1e0', '%201', '2147483648', UUID, 'x'],
    message: /^This must be a number from 0 to 2147483647 without leading zeros, such as 42\.$/,
    documented: { pattern: '^(?:0|[1-9]\\d{0,9})$', example: '42' },
  },
  ULIDs: {
    projectIds: 'ulid',
    type: 'text',
    keyOf: (number) => `${ULID}${number}`,
    spellings: (id) => [id.toLowerCase(), id.slice(0, 9) + id.slice(9).toLowerCase()],
    others: [ULID, `${ULID}U`, `9${ULID}`, UUID, '1'],
    message: /^This must be a ULID, such as 01ARZ3NDEKTSV4RRFFQ69G5FAV\.$/,
    documented: {
      pattern: '^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$',
      example: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    },
  },
  'ids of its own': {
    projectIds: { pattern: /^prj_[0-9A-Za-z.~-]+$/, example: 'prj_8f3A' },
    type: 'text',
    keyOf: (number) => `prj_a.B~c-${number}`,
    spellings: () => [],
    others: ['prj_', 'PRJ_a', 'prj_a%2Fb', 'prj_a%00', `prj_${'a'.repeat(61)}`, UUID],
    message: /^This must be an id that matches \^prj_\[0-9A-Za-z\.~-\]\+\$, such as prj_8f3A\.$/,
    documented: { pattern: '^prj_[0-9A-Za-z.~-]+$', example: 'prj_8f3A' },
  },
};

const CASES = Object.entries(HOUSES).flatMap(([name, house]) =>
  (Object.keys(ADAPTERS) as AdapterName[]).map((adapter): [string, AdapterName, House] => [
    name,
    adapter,
    house,
  ]),
);

describe.each(CASES)('a host with %s on %s', (_, adapter, house) => {
  const seen: [string, StripeEventContext][] = [];

  @Injectable()
  class Handlers {
    @OnStripeEvent('*')
    on({ id }: AnyStripeEvent, context: StripeEventContext): void {
      seen.push([id, context]);
    }
  }

  let database: TestDatabase;
  let host: Host;
  /** The keys of shops of the first person; the last is the second's. */
  const keys = [1, 2, 3, 4].map(house.keyOf);
  const [id = '', , , foreign = ''] = keys.map(String);
  const secret = fakeCredential('test_webhook_secret', id);

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(createKeyedShops(house.type));
    for (const [index, key] of keys.entries()) {
      await database.query('INSERT INTO keyed_shops (id, owner_id) VALUES ($1, $2)', [
        key,
        index < 3 ? 1 : 2,
      ]);
    }
    const payments = paymentsOptions({ projects: KeyedShops, auth: { guard: new NumberedPeopleGuard() } });
    const { projectIds = 'uuid' } = house;
    host = await startHost({
      adapter,
      database,
      imports: [PaymentsModule.forRoot({ ...payments, projectIds })],
      providers: [KeyedShops, Handlers],
    });
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  const ask = (method: string, path: string, body?: unknown, person: number | null = 1) =>
    host.ours.request(method, path, {
      subject: null,
      headers: person === null ? {} : { 'x-person': String(person) },
      ...(body !== undefined && { body }),
    });

  it('stores and shows a configuration, however its id is spelled', async () => {
    expect((await ask('GET', configPath(id))).text).toBe('null');
    const body = {
      test_webhook_secret: secret,
      test_publishable_key: fakeCredential('test_publishable_key'),
    };
    const put = await ask('PUT', configPath(id), body);
    expect({ status: put.status, json: put.json }).toMatchObject({
      status: 200,
      json: { project_id: id, test_webhook_secret_masked: expectedMask('test_webhook_secret', secret) },
    });
    for (const spelling of [id, ...house.spellings(id)]) {
      const again = await ask('PUT', configPath(spelling), body);
      expect({ status: again.status, json: again.json }).toEqual({ status: 200, json: put.json });
      const get = await ask('GET', configPath(spelling));
      expect({ status: get.status, json: get.json }).toEqual({ status: 200, json: put.json });
    }
    expect(await database.query('SELECT project_id FROM stripe_configs')).toEqual([{ project_id: id }]);
  });

  it('refuses who is not signed in, not the owner, and what is not there', async () => {
    expectOurError(await ask('PUT', configPath(id), {}, null), 401, 'not_authenticated');
    expectOurError(await ask('PUT', configPath(id), {}, 2), 403, 'not_project_owner');
    expectOurError(await ask('GET', configPath(foreign)), 403, 'not_project_owner');
    expectOurError(await ask('GET', configPath(String(house.keyOf(9)))), 404, 'project_not_found');
  });

  it.each(house.others)('refuses %s for an id, and says what one is', async (other) => {
    const expected = [{ loc: ['path', 'project_id'], type: 'invalid_id' }];
    for (const path of [configPath(other), projectPath(other, 'events')]) {
      const answer = await ask('GET', path);
      expectOurInvalid(answer, expected);
      const { detail } = answer.json as { detail: { msg: string }[] };
      expect(detail[0]?.msg).toMatch(house.message);
    }
    expectOurInvalid(await sendWebhook(host.ours, webhookPath(other, 'test'), '{}', 'x'), expected);
  });

  it('takes webhooks, and hands events on', async () => {
    const events = [];
    for (const spelling of [id, ...house.spellings(id)]) {
      const event = snapshotEvent('test');
      events.push(event.id);
      expect((await deliver(host.ours, spelling, 'test', secret, event)).status).toBe(200);
    }
    await eventually('the events are handled', () => seen.length === events.length);
    expect(seen.map(([event]) => event).sort()).toEqual(events.sort());
    expect(seen.map(([, { projectId }]) => projectId)).toEqual(events.map(() => id));
    const { json } = await ask('GET', projectPath(id, 'events'));
    expect((json as { events: { id: string }[] }).events).toHaveLength(events.length);
  });

  it('has health, a history and addresses, however its id is spelled', async () => {
    for (const spelling of [id, ...house.spellings(id)]) {
      const health = await ask('GET', `${configPath(spelling)}/health`);
      expect(health).toMatchObject({ status: 200, json: { project_id: id } });
      const history = await ask('GET', `${configPath(spelling)}/history`);
      expect(history.json).toMatchObject({ changes: [{ actor: '1', action: 'created' }] });
      const urls = await ask('GET', projectPath(spelling, 'webhook-urls'));
      expect(urls.json).toMatchObject({ test_webhook_url: TEST_PUBLIC_URL + webhookPath(id, 'test') });
    }
  });

  it('lists the caller’s projects page by page', async () => {
    const listed: unknown[] = [];
    let query = '?limit=1';
    while (query !== 'none') {
      const { json, headers } = await ask('GET', `/api/v1/payments/projects${query}`);
      listed.push(...(json as { projects: unknown[] }).projects);
      query = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? 'none';
    }
    expect(listed).toMatchObject([
      { id, has_payment_config: true },
      { id: String(keys[1]), has_payment_config: false },
      { id: String(keys[2]), has_payment_config: false },
    ]);
    for (const other of house.others) {
      const cursor = Buffer.from(`1 ${decodeURIComponent(other)}`).toString('base64url');
      expectOurInvalid(await ask('GET', `/api/v1/payments/projects?cursor=${cursor}`), [
        { loc: ['query', 'cursor'], type: 'invalid_cursor' },
      ]);
    }
  });

  it('asks for what it wants by its own keys', async () => {
    const configs = host.app.get(StripeConfigService);
    const clients = host.app.get(StripeClients);
    const change = { actor: 2, requestId: randomUUID() };
    const [key = ''] = keys;
    for (const spelling of [key, id, ...house.spellings(id)]) {
      expect(await configs.find(spelling)).toMatchObject({ project_id: id });
      expect(await configs.findMany([spelling])).toMatchObject([{ project_id: id }]);
      expect((await configs.open(spelling, 'test_webhook_secret'))?.reveal()).toBe(secret);
      expect(await clients.publishableKey(spelling, 'test')).toBe(fakeCredential('test_publishable_key'));
      await expect(clients.forProject(spelling, 'test')).rejects.toMatchObject({ reason: 'not_configured' });
    }
    const stored = await configs.update(key, { test_secret_key: fakeCredential('test_secret_key') }, change);
    expect(stored).toMatchObject({ project_id: id, version: 2 });
    const client = await clients.forProject(key, 'test');
    for (const spelling of [id, ...house.spellings(id)]) {
      expect(await clients.forProject(spelling, 'test')).toBe(client);
    }
    const other = decodeURIComponent(house.others[0] ?? '');
    for (const call of [
      () => configs.find(other),
      () => configs.findMany([id, other]),
      () => configs.open(other, 'test_secret_key'),
      () => configs.update(other, {}, change),
      () => configs.deactivate(other, change),
      () => configs.erasePreviousWebhookSecret(other, 'test', change),
      () => clients.forProject(other, 'test'),
      () => host.app.get(ProjectRemoval).remove(other, change),
    ]) {
      await expect(call()).rejects.toMatchObject({ items: [{ type: 'invalid_id' }] });
    }
  });

  it('removes a project by its key', async () => {
    const [key = ''] = keys;
    const change = { actor: 1, requestId: randomUUID() };
    await host.app.get(ProjectRemoval).remove(house.spellings(id)[0] ?? key, change);
    expect((await ask('GET', configPath(id))).json).toMatchObject({ is_active: false });
    expectOurError(await ask('PUT', configPath(id), {}), 404, 'project_not_found');
  });

  it('documents its ids', () => {
    const builder = new DocumentBuilder().setOpenAPIVersion('3.1.0');
    const document = completeDocument(SwaggerModule.createDocument(host.app, builder.build()));
    const { paths, components } = document;
    const { pattern, example } = house.documented;
    const schema = { type: 'string', pattern, maxLength: 64 };
    const ofProjects = Object.entries(paths).filter(
      ([path]) => path.includes('{project_id}') && !path.endsWith('/notes') && !path.startsWith('/mirror'),
    );
    expect(ofProjects.length).toBeGreaterThan(10);
    for (const [, item] of ofProjects) {
      for (const operation of Object.values(item) as { parameters: object[] }[]) {
        expect(operation.parameters[0]).toMatchObject({ name: 'project_id', schema });
      }
    }
    const { schemas = {} } = components ?? {};
    expect(schemas['Payments.StripeConfigResponse']).toMatchObject({
      properties: { project_id: { ...schema, example }, id: { format: 'uuid' } },
    });
    expect(schemas['Payments.ProjectPaymentConfigResponse']).toMatchObject({
      properties: { id: { ...schema, example } },
    });
    const text = JSON.stringify(document);
    expect(text).toContain(`/stripe/webhooks/${example}/test`);
    expect(text).toContain('"invalid_id"');
    for (const left of ['invalid_uuid', '550e8400', '3c90c3cc', 'x-nest-stripe-config']) {
      expect(text).not.toContain(left);
    }
  });
});

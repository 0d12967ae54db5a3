import { randomUUID } from 'node:crypto';
import { ProjectRemoval, StripeConfigService, type Change } from '../src/index.js';
import { ExplainedError } from '../src/payments/domain/explained-error.js';
import { fakeCredential } from './support/credentials.js';
import { expectError } from './support/errors.js';
import { configPath, startTestService, type TestService } from './support/service.js';
import type { CredentialField } from '../src/payments/domain/credentials.js';
import { setPart } from './support/stored-config.js';

let service: TestService;
let configs: StripeConfigService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
  configs = service.app.get(StripeConfigService);
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const WRONG: [string, Partial<Change>][] = [
  ['half a surrogate pair in actor', { actor: 'a\ud800' }],
  ['a NUL in actor', { actor: 'a\0' }],
  ['256 characters in actor', { actor: 'x'.repeat(256) }],
  ['no actor', { actor: '' }],
  ['an object for the actor', { actor: { id: 1 } as unknown as string }],
  ['no number for the actor', { actor: NaN }],
  ['another requestId than a UUID', { requestId: 'request 7' }],
  ['a requestId with half a surrogate pair', { requestId: '\ud800' }],
  ['no requestId', { requestId: '' }],
];

describe.each(WRONG)('a host that gives %s', (_, wrong) => {
  const change = { actor: 'import', requestId: randomUUID(), ...wrong };

  it.each<[string, () => Promise<unknown>]>([
    [
      'stores nothing',
      () => configs.update(projectId, { test_secret_key: fakeCredential('test_secret_key') }, change),
    ],
    ['deactivates nothing', () => configs.deactivate(projectId, change)],
    ['ends no overlap', () => configs.erasePreviousWebhookSecret(projectId, 'test', change)],
    ['removes no project', () => service.app.get(ProjectRemoval).remove(projectId, change)],
  ])('%s, and learns why', async (_name, act) => {
    await service.request('PUT', configPath(projectId), { body: {} });
    const before = await configs.find(projectId);
    await expect(act()).rejects.toThrow(ExplainedError);
    expect(await configs.find(projectId)).toEqual(before);
    const removed = 'SELECT FROM stripe_removed_projects WHERE project_id = $1';
    expect(await service.database.query(removed, [projectId])).toEqual([]);
  });
});

describe.each<[string, unknown]>([
  ['no UUID', 'not-a-uuid'],
  ['a UUID without hyphens', randomUUID().replaceAll('-', '')],
  ['a list', [randomUUID()]],
  ['nothing', undefined],
])('a host that gives %s for the id of a project', (_, id) => {
  const change = { actor: 'import', requestId: randomUUID() };
  const projectId = id as string;

  it.each<[string, () => Promise<unknown>]>([
    ['find', () => configs.find(projectId)],
    ['update', () => configs.update(projectId, {}, change)],
    ['deactivate', () => configs.deactivate(projectId, change, { ifMatch: [1], ifNoneMatch: null })],
    ['erasePreviousWebhookSecret', () => configs.erasePreviousWebhookSecret(projectId, 'test', change)],
  ])('learns it from %s', async (_name, act) => {
    await expect(act()).rejects.toMatchObject({ items: [{ type: 'invalid_uuid' }] });
  });
});

it('a DELETE without If-Match that found nothing is 404 when the first PUT came right behind it', async () => {
  const find = configs.find.bind(configs);
  // What was not there when the DELETE looked is there when it is asked why.
  configs.find = async (id) => {
    await service.request('PUT', configPath(projectId), { body: {} });
    return find(id);
  };
  try {
    expectError(await service.request('DELETE', configPath(projectId)), 404, 'config_not_found');
  } finally {
    configs.find = find;
  }
});

describe('the key of a claimable sandbox', () => {
  const key = `rkcs_test_${randomUUID()}`;

  it('is a test secret key', async () => {
    const { status, json } = await service.request('PUT', configPath(projectId), {
      body: { test_secret_key: key },
    });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { test_secret_key_masked: `rkcs_test_...${key.slice(-4)}`, has_test_credentials: true },
    });
  });

  it.each(['rkcs_test_', 'rkcs_live_'])('is no live one: %s', async (prefix) => {
    const body = { live_secret_key: prefix + randomUUID() };
    const { status, json } = await service.request('PUT', configPath(projectId), { body });
    expect({ status, json }).toMatchObject({
      status: 422,
      json: { detail: [{ loc: ['body', 'live_secret_key'] }] },
    });
  });

  it('is held in the test column alone by the database itself', async () => {
    const body = {
      test_secret_key: fakeCredential('test_secret_key'),
      live_secret_key: fakeCredential('live_secret_key'),
    };
    await service.request('PUT', configPath(projectId), { body });
    const set = (field: CredentialField, mask: string) =>
      service.database.query(
        `UPDATE stripe_configs SET ${setPart(field, 'masked', '$2::text')}, version = version + 1 WHERE project_id = $1`,
        [projectId, mask],
      );
    await set('test_secret_key', 'rkcs_test_...aBcD');
    for (const mask of ['rkcs_test_...aBcD', 'rkcs_live_...aBcD']) {
      await expect(set('live_secret_key', mask)).rejects.toMatchObject({
        constraint: 'stripe_configs_shown_check',
      });
    }
  });
});

import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { ProjectRemoval, StripeConfigService, type Change } from '../src/index.js';
import { ExplainedError } from '../src/payments/domain/explained-error.js';
import { fakeCredential } from './support/credentials.js';
import { queryWithoutTriggers } from './support/database.js';
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
    const removed = 'SELECT FROM stripe_configs WHERE project_id = $1 AND removed_at IS NOT NULL';
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

describe('a change in a transaction of the host’s data source', () => {
  const inside = (transaction: object) => ({ actor: 'import', requestId: randomUUID(), transaction });
  const VALUES = { test_secret_key: fakeCredential('test_secret_key', 'in a transaction') };
  const versions = async () =>
    (
      await service.database.query<{ version: number }>(
        'SELECT version FROM stripe_config_audit WHERE project_id = $1 ORDER BY version',
        [projectId],
      )
    ).map(({ version }) => version);
  const transact = (work: (manager: EntityManager) => Promise<unknown>) =>
    service.app.get(DataSource).transaction(work);

  it('is made once, by the commit', async () => {
    await transact(async (manager) => {
      await configs.update(projectId, VALUES, inside(manager));
      expect(await configs.find(projectId)).toBeNull();
    });
    expect(await configs.find(projectId)).toMatchObject({ is_active: true });
    expect(await versions()).toEqual([1]);
    await transact((manager) => configs.deactivate(projectId, inside(manager)));
    expect(await configs.find(projectId)).toMatchObject({ is_active: false });
    expect(await versions()).toEqual([1, 2]);
  });

  it('leaves nothing after a rollback', async () => {
    const failing = transact(async (manager) => {
      await configs.update(projectId, VALUES, inside(manager));
      throw new Error('as asked');
    });
    await expect(failing).rejects.toThrow('as asked');
    expect(await configs.find(projectId)).toBeNull();
    expect(await versions()).toEqual([]);
  });

  it('is refused where there is no transaction of it', async () => {
    const update = (transaction: object) => configs.update(projectId, VALUES, inside(transaction));
    const { manager, options } = service.app.get(DataSource);
    await expect(update(manager)).rejects.toThrow(/must be the EntityManager of a transaction/);
    const ended = await service.app.get(DataSource).transaction((given) => Promise.resolve(given));
    await expect(update(ended)).rejects.toThrow(/must be the EntityManager of a transaction/);
    const other = await new DataSource({ ...options, entities: [], migrations: [] }).initialize();
    await other.transaction((given) => expect(update(given)).rejects.toThrow(/is of another data source/));
    await other.destroy();
    expect(await versions()).toEqual([]);
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
      queryWithoutTriggers(
        service.database,
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

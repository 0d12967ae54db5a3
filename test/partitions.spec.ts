import { PAYMENTS_DATABASE, type Database } from '../src/payments/database/database.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { KeyRing } from '../src/payments/crypto/key-ring.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { CREDENTIAL_FIELDS } from '../src/payments/domain/credentials.js';
import { rewrap } from '../src/payments/key-rotation/rewrap.js';
import { ProjectRemoval } from '../src/payments/project-removal/project-removal.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { createPartitionedTables } from './support/partitioned-tables.js';
import {
  configPath,
  projectPath,
  startTestService,
  testKeyRing,
  type TestService,
} from './support/service.js';
import { deliver } from './support/webhooks.js';

const RING = testKeyRing();

let database: TestDatabase;
let service: TestService;
let tables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  tables = await createPartitionedTables(database, 4);
  await database.query(
    'CREATE TABLE migrations (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL)',
  );
  await database.query(
    `INSERT INTO migrations ("timestamp", name) VALUES (1764000000000, 'CreateStripeConfigs1764000000000')`,
  );
  service = await startTestService({ database, keyRing: RING });
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const credentials = Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field)]));
const masks = Object.fromEntries(
  CREDENTIAL_FIELDS.map((field) => [`${field}_masked`, expectedMask(field, fakeCredential(field))]),
);

it('every table of projects can be divided by project', () => {
  expect(tables).toHaveLength(7);
});

it('configurations, their trail and webhooks work, and a rotation and a removal reach every partition', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, () => service.createProject()));
  for (const id of ids) {
    const put = await service.request('PUT', configPath(id), { body: credentials });
    expect({ status: put.status, json: put.json }).toMatchObject({ status: 200, json: masks });
    const changed = fakeCredential('test_webhook_secret', 'new');
    await service.request('PUT', configPath(id), { body: { test_webhook_secret: changed } });
    const again = await service.request('PUT', configPath(id), { body: {}, headers: { 'if-match': '"2"' } });
    expect(again.status).toBe(200);
    expect((await service.request('GET', configPath(id))).json).toMatchObject({
      ...masks,
      test_webhook_secret_masked: expectedMask('test_webhook_secret', changed),
    });
    for (const secret of [changed, fakeCredential('test_webhook_secret')])
      expect((await deliver(service, id, 'test', secret)).status).toBe(200);
    const history = await service.request('GET', `${configPath(id)}/history`);
    expect((history.json as { changes: unknown[] }).changes).toHaveLength(2);
    expect((await service.request('GET', `${configPath(id)}/health`)).status).toBe(200);
  }
  const [first = '', ...others] = ids;
  await eventually('the events are handled', async () => {
    const { json } = await service.request('GET', projectPath(first, 'events'));
    const { events } = json as { events: { status: string }[] };
    return events.length === 2 && events.every(({ status }) => status === 'handled');
  });

  const source = service.app.get<Database>(PAYMENTS_DATABASE);
  expect(await findAuditFaults(source)).toEqual([]);
  const rotated = new KeyRing([testKeyRing().active, { ...RING.active, state: 'decrypt-only' }]);
  const result = await rewrap(source, new Sealer(rotated), {
    batchSize: 5,
    rate: Infinity,
    dryRun: false,
    onProgress: () => undefined,
  });
  expect(result).toEqual({ total: 36, rewrapped: 36, unreadable: 0, unreadableIds: [] });

  expect((await service.request('DELETE', configPath(first))).status).toBe(204);
  const change = { actor: 'host', requestId: '00000000-0000-4000-8000-000000000000' };
  for (const id of others) await service.app.get(ProjectRemoval).remove(id, change);
  const left = await database.query('SELECT FROM stripe_configs WHERE is_active');
  expect(left).toEqual([]);
  expect(await findAuditFaults(source)).toEqual([]);
});

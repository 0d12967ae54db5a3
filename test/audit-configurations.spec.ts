import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { queryWithoutTriggers } from './support/database.js';
import { configPath, projectPath, startTestService, type TestService } from './support/service.js';

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

/** A configuration with a history: two secrets, of which one was replaced, and a key that was stored after a deletion. */
beforeEach(async () => {
  projectId = await service.createProject();
  await change('PUT', { live_publishable_key: fakeCredential('live_publishable_key') });
  await change('DELETE');
  await change('PUT', { test_secret_key: fakeCredential('test_secret_key') });
  await change('PUT', { test_webhook_secret: fakeCredential('test_webhook_secret', 1) });
  await change('PUT', { test_webhook_secret: fakeCredential('test_webhook_secret', 2) });
});

async function change(method: string, body?: object): Promise<void> {
  expect((await service.request(method, configPath(projectId), { body })).status).toBeLessThan(300);
}

const faults = () => findAuditFaults(service.app.get(DataSource));
const tamper = (statement: string, values: unknown[] = [projectId]) =>
  queryWithoutTriggers(service.database, statement, values);

it('finds nothing where nobody tampered, whatever was changed, erased or expired', async () => {
  expect(await faults()).toEqual([]);
  await change('DELETE');
  expect(await faults()).toEqual([]);
  await change('PUT', { test_webhook_secret: fakeCredential('test_webhook_secret', 3) });
  await change('PUT', { test_webhook_secret: fakeCredential('test_webhook_secret', 4) });
  const previous = projectPath(projectId, 'config/test/previous-webhook-secret');
  expect((await service.request('DELETE', previous)).status).toBeLessThan(300);
  expect(await faults()).toEqual([]);
  await change('PUT', { test_webhook_secret: fakeCredential('test_webhook_secret', 5) });
  await service.database.query(
    `UPDATE stripe_configs SET test_previous_webhook_secret_sealed = NULL, test_previous_webhook_secret_masked = NULL,
      test_previous_webhook_secret_expires_at = NULL WHERE project_id = $1`,
    [projectId],
  );
  expect(await faults()).toEqual([]);
});

const OTHER_MASK = `'${expectedMask('test_secret_key', 'xxxx')}'`;
const PREVIOUS = 'test_previous_webhook_secret_masked';

it.each<[string, string]>([
  ['test_secret_key_masked', OTHER_MASK],
  [PREVIOUS, `'${expectedMask('test_webhook_secret', 'xxxx')}'`],
  ['changed_by', "'mallory'"],
  ['change_request_id', 'gen_random_uuid()'],
  ['updated_at', "updated_at + interval '1 ms'"],
  ['created_at', "created_at - interval '1 ms'"],
])('names the configuration and the column: %s', async (column, value) => {
  await tamper(`UPDATE stripe_configs SET ${column} = ${value} WHERE project_id = $1`);
  try {
    expect(await faults()).toEqual([
      { projectId, version: 5, fault: 'configuration edited', columns: [column] },
    ]);
  } finally {
    await tamper('DELETE FROM stripe_configs WHERE project_id = $1');
    await tamper('DELETE FROM stripe_config_audit WHERE project_id = $1');
  }
});

it.each<[string, string, object]>([
  [
    'a credential that was erased',
    `UPDATE stripe_configs SET test_secret_key_masked = NULL, test_secret_key_sealed = NULL,
      test_secret_key_fingerprint = NULL WHERE project_id = $1`,
    { fault: 'configuration edited', columns: ['test_secret_key_masked'], version: 5 },
  ],
  [
    'a credential that was brought in',
    `UPDATE stripe_configs SET live_secret_key_masked = replace(${OTHER_MASK}, 'test', 'live'),
      live_secret_key_sealed = test_secret_key_sealed, live_secret_key_fingerprint = 'x' WHERE project_id = $1`,
    { fault: 'configuration edited', columns: ['live_secret_key_masked'], version: 5 },
  ],
  [
    'another version',
    'UPDATE stripe_configs SET version = 6 WHERE project_id = $1',
    { fault: 'missing or moved', version: 6 },
  ],
  [
    'a row that is gone',
    'DELETE FROM stripe_configs WHERE project_id = $1',
    { fault: 'missing or moved', version: 5 },
  ],
])('finds %s', async (_, statement, fault) => {
  await tamper(statement);
  try {
    expect(await faults()).toEqual([{ projectId, ...fault }]);
  } finally {
    await tamper('DELETE FROM stripe_configs WHERE project_id = $1');
    await tamper('DELETE FROM stripe_config_audit WHERE project_id = $1');
  }
});

it.each([0, 1])('finds a row of version %s that nobody made', async (version) => {
  const stranger = randomUUID();
  await tamper('INSERT INTO stripe_configs (project_id, version) VALUES ($1, $2)', [stranger, version]);
  expect(await faults()).toEqual([{ projectId: stranger, version, fault: 'missing or moved' }]);
  await tamper('DELETE FROM stripe_configs WHERE project_id = $1', [stranger]);
});

it('looks at every project, many at a time, and at a long trail as a whole', async () => {
  const [{ count: before } = { count: 0 }] = await service.database.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM stripe_configs',
  );
  await service.database.query(`INSERT INTO stripe_configs (project_id, version, changed_by)
    SELECT gen_random_uuid(), 1, 'alice' FROM generate_series(1, 1700)`);
  // More rows than one statement looks at.
  await service.database.query(`DO $$ BEGIN FOR version IN 6..2600 LOOP
    UPDATE stripe_configs SET version = stripe_configs.version + 1, changed_by = 'bob' WHERE project_id = '${projectId}';
  END LOOP; END $$`);
  expect(await faults()).toEqual([]);

  await tamper(`UPDATE stripe_configs SET changed_by = 'mallory' WHERE $1::uuid IS NOT NULL`);
  const found = await faults();
  expect(found).toHaveLength(before + 1700);
  expect(new Set(found.map((fault) => fault.projectId)).size).toBe(found.length);
  expect(found.map((fault) => fault.projectId)).toEqual(found.map((fault) => fault.projectId).toSorted());
});

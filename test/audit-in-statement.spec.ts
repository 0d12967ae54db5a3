import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createConfig } from './support/written-changes.js';
import { eventually } from './support/eventually.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { PAYMENTS_DATABASE, type Database } from '../src/payments/database/database.js';
import { runStatement } from '../src/payments/database/run-statement.js';
import { prepareText, valuesInOrder } from '../src/payments/database/statement.js';
import { CREDENTIAL_FIELDS } from '../src/payments/domain/credentials.js';
import { INSERT_CONFIGS } from '../src/payments/stripe-config/import.statements.js';
import { DEACTIVATE } from '../src/payments/stripe-config/stripe-config.statements.js';
import { StripeConfigService } from '../src/payments/stripe-config/stripe-config.service.js';
import { fakeCredential } from './support/credentials.js';
import { configPath, startTestService, type TestService } from './support/service.js';

const TABLES = ['stripe_configs', 'stripe_config_audit'];
/** How many changes go on at once. */
const AT_ONCE = 10;

let service: TestService;
let source: Database;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
  source = service.app.get<Database>(PAYMENTS_DATABASE);
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const put = (body: object) => service.request('PUT', configPath(projectId), { body });
const webhookSecret = (seed: string) => ({
  test_webhook_secret: fakeCredential('test_webhook_secret', seed),
});
const change = () => ({ actor: 'alice', requestId: randomUUID() });

interface Entry {
  version: number;
  action: string;
  fields: string[];
  request_id: string;
}

const trail = () =>
  service.database.query<Entry & Record<string, unknown>>(
    'SELECT * FROM stripe_config_audit WHERE project_id = $1 ORDER BY version',
    [projectId],
  );

describe('without any trigger', () => {
  const switchTriggers = async (how: 'DISABLE' | 'ENABLE') => {
    for (const table of TABLES) await service.database.query(`ALTER TABLE ${table} ${how} TRIGGER USER`);
  };
  beforeAll(() => switchTriggers('DISABLE'));
  afterAll(() => switchTriggers('ENABLE'));

  it('each kind of change writes its row', async () => {
    const configs = service.app.get(StripeConfigService);
    await put(webhookSecret('first'));
    await put(webhookSecret('first'));
    await put(webhookSecret('second'));
    for (let time = 0; time < 2; time++)
      await configs.erasePreviousWebhookSecret(projectId, 'test', change());
    for (let time = 0; time < 2; time++) await service.request('DELETE', configPath(projectId));
    await put({});

    expect(await trail()).toMatchObject([
      { action: 'created', fields: ['test_webhook_secret'] },
      { action: 'updated', fields: ['test_previous_webhook_secret', 'test_webhook_secret'] },
      { action: 'updated', fields: ['test_previous_webhook_secret'], actor: 'alice' },
      { action: 'deleted', fields: ['test_webhook_secret'] },
      { action: 'reactivated', fields: [] },
    ]);
    expect(await findAuditFaults(source)).toEqual([]);
  });

  it('an import of many configurations writes one for each that it has stored', async () => {
    const ids = Array.from({ length: 500 }, () => randomUUID());
    const config = {
      sealed: { test_secret_key: 'sc1.aaaaaaaaaa.x' },
      shown: { test_secret_key: 'sk_test_...aBcD' },
      fingerprints: { test_secret_key: 'f' },
    };
    const store = (some: string[]) =>
      runStatement(source, 'write', INSERT_CONFIGS, {
        configs: some.map((id) => ({ project_id: id, ...config })),
        changed_by: 'carol',
        change_request_id: randomUUID(),
      });
    expect(await store(ids.slice(0, 10))).toHaveLength(10);
    expect(await store(ids)).toHaveLength(490);

    const rows = await service.database.query(
      `SELECT DISTINCT action, fields, masks_after FROM stripe_config_audit WHERE project_id = ANY ($1)
         AND version = 1 AND actor = 'carol'`,
      [ids],
    );
    expect(rows).toEqual([
      { action: 'created', fields: ['test_secret_key'], masks_after: { test_secret_key: 'sk_test_...aBcD' } },
    ]);
    expect(await findAuditFaults(source)).toEqual([]);
  });

  it('changes of one project at once, the first ones among them, leave one chain', async () => {
    const done: (string | null)[] = [];
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => {
          const field = CREDENTIAL_FIELDS[index % CREDENTIAL_FIELDS.length] ?? 'test_secret_key';
          return index === 3 && round > 0
            ? service.request('DELETE', configPath(projectId))
            : put({ [field]: fakeCredential(field, `${round} ${index}`) });
        }),
      );
      for (const { status, headers } of answers) {
        expect(status).toBeLessThan(300);
        done.push(headers.get('x-request-id'));
      }
    }
    const rows = await trail();
    expect(rows.map(({ version }) => version)).toEqual(done.map((_, index) => index + 1));
    expect(rows.map(({ request_id }) => request_id).sort()).toEqual(done.sort());
    expect(await findAuditFaults(source)).toEqual([]);
  });
});

it('a first change that waited for another one is written as well', async () => {
  const writer = new pg.Client(service.database.url);
  await writer.connect();
  await writer.query('BEGIN');
  await createConfig(writer, projectId);
  const answer = put(webhookSecret('second'));
  await eventually('it waits', async () => {
    const rows = await service.database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows.length === 1;
  });
  await writer.query('COMMIT');
  await writer.end();
  expect((await answer).status).toBe(200);
  expect(await trail()).toMatchObject([{ action: 'created' }, { action: 'updated' }]);
});

describe('the guard refuses a change', () => {
  beforeEach(async () => {
    await put(Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, fakeCredential(field)])));
    await put(webhookSecret('another'));
  });

  /** Deactivates by a statement of which a part is another one. */
  async function deactivateBy(part: string, other: string): Promise<unknown> {
    expect(DEACTIVATE.text).toContain(part);
    const { sql, order } = prepareText({ text: DEACTIVATE.text.replace(part, () => other) }, 'public');
    const values = {
      project_id: projectId,
      changed_by: 'alice',
      change_request_id: randomUUID(),
      expected_versions: null,
    };
    return service.database.query(sql, valuesInOrder(DEACTIVATE, order, values));
  }
  const everything = async () => [
    await service.database.query('SELECT * FROM stripe_configs WHERE project_id = $1', [projectId]),
    await trail(),
  ];

  /** But for the last two, the hash is that of the wrong row. */
  const WRONG: [what: string, part: string, other: string][] = [
    ['without its row', 'FROM entry WHERE', 'FROM entry WHERE false AND'],
    ['with another action', "'deleted'", "'updated'"],
    [
      'with another actor',
      'changed_by AS actor, actor_salt, sha256(convert_to(jsonb_build_array(actor_salt, changed_by)',
      "'mallory' AS actor, actor_salt, sha256(convert_to(jsonb_build_array(actor_salt, 'mallory'::text)",
    ],
    ['with another request', 'change_request_id AS request_id', 'actor_salt AS request_id'],
    ['with another time', 'updated_at AS changed_at', "updated_at + interval '1 second' AS changed_at"],
    ['with a field less', 'array_agg(field ORDER BY field)', '(array_agg(field ORDER BY field))[2:]'],
    ['with other masks before', '(field, shown_before -> field)', '(field, shown -> field)'],
    ['with other masks after', '(field, shown -> field)', '(field, shown_before -> field)'],
    ['with other fingerprints', '(field, fingerprints -> field)', '(field, \'"f"\'::jsonb)'],
    ['that begins a chain anew', 'trail_hash AS previous_hash', "''::bytea AS previous_hash"],
    ['with the digest of another actor', 'jsonb_build_array(actor_salt, changed_by)', 'jsonb_build_array(1)'],
    ['with the hash of another row', 'extract(epoch FROM entry.changed_at)', '0'],
    [
      'whose hash the configuration does not keep',
      '(SELECT hash FROM entry), previous_hash',
      'previous_hash',
    ],
  ];
  it.each(WRONG)('%s', async (_, part, other) => {
    const before = await everything();
    await expect(deactivateBy(part, other)).rejects.toMatchObject({
      code: '23514',
      message: 'the audit trail has no row that says what this change of a configuration did',
      hint: expect.stringContaining('Change configurations through the service') as unknown,
    });
    expect(await everything()).toEqual(before);
  });

  it.each([
    [
      'a change',
      "UPDATE stripe_configs SET version = version + 1, changed_by = 'mallory' WHERE project_id = $1",
    ],
    ['a new configuration', 'INSERT INTO stripe_configs (project_id, version) VALUES (left($1, 35), 1)'],
  ])('by hand: %s', async (_, sql) => {
    await expect(service.database.query(sql, [projectId])).rejects.toMatchObject({ code: '23514' });
  });

  it('only then', async () => {
    expect(await deactivateBy("'deleted'", "'deleted'")).toHaveLength(1);
    expect((await trail()).at(-1)).toMatchObject({ version: 3, action: 'deleted' });
    expect(await findAuditFaults(source)).toEqual([]);
  });
});

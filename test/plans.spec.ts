import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { FIND_ROLES } from '../src/app/projects/members/member.statements.js';
import { FIND_TOKEN_ROLES } from '../src/app/service-tokens/token-access.statements.js';
import { prepareText } from '../src/payments/database/statement.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { exportedStatements, type AnyStatement } from './support/exported-statements.js';

/** Of commands, which read everything and say how far they are, or are asked for seldom. */
const OF_COMMANDS = new Set([
  'stripe_configs_count_outdated',
  'stripe_configs_write_resealed',
  'stripe_events_count_outdated',
  'stripe_configs_count',
  'stripe_config_keys_count_sealed',
  'stripe_config_audit_list_chains',
  'project_access_count_chains',
]);
/** Names every table and, by LIMIT 0, reads none of them. */
const OF_HEALTH = 'stripe_config_tables_look';
/** Do not grow with projects or events: as many rows as keys, and as replicas. */
const SMALL = ['stripe_config_keys', 'stripe_config_replicas'];

const PROJECTS = 5_000;
const MANY = [
  `INSERT INTO projects (owner_id, name) SELECT 'owner ' || n / 3, 'Shop' FROM generate_series(1, ${PROJECTS}) AS n`,
  'INSERT INTO project_owners SELECT owner_id, count(*) FROM projects GROUP BY owner_id',
  `INSERT INTO project_members (project_id, subject, role, project_created_at)
   SELECT id, 'member ' || ((random() * 2000)::integer + n), 'viewer', created_at FROM projects, generate_series(0, 2) AS n
   ON CONFLICT DO NOTHING`,
  `INSERT INTO project_access_audit (project_id, version, action, actor, actor_digest, request_id, changed_at, subject,
     previous_hash, hash)
   SELECT id, n, 'member_added', owner_id, '', id, now(), 'member ' || n, '', '' FROM projects, generate_series(1, 3) AS n`,
  `INSERT INTO service_tokens (id, project_id, token_hash, name, role, made_by, expires_at)
   SELECT gen_random_uuid(), id, gen_random_uuid(), 'Pipeline', 'viewer', owner_id, now() FROM projects, generate_series(1, 3)`,
  'INSERT INTO stripe_configs (project_id) SELECT id FROM projects',
  `INSERT INTO stripe_config_states (project_id, mode) SELECT id, mode FROM projects, unnest('{test,live}'::text[]) AS mode`,
  `INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted) SELECT id, 'live', '{}' FROM projects`,
  "INSERT INTO stripe_call_limits SELECT id, '{}' FROM projects",
  'INSERT INTO stripe_configs (project_id, is_active, removed_at) SELECT gen_random_uuid(), false, now() FROM projects',
  `INSERT INTO stripe_config_locks SELECT id, 'object ' || n FROM projects, generate_series(1, 3) AS n`,
  `INSERT INTO stripe_config_audit (project_id, version, action, actor, actor_digest, request_id, changed_at, fields,
     masks_before, masks_after, fingerprints_after, previous_hash, hash)
   SELECT id, n, 'updated', owner_id, '', id, now(), '{}', '{}', '{}', '{}', '', '' FROM projects, generate_series(1, 3) AS n`,
  `INSERT INTO stripe_events (project_id, mode, event_id, type, created_at, payload_sealed, status, finished_at, received_at)
   SELECT id, 'live', 'evt_' || n, 'invoice.paid', now(), 'sc1.abcdefghij.' || repeat('x', 400),
     CASE WHEN random() < 0.01 THEN 'failed' WHEN random() < 0.01 THEN 'pending' ELSE 'handled' END, now(),
     now() - random() * interval '45 days'
   FROM projects, generate_series(1, 10) AS n`,
];

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('SET session_replication_role = replica');
  for (const sql of MANY) await client.query(sql);
  await client.query('VACUUM ANALYZE');
  // The plan for values that are not known yet, which PostgreSQL may take for any.
  await client.query("SET session_replication_role = origin; SET plan_cache_mode = 'force_generic_plan'");
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** The tables that a statement would read from their beginning to their end. */
async function readWhole(statement: Pick<AnyStatement, 'text'>): Promise<string[]> {
  const { sql, order } = prepareText(statement, 'public');
  await client.query(`PREPARE planned AS ${sql}`);
  const values = order.length === 0 ? '' : `(${order.map(() => 'NULL').join(', ')})`;
  const { rows } = await client.query<{ 'QUERY PLAN': unknown }>(
    `EXPLAIN (FORMAT JSON) EXECUTE planned${values}`,
  );
  await client.query('DEALLOCATE planned');
  const plan = JSON.stringify(rows.map((row) => row['QUERY PLAN']));
  return [...plan.matchAll(/"Node Type":"Seq Scan"[^{}]*?"Relation Name":"(\w+)"/g)].map(
    ([, table = '']) => table,
  );
}

it('no statement of a request or of a periodic task reads a whole table, whatever its values', async () => {
  const found: Record<string, string[]> = {};
  for (const statement of await exportedStatements()) {
    if (OF_COMMANDS.has(statement.name) || statement.name === OF_HEALTH) continue;
    const tables = (await readWhole(statement)).filter((table) => !SMALL.includes(table));
    if (tables.length > 0) found[statement.name] = tables;
  }
  expect(found).toEqual({});
});

it('those of commands do, which this test sees', async () => {
  const all = await exportedStatements();
  for (const name of OF_COMMANDS) {
    const command = all.find((each) => each.name === name);
    expect([name, command && (await readWhole(command))]).toEqual([
      name,
      expect.arrayContaining([expect.any(String)]),
    ]);
  }
});

it.each([
  ['callers', FIND_ROLES, { subjects: ['somebody'] }],
  ['service tokens', FIND_TOKEN_ROLES, { token_ids: ['00000000-0000-4000-8000-000000000000'] }],
] as const)(
  'the roles of %s are planned once, however few ask, since planning costs more than finding',
  async (name, statement, others) => {
    const { sql, order } = prepareText(statement, 'public');
    const { rows: projects } = await client.query<{ id: string }>('SELECT id FROM projects LIMIT 1');
    const asked: Record<string, unknown> = { ids: projects.map(({ id }) => id), ...others };
    const values = order.map((parameter) => asked[parameter]);
    await client.query("SET plan_cache_mode = 'auto'");
    for (let times = 0; times < 20; times++) await client.query({ name, text: sql, values });
    await client.query("SET plan_cache_mode = 'force_generic_plan'");
    const { rows } = await client.query(
      'SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE name = $1',
      [name],
    );
    // PostgreSQL plans the first five in any case.
    expect(rows).toEqual([{ custom_plans: '5', generic_plans: '15' }]);
  },
);

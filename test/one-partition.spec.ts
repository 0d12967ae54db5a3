import pg from 'pg';
import { prepareText } from '../src/payments/database/statement.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { exportedStatements, type AnyStatement } from './support/exported-statements.js';
import { createPartitionedTables } from './support/partitioned-tables.js';

type Mode = 'force_custom_plan' | 'force_generic_plan' | 'auto';

/** Statements of several projects or of none, by the reason. All others, so every new one too, must keep to one partition. */
const OF_SEVERAL: Readonly<Record<string, readonly string[]>> = {
  'tables of the standalone service': [
    'projects_find_owners',
    'projects_find_roles',
    'projects_list',
    'projects_list_owned',
    'projects_find_range_end',
    'project_members_list',
    'project_members_set',
    'project_members_remove',
    'project_members_find_of_subject',
    'project_access_history',
    'project_access_find_faults',
    'project_access_erase_person',
    'project_access_list_chains',
    'project_access_count_chains',
    'project_access_compare_chains',
    'service_tokens_make',
    'service_tokens_revoke',
    'service_tokens_list',
    'service_tokens_find',
    'service_tokens_find_roles',
    'service_tokens_list_own',
    'service_tokens_find_own',
    'service_tokens_find_projects',
    'service_tokens_find_names',
    'service_tokens_note_use',
    'service_tokens_find_of_maker',
    'service_tokens_erase_maker',
    'projects_create',
    'projects_find',
    'projects_deactivate',
  ],
  'tables of the whole service: a row for each key, and for each replica': [
    'stripe_config_keys_list',
    'stripe_config_keys_find',
    'stripe_config_keys_register',
    'stripe_config_keys_forget',
    'stripe_config_keys_record_counts',
    'stripe_config_keys_record_rewrap',
    'stripe_config_replicas_list',
    'stripe_config_replicas_report',
    'stripe_config_replicas_sign_off',
  ],
  'no row of any table': [
    'stripe_config_tables_look',
    'project_access_tables_find',
    'stripe_config_advisory_lock_take',
    'stripe_config_advisory_lock_share',
    'stripe_config_changed_notify',
    'stripe_config_changed_notify_on_commit',
  ],
  'commands, which go through all projects': [
    'stripe_configs_count',
    'stripe_configs_count_outdated',
    'stripe_configs_find_outdated',
    'stripe_configs_lock_outdated',
    'stripe_configs_write_resealed',
    'stripe_configs_scan',
    'stripe_configs_find_range_end',
    'stripe_events_count_outdated',
    'stripe_events_find_outdated',
    'stripe_events_lock_outdated',
    'stripe_events_write_resealed',
    'stripe_events_scan',
    'stripe_config_keys_count_sealed',
    'stripe_config_keys_count_use',
    'stripe_config_audit_find_faults',
    'stripe_config_audit_list_chains',
    'stripe_config_audit_compare_chains',
    'stripe_config_audit_erase_actor',
  ],
  'periodic: what has expired, is old or is due, of whatever project': [
    'stripe_configs_erase_expired',
    'stripe_events_delete_old',
    'stripe_events_longest_due',
    'stripe_events_next_due_projects',
    'stripe_events_measure',
  ],
};
/**
 * PostgreSQL finds the partitions of an array only in a plan that it makes for the array's values. It keeps to such plans by
 * itself, since one for all values, which must expect all partitions, costs more: that is tested by `auto`. The claim is joined to its list, for which PostgreSQL 14 may take a plan that reads all.
 */
const BY_ARRAY = [
  'stripe_configs_find',
  'stripe_configs_find_fingerprints',
  'stripe_configs_find_versions',
  'stripe_configs_find_webhook_secrets',
  'stripe_config_states_write_webhooks',
  'stripe_events_claim',
];

const PARTITIONS = 8;
/** One that has all kinds of rows, and one that has none yet. */
const PROJECTS = ['project 7', 'new project'];
/**
 * How often a statement is run; the last run counts. A plan for all values is made in the first one, which looks at the ends of
 * indexes. In auto PostgreSQL decides after five whether it goes on with such a plan.
 */
const RUNS = { force_custom_plan: 1, force_generic_plan: 2, auto: 6 };
const MODES: Mode[] = ['force_custom_plan', 'force_generic_plan', 'auto'];

const SECRETS = ['live_webhook_secret', 'live_previous_webhook_secret'];
const jsonOf = (names: string[], value: unknown): string =>
  JSON.stringify(Object.fromEntries(names.map((name) => [name, value])));
const SEALED = 'sc1.abcdefghij.x';
const MANY = [
  `INSERT INTO stripe_configs (project_id, version, sealed, shown, fingerprints, expires_at)
   SELECT 'project ' || n, 3, '${jsonOf(SECRETS, SEALED)}', '${jsonOf(SECRETS, 'whsec_...abcd')}',
     '${jsonOf(['live_webhook_secret'], 'print')}', '${jsonOf(['live_previous_webhook_secret'], 9_999_999_999_999)}'
   FROM generate_series(1, 3000) AS n`,
  `INSERT INTO stripe_config_states (project_id, mode) SELECT project_id, 'live' FROM stripe_configs`,
  `INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted) SELECT project_id, 'live', '{}' FROM stripe_configs`,
  'INSERT INTO stripe_call_limits SELECT project_id, ARRAY[now()] FROM stripe_configs',
  `INSERT INTO stripe_config_locks SELECT project_id, 'object 1' FROM stripe_configs`,
  `INSERT INTO stripe_config_audit (project_id, version, action, actor, actor_digest, request_id, changed_at, fields,
     masks_before, masks_after, fingerprints_after, previous_hash, hash)
   SELECT project_id, n, 'updated', 'actor', '', id, now(), '{live_webhook_secret}', '{}', '{}', '{}', '', ''
   FROM stripe_configs, generate_series(1, 3) AS n`,
  `INSERT INTO stripe_events (project_id, mode, event_id, type, object_id, created_at, payload_sealed, status, attempts)
   SELECT project_id, 'live', 'evt_' || n, 'invoice.paid', 'in_1', now(), '${SEALED}', (ARRAY['pending', 'failed', 'handled'])[n], 1
   FROM stripe_configs, generate_series(1, 3) AS n`,
  'ANALYZE',
];

let database: TestDatabase;
let client: pg.Client;
let statements: AnyStatement[];

beforeAll(async () => {
  database = await createTestDatabase();
  await createPartitionedTables(database, PARTITIONS);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('SET session_replication_role = replica');
  for (const sql of MANY) await client.query(sql);
  await client.query('SET session_replication_role = origin');
  statements = await exportedStatements();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Values of parameters by name, for the rows of one project. */
function valuesOf(project: string): Record<string, unknown> {
  const id = '00000000-0000-4000-8000-000000000000';
  const secret = { live_webhook_secret: SEALED };
  return {
    ...{ project_id: project, project_ids: [project], mode: 'live', modes: ['live'], event_id: 'evt_1' },
    ...{ changed_by: 'host', change_request_id: id, expected_versions: null, must_exist: false },
    ...{ create_only: false, overlap_seconds: 60, of_one_mode: [], sealed: secret },
    ...{ shown: { live_webhook_secret: 'whsec_...efgh' }, fingerprints: { live_webhook_secret: 'new' } },
    ...{ same: { live_webhook_secret: ['new'] }, previous_names: { live_webhook_secret: SECRETS[1] } },
    ...{
      configs: [
        {
          project_id: project,
          sealed: secret,
          shown: { live_webhook_secret: 'whsec_...efgh' },
          fingerprints: { live_webhook_secret: 'new' },
        },
      ],
    },
    ...{ below: 100, size: 10, batch: 10, limit: 10, most: 10, max: 10, field: 'live_webhook_secret' },
    ...{ version: 3, versions: [3], status: 'failed', account_id: 'acct_1', written_in: 1 },
    ...{ previous: [false], failures: [0], failure: [''], ignored: [0] },
    ...{ secret_sealed: SEALED, fingerprint: 'print', type: 'invoice.paid', object_id: 'in_1' },
    ...{ created_at: '2026-01-01', payload_sealed: SEALED, trace_parent: null },
    ...{ before_received_at: null, before_mode: null, before_event_id: null, until: '2099-01-01' },
    ...{ after_mode: '', after_event_id: '', shares: [5], lease_seconds: 30, attempts: 1 },
    ...{ lock_name: 'object 1', name: 'object 1', longest_pause: '60s', pause_seconds: 1, error: 'no' },
    ...{ wanted: {}, idempotency_key: id, endpoint_id: 'we_1', secret_version: 3, is_ours: true },
  };
}

/** A value as SQL, since EXPLAIN takes none beside it. */
function literal(value: unknown, type: string): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value) && type.endsWith('[]'))
    return `ARRAY[${value.map((each) => literal(each, type.slice(0, -2))).join(', ')}]::${type}`;
  return `${pg.escapeLiteral(typeof value === 'string' ? value : JSON.stringify(value))}::${type}`;
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Loops': number;
  Plans?: Plan[];
}

/** The tables that a plan has read; what it has not begun to read has no loops. */
function readBy(plan: Plan): string[] {
  const own =
    plan['Actual Loops'] > 0 && plan['Node Type'] !== 'ModifyTable' ? [plan['Relation Name'] ?? ''] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(readBy)];
}

/** How often each table was read and written on this connection, also by triggers. */
async function uses(): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; uses: string }>(
    `SELECT relname AS name, concat_ws(' ', seq_scan, idx_scan, n_tup_ins, n_tup_upd, n_tup_del) AS uses FROM pg_stat_xact_user_tables`,
  );
  return new Map(rows.map((row) => [row.name, row.uses]));
}

/** Explains a statement by running it, and returns which tables it has touched. */
async function rolledBack(run: string): Promise<Set<string>> {
  await client.query('BEGIN');
  const before = await uses();
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(run);
  const changed = [...(await uses())].filter(([name, count]) => before.get(name) !== count);
  await client.query('ROLLBACK');
  const read = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => readBy(Plan)));
  return new Set([...changed.map(([name]) => name), ...read]);
}

/** Runs a statement, which has no effect, and returns the partitions that it has touched. */
async function touched(statement: AnyStatement, project: string, mode: Mode): Promise<string[]> {
  const { sql, order } = prepareText(statement, 'public');
  const values = valuesOf(project);
  const missing = order.filter((name) => !(name in values));
  if (missing.length > 0) throw new Error(`no value of ${missing.join(', ')}`);
  const list = order.map((name) => literal(values[name], statement.parameters[name]?.name ?? ''));
  const run = `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE planned${order.length > 0 ? `(${list.join(', ')})` : ''}`;
  await client.query(`SET plan_cache_mode = ${mode}`);
  await client.query(`PREPARE planned AS ${sql}`);
  try {
    for (let runs = 1; runs < RUNS[mode]; runs++) await rolledBack(run);
    const found = await rolledBack(run);
    return [...found].filter((name) => /_\d+$/.test(name));
  } finally {
    await client.query('ROLLBACK');
    await client.query('DEALLOCATE planned');
  }
}

/** Of which tables it has touched several partitions; or that it has touched none at all. */
async function faults(statement: AnyStatement, project: string, mode: Mode): Promise<string[]> {
  const partitions = await touched(statement, project, mode);
  const tables = partitions.map((name) => name.replace(/_\d+$/, ''));
  const several = tables.filter((table, index) => tables.indexOf(table) !== index);
  return partitions.length === 0 ? ['none'] : [...new Set(several)];
}

function named(name: string): AnyStatement {
  const found = statements.find((statement) => statement.name === name);
  if (found === undefined) throw new Error(`there is no statement ${name}`);
  return found;
}

it.each(MODES)('statements of one project touch one partition of each table: %s', async (mode) => {
  const listed = [...Object.values(OF_SEVERAL).flat(), ...(mode === 'force_generic_plan' ? BY_ARRAY : [])];
  // One that is no more is not excused for ever.
  for (const name of listed) named(name);
  const found: Record<string, unknown> = {};
  for (const statement of statements.filter(({ name }) => !listed.includes(name))) {
    for (const project of PROJECTS) {
      const fault = await faults(statement, project, mode).catch(String);
      if (fault.length > 0) found[`${statement.name}, ${project}`] = fault;
    }
  }
  expect(found).toEqual({});
});

it.each([
  ['stripe_config_audit_history', ['stripe_config_audit']],
  ['stripe_config_states_find', ['stripe_config_audit', 'stripe_configs']],
  ['stripe_events_end', ['stripe_events']],
  ['stripe_webhook_endpoints_delete', ['stripe_webhook_endpoints']],
])('more are seen where %s names no project', async (name, tables) => {
  const statement = named(name);
  const text = statement.text.replaceAll(/(\w+\.)?project_id = :project_id/g, 'true');
  for (const mode of MODES) {
    const found = await faults({ ...statement, text }, 'project 7', mode);
    expect([mode, found]).toEqual([mode, expect.arrayContaining(tables)]);
  }
});

it('more are seen where one plan for all values finds by an array', async () => {
  expect(await faults(named('stripe_configs_find'), 'project 7', 'force_generic_plan')).toEqual([
    'stripe_configs',
  ]);
});

it('more are seen where a trigger names no project', async () => {
  await database.query(`
    CREATE OR REPLACE FUNCTION stripe_config_stays_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM stripe_configs WHERE removed_at IS NOT NULL) THEN RETURN NULL; END IF;
      RETURN NEW;
    END $$`);
  const store = named('stripe_events_store');
  const stored = { ...store, text: store.text.replaceAll(':event_id', "'evt_new'") };
  expect(await faults(stored, 'project 7', 'auto')).toEqual(['stripe_configs']);
});

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { openCommandDatabase } from '../src/app/command-database.js';
import { migrate } from '../src/app/migrate.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import { KeyRing, ringKey } from '../src/payments/crypto/key-ring.js';
import { countByKey, findReplicas } from '../src/payments/key-rotation/key-usage.js';
import { rewrap } from '../src/payments/key-rotation/rewrap.js';
import { requireSchema } from '../src/payments/schema/schema-findings.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  projectPath,
  startTestService,
  type TestResponse,
  type TestService,
} from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';
import { keyOfAccount } from './support/stripe/special-keys.js';
import { deliver, snapshotEvent } from './support/webhooks.js';

/** What an operator, a role or another application may have made the default. */
const HOSTILE: Record<string, string> = {
  datestyle: 'German, DMY',
  timezone: 'Asia/Kathmandu',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  client_encoding: 'LATIN1',
  client_min_messages: 'error',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  row_security: 'off',
  check_function_bodies: 'off',
  synchronous_commit: 'off',
  xmlbinary: 'hex',
  xmloption: 'document',
  idle_session_timeout: '10min',
};

/** A search path that finds nothing of ours. */
const ELSEWHERE = { ...HOSTILE, search_path: 'elsewhere' };

const ACCOUNT = 'acct_1HostileSpec0001';
const OLD_KEY = ringKey(randomBytes(32), 'active');
const NEW_KEY = ringKey(randomBytes(32), 'active');
const KEY = keyOfAccount('test_secret_key', ACCOUNT);
const SECRETS = ['first', 'second'].map((tag) => fakeCredential('test_webhook_secret', tag));
const [SECRET = '', NEXT_SECRET = ''] = SECRETS;

let stripe: LocalStripe;

beforeAll(async () => {
  stripe = await LocalStripe.start();
  stripe.addAccount({ accountId: ACCOUNT, key: [KEY] });
});
afterAll(async () => {
  await stripe.stop();
});

async function set(database: TestDatabase, settings: Record<string, string>): Promise<void> {
  const { pathname } = new URL(database.url);
  await database.query('CREATE SCHEMA elsewhere');
  for (const [name, value] of Object.entries(settings))
    await database.query(`ALTER DATABASE ${pathname.slice(1)} SET ${name} = '${value}'`);
}

interface Answer {
  status: number;
  json: unknown;
}

/** Of each answer of the story. */
const STATUSES = [
  [200, 200, 200, 200, 200, 200, 200, 400],
  [200, 200, 409, 200, 200, 200, 200],
  [204, 200, 200, 200, 204, 200, 200, 200],
].flat();

/** Everything that the story was answered, in a form in which two runs can be compared. */
async function tellStory(service: TestService, database: TestDatabase): Promise<Answer[]> {
  const answers: Answer[] = [];
  const projectId = await service.createProject();
  const event = snapshotEvent('test', { id: 'evt_hostile' });
  const note = ({ status, json }: TestResponse) =>
    answers.push({ status, json: comparable(json, projectId) });
  const ask = async (method: string, path: string, body?: unknown) =>
    note(await service.request(method, path, { body }));
  const config = configPath(projectId);

  await ask('GET', '/api/v1/projects');
  await ask('GET', config);
  await ask('PUT', config, {
    test_secret_key: KEY,
    test_webhook_secret: SECRET,
  });
  note(await deliver(service, projectId, 'test', SECRET, event));
  note(await deliver(service, projectId, 'test', SECRET, event));
  await ask('PUT', config, { test_webhook_secret: NEXT_SECRET });
  note(await deliver(service, projectId, 'test', SECRET, { ...event, id: 'evt_overlap' }));
  note(await deliver(service, projectId, 'test', 'whsec_not_the_secret', event));
  await eventually('both events are handled', async () => {
    const { json } = await service.request('GET', projectPath(projectId, 'events?status=handled'));
    return (json as { events?: unknown[] }).events?.length === 2;
  });
  await ask('GET', projectPath(projectId, 'events?limit=1'));
  await ask('GET', projectPath(projectId, 'events/test/evt_hostile'));
  await ask('POST', projectPath(projectId, 'events/test/evt_hostile/replay'));
  await eventually('what was seen of webhooks is written', async () => {
    const rows = await database.query(
      'SELECT FROM public.stripe_config_states WHERE project_id = $1 AND webhook_failures = 1',
      [projectId],
    );
    return rows.length === 1;
  });
  await ask('GET', projectPath(projectId, 'config/health'));
  await ask('POST', projectPath(projectId, 'config/test/webhook-endpoint'), {});
  await ask('GET', projectPath(projectId, 'config/test/webhook-endpoint'));
  await ask('GET', projectPath(projectId, 'config/health'));
  await ask('DELETE', projectPath(projectId, 'config/test/previous-webhook-secret'));
  await ask('GET', config);
  await ask('GET', `${config}/history`);
  await ask('GET', '/api/v1/payments/projects');
  await ask('DELETE', config);
  await ask('PUT', config, { live_publishable_key: fakeCredential('live_publishable_key') });
  await ask('GET', `${config}/history`);
  await ask('GET', '/health/ready');
  return answers;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Without what differs from one run to the next; times must be those of just now, or those of the event. */
function comparable(json: unknown, projectId: string): unknown {
  return JSON.parse(JSON.stringify(json ?? null), (name, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (name === 'next_cursor') return 'a cursor';
    if (TIME.test(value)) return ageOf(value);
    if (/_(at|until)$/.test(name) || name === 'since') return `no time: ${value}`;
    return value
      .replaceAll(projectId, 'the project')
      .replace(UUID, 'an id')
      .replace(/\b(we|evt|whsec)_[\w.]+/, '$1');
  });
}

function ageOf(time: string): string {
  const age = Date.now() - Date.parse(time);
  if (age > -1_000 && age < 120_000) return 'now';
  if (age < -86_000_000 && age > -87_000_000) return 'tomorrow';
  return time;
}

async function run(settings: Record<string, string> | undefined, migrated: boolean) {
  const database = await createTestDatabase();
  try {
    if (migrated) await migrate(database.url);
    if (settings !== undefined) await set(database, settings);
    const keyRing = new KeyRing([OLD_KEY]);
    const service = await startTestService({ database, keyRing, stripeApiBase: stripe.url });
    try {
      const [answers, raced] = await withParsersOfHost(async () => [
        await tellStory(service, database),
        await race(service, database),
      ]);
      return { answers, raced, custody: await custody(database), rules: await rulesOf(database) };
    } finally {
      await service.stop();
    }
  } finally {
    await database.drop();
  }
}

/** Parses results as an application may for itself: the driver keeps one set of parsers for the whole process. */
async function withParsersOfHost<T>(work: () => Promise<T>): Promise<T> {
  const before = PARSED_BY_HOST.map((type) => [type, parsers.getTypeParser(type)] as const);
  for (const type of PARSED_BY_HOST) parsers.setTypeParser(type, () => 'parsed by the host');
  try {
    return await work();
  } finally {
    for (const [type, parser] of before) parsers.setTypeParser(type, parser);
  }
}

/** Types have numbers, whatever the typings allow. */
const parsers = pg.types as unknown as {
  getTypeParser(type: number): unknown;
  setTypeParser(type: number, parser: unknown): void;
};

/** Booleans, integers, times, `numeric` and JSON. */
const PARSED_BY_HOST = [16, 20, 23, 114, 1114, 1184, 1700, 3802];

/** What the commands find and do, in a process of their own. */
async function custody({ url }: TestDatabase): Promise<unknown> {
  const { database, close } = await openCommandDatabase(url);
  try {
    await requireSchema(database);
    const sealer = new Sealer(new KeyRing([NEW_KEY, { ...OLD_KEY, state: 'decrypt-only' }]));
    const before = [...(await countByKey(database)).values()];
    const { rewrapped } = await rewrap(database, sealer, {
      batchSize: 1,
      dryRun: false,
      rate: Infinity,
      onProgress: () => undefined,
    });
    return {
      before,
      rewrapped,
      after: [...(await countByKey(database)).values()],
      replicas: (await findReplicas(database)).length,
      faults: await findAuditFaults(database),
    };
  } finally {
    await close();
  }
}

/** What the database itself refuses. */
function rulesOf(database: TestDatabase): Promise<unknown[]> {
  return database.query(
    `SELECT conname, pg_get_expr(conbin, conrelid) AS rule FROM pg_constraint WHERE contype = 'c'
      AND connamespace = 'public'::regnamespace ORDER BY 1`,
  );
}

/** The versions that forty changes at once make. */
async function race(service: TestService, database: TestDatabase): Promise<unknown> {
  const projectId = await service.createProject();
  const puts = await Promise.all(
    Array.from({ length: 40 }, (_, each) =>
      service.request('PUT', configPath(projectId), {
        body: { test_secret_key: fakeCredential('test_secret_key', String(each)) },
      }),
    ),
  );
  const [row] = await database.query<{ count: unknown }>(
    'SELECT count(*)::text FROM public.stripe_config_audit WHERE project_id = $1',
    [projectId],
  );
  return { statuses: [...new Set(puts.map(({ status }) => status))], changes: row?.count };
}

describe('whatever a database, a role or the application makes the default', () => {
  let plain: Awaited<ReturnType<typeof run>>;

  beforeAll(async () => {
    plain = await run(undefined, false);
    expect(plain.answers.map(({ status }) => status)).toEqual(STATUSES);
    expect(plain.raced).toEqual({ statuses: [200], changes: '40' });
    expect(plain.custody).toMatchObject({ rewrapped: 4, faults: [] });
  }, 120_000);

  it.each<[string, Record<string, string>, boolean]>([
    ['before the tables are made', HOSTILE, false],
    ['once they are made, with another search path', ELSEWHERE, true],
    ['with no search path at all', { search_path: '' }, true],
    ['with dates as SQL has them', { datestyle: 'SQL, DMY' }, true],
    ['with dates as POSTGRES had them', { datestyle: 'Postgres, MDY' }, true],
  ])(
    'is answered, stored and verified alike: %s',
    async (_, settings, migrated) => {
      expect(await run(settings, migrated)).toEqual(plain);
    },
    120_000,
  );
});

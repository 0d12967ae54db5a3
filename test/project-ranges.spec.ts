import { openCommandDatabase } from '../src/app/command-database.js';
import { migrate } from '../src/app/migrate.js';
import { findAuditFaults } from '../src/payments/audit/verify-audit.js';
import type { Database } from '../src/payments/database/database.js';
import { countByKey } from '../src/payments/key-rotation/key-usage.js';
import type { RangeProgress } from '../src/payments/stripe-config/project-ranges.js';
import { runCommand } from './support/process.js';
import { createTestDatabase, queryWithoutTriggers, type TestDatabase } from './support/database.js';

/** Two whole ranges and a part of one. */
const PROJECTS = 10_001;

let checked: TestDatabase;
let database: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  checked = await createTestDatabase();
  await migrate(checked.url);
  ({ database, close } = await openCommandDatabase(checked.url));
  const id = `lpad(n::text, 8, '0')`;
  await queryWithoutTriggers(
    checked,
    `INSERT INTO stripe_configs (project_id, version, sealed, shown, fingerprints)
     SELECT ${id}, 1, jsonb_build_object('test_secret_key', 'sc1.aaaaaaaaaa.x'),
       jsonb_build_object('test_secret_key', 'sk_test_...0000'), jsonb_build_object('test_secret_key', 'f')
     FROM generate_series(1, ${PROJECTS}) AS n`,
  );
  // Before the first configuration, between two of them and behind the last.
  await queryWithoutTriggers(
    checked,
    `INSERT INTO stripe_events (project_id, mode, event_id, type, created_at, payload_sealed)
     SELECT project_id, 'live', 'evt_1', 'invoice.paid', now(), 'sc1.bbbbbbbbbb.x'
     FROM unnest('{0,00005000a,event-of-none}'::text[]) AS project_id`,
  );
  await queryWithoutTriggers(
    checked,
    `INSERT INTO stripe_config_audit (project_id, version, action, actor_digest, request_id, changed_at, fields,
       masks_before, masks_after, fingerprints_after, previous_hash, hash)
     SELECT project_id, 1, 'updated', '', gen_random_uuid(), now(), '{}', '{}', '{}', '{}', '', ''
     FROM unnest('{0,00005000a,trail-of-none}'::text[]) AS project_id`,
  );
});
afterAll(async () => {
  await close();
  await checked.drop();
});

const EACH_RANGE = [5_000, 10_000, PROJECTS].map((done) => ({ done, total: PROJECTS }));

it('every value of every project is counted once, range by range', async () => {
  const seen: RangeProgress[] = [];
  const usage = await countByKey(database, (progress) => seen.push(progress));
  expect(Object.fromEntries(usage)).toEqual({
    aaaaaaaaaa: { rows: PROJECTS, values: PROJECTS },
    bbbbbbbbbb: { rows: 3, values: 3 },
  });
  expect(seen).toEqual([...EACH_RANGE, { done: PROJECTS, total: PROJECTS }].slice(0, seen.length));
  expect(seen.length).toBeGreaterThanOrEqual(EACH_RANGE.length);
});

it('every project whose trail is missing, edited or of no configuration is found once, in the order of their ids', async () => {
  const faults = await findAuditFaults(database);
  const missing = faults
    .filter(({ fault }) => fault === 'missing or moved')
    .map(({ projectId }) => projectId);
  expect(missing).toHaveLength(PROJECTS + 3);
  expect(new Set(missing).size).toBe(PROJECTS + 3);
  expect(faults.filter(({ fault }) => fault === 'edited').map(({ projectId }) => projectId)).toEqual([
    '0',
    '00005000a',
    'trail-of-none',
  ]);
  expect(faults.map(({ projectId }) => projectId)).toEqual(faults.map(({ projectId }) => projectId).sort());
});

it('the command shows how far it is', async () => {
  const { code, stdout } = await runCommand('audit', ['verify'], { DATABASE_URL: checked.url });
  expect(code).toBe(1);
  expect(stdout.split('\n').slice(0, EACH_RANGE.length)).toEqual(
    EACH_RANGE.map(({ done, total }) => JSON.stringify({ verified: done, total })),
  );
});

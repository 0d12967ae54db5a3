import pg from 'pg';
import { migrate } from '../src/app/migrate.js';
import { poolDatabase } from '../src/payments/database/pool-database.js';
import { findSchema, isSpread } from '../src/payments/database/schema-name.js';
import { examineSchema } from '../src/payments/schema/schema-findings.js';
import { EventClaims } from '../src/payments/stripe-webhooks/event-claims.js';
import { HeldEvents } from '../src/payments/stripe-webhooks/held-events.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

const PROJECTS = ['a', 'b', 'c'];
/** So many of each that a claim does not see all, and goes from project to project. */
const EVENTS = 60;

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  pool = new pg.Pool({ connectionString: database.url });
  await database.query(
    `INSERT INTO stripe_events (project_id, mode, event_id, type, created_at, payload_sealed)
     SELECT id, 'live', 'evt_' || n, 'invoice.paid', now(), 'sc1.abcdefghij.x'
     FROM unnest($1::text[]) AS id, generate_series(1, ${EVENTS}) AS n`,
    [PROJECTS],
  );
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** The database as Citus shows one whose tables are spread: it answers what asks for that. */
function citus(): pg.Pool {
  return new Proxy(pool, {
    get: (target, name) =>
      name === 'query'
        ? async (text: string, values: unknown[]) =>
            text.includes('pg_dist_partition') ? { rows: [{ name: 'found' }] } : target.query(text, values)
        : (Reflect.get(target, name, target) as unknown),
  });
}

it('takes tables for whole where there is no Citus', async () => {
  const whole = poolDatabase(pool);
  expect([await findSchema(whole), isSpread(whole)]).toEqual(['public', false]);
});

it('claims the events of each project by itself where the tables are spread', async () => {
  const spread = poolDatabase(citus());
  expect([await findSchema(spread), isSpread(spread)]).toEqual(['public', true]);
  const { events, isMore } = await new EventClaims(spread).claim(new HeldEvents(3));
  expect([...new Set(events.map(({ project_id }) => project_id))].sort()).toEqual(PROJECTS);
  // A fair claim leaves some of the twelve places free.
  expect([events.length, isMore]).toEqual([9, true]);
});

it('needs no trigger that sees two rows of one statement where the tables are spread, and names it elsewhere', async () => {
  const names = ['stripe_configs_audited_insert', 'stripe_configs_audited_update'];
  for (const name of names) await database.query(`DROP TRIGGER ${name} ON stripe_configs`);
  expect((await examineSchema(poolDatabase(pool))).missing).toEqual(names.map((name) => `trigger ${name}`));
  expect((await examineSchema(poolDatabase(citus()))).missing).toEqual([]);
});

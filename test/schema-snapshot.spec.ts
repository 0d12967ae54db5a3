import { migrate } from '../src/app/migrate.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
});
afterAll(async () => {
  await database.drop();
});

/** What a released migration has made must not become something else. `npm test -- schema-snapshot -u` writes it again. */
it.each([
  [
    'columns',
    `SELECT format('%s.%s %s%s%s%s', relname, attname, format_type(atttypid, atttypmod), ' COLLATE ' || quote_ident(collname),
        CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ' DEFAULT ' || pg_get_expr(adbin, adrelid)) AS line
      FROM pg_class AS c JOIN pg_attribute AS a ON attrelid = c.oid AND attnum > 0
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        LEFT JOIN pg_collation AS o ON o.oid = attcollation AND collname <> 'default'
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'migrations'
      ORDER BY relname, attnum`,
  ],
  [
    'constraints',
    `SELECT format('%s %s', conname, pg_get_constraintdef(oid)) AS line FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 'migrations'::regclass ORDER BY conname`,
  ],
  [
    'indexes',
    `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations' ORDER BY indexname`,
  ],
  [
    'triggers',
    `SELECT pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname`,
  ],
  [
    'functions',
    `SELECT pg_get_functiondef(oid) AS line FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname`,
  ],
])('the migrations make these %s', async (_, statement) => {
  const lines = (await database.query<{ line: string }>(statement)).map(({ line }) => line);
  expect(lines.length).toBeGreaterThan(3);
  expect(`\n${lines.join('\n')}\n`).toMatchSnapshot();
});

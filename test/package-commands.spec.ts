import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runCommand, temporaryFolder, type Settings } from './support/process.js';

let database: TestDatabase;
let ring: string;

beforeEach(async () => {
  database = await createTestDatabase();
  ring = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(ring);
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const command = (line: string, settings: Settings = {}) =>
  runCommand('nest-stripe-config', line.split(' '), { KEY_RING_FILE: ring, ...settings });
const migrateIn = (schema: string) => {
  const url = new URL(database.url);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return runCommand('migrate', [], { DATABASE_URL: url.href });
};
/** The database by the variables of PostgreSQL's own programs. */
const variables = (): Settings => {
  const { hostname, port, username, password, pathname } = new URL(database.url);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  };
};

it('the program of the package names itself as its users do', async () => {
  for (const [line, usage] of [
    ['--help', /^Usage: nest-stripe-config /],
    ['keys --help', /^Usage: nest-stripe-config keys [^]*npx nest-stripe-config keys rewrap /],
    ['keys status --help', /^Usage: nest-stripe-config keys status /],
    ['audit verify --help', /^Usage: nest-stripe-config audit verify [^]*--schema/],
  ] as const) {
    const { code, stdout, stderr } = await command(line);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(usage);
    expect(stdout).not.toMatch(/npm run|DATA_DIR/);
  }
  const { stdout } = await command(`keys generate ${ring}`);
  expect(stdout).toMatch(/then run "npx nest-stripe-config keys activate \w{10}"/);
});

it('it finds the database by its address, or by the variables of PostgreSQL', async () => {
  expect((await migrateIn('public')).code).toBe(0);
  for (const settings of [{ DATABASE_URL: database.url }, variables()]) {
    expect(await command('audit verify', settings)).toEqual({
      code: 0,
      stderr: '',
      stdout: 'Every row of the audit trail is as it was written.\n',
    });
    const { code, stdout } = await command('keys status --json', { NODE_ENV: 'production', ...settings });
    expect({ code, status: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      status: { keys: [{ state: 'active', rows: 0 }], replicas: [] },
    });
  }
});

it('without a database it says which settings name one, and starts none', async () => {
  for (const line of ['audit verify', 'keys status', 'keys rewrap', 'keys verify']) {
    const { code, stdout, stderr } = await command(line, { NODE_ENV: 'development' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      'DATABASE_URL is missing; set it, or PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE',
    );
  }
});

it('missing tables are answered with what to do', async () => {
  for (const line of ['audit verify', 'keys status', 'keys verify --schema shop']) {
    expect(await command(line, variables())).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The database lacks the tables; run "npx nest-stripe-config migrate", or your own migrations with paymentsMigrations among them, or name the schema of the tables with --schema.\n',
    });
  }
});

it('the schema of the tables is an option', async () => {
  await database.query('CREATE SCHEMA shop');
  await database.query('CREATE SCHEMA other');
  expect((await migrateIn('shop')).code).toBe(0);
  for (const line of ['audit verify --schema shop', '--schema shop keys status', 'keys verify']) {
    expect(await command(line, variables())).toMatchObject({ code: 0, stderr: '' });
  }
  const other = await command('audit verify --schema other', variables());
  expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/lacks the tables/) as unknown });
});

it('migrate makes the schema and the tables, checks them, and prints them', async () => {
  const pending = await command('migrate --check --schema shop --json', variables());
  expect(pending).toMatchObject({ code: 1, stdout: expect.stringMatching(/"pending":\["Create/) as unknown });
  expect(await command('migrate --schema shop', variables())).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Ran Create/) as unknown,
  });
  for (const line of [
    'migrate --schema shop',
    'migrate --check --schema shop',
    'audit verify --schema shop',
  ]) {
    expect(await command(line, variables())).toMatchObject({ code: 0, stderr: '' });
  }
  const { code, stdout } = await command('migrate --sql --schema other');
  expect(code).toBe(0);
  await database.query('CREATE SCHEMA other');
  await database.query(stdout);
  expect(await command('migrate --check --schema other', variables())).toMatchObject({ code: 0, stderr: '' });
});

it('migrate says which right is missing for a schema, and what an administrator runs', async () => {
  const role = `guest_${Math.random().toString(36).slice(2)}`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'guest'`);
  try {
    const settings = { ...variables(), PGUSER: role, PGPASSWORD: 'guest' };
    expect(await command('migrate --schema shop', settings)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The schema shop is missing, and the user lacks CREATE on the database to make it; let an administrator run: CREATE SCHEMA "shop" AUTHORIZATION the_user;\n',
    });
  } finally {
    await database.query(`DROP ROLE ${role}`);
  }
});

it('a database that cannot be reached is named by the settings, and never by the password', async () => {
  const { code, stdout, stderr } = await command('audit verify', {
    ...variables(),
    PGPORT: '1',
    PGPASSWORD: 'canary',
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^The database cannot be reached; check DATABASE_URL, or PGHOST and its like, and that it runs/,
  );
  expect(stderr).not.toContain('canary');
});

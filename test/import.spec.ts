import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyRingFile, readKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { Sealer, sealContext } from '../src/payments/crypto/sealer.js';
import type { CredentialField } from '../src/payments/domain/credentials.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runCommand, temporaryFolder, type Settings } from './support/process.js';
import { LocalStripe, PERMISSION, type Permission } from './support/stripe/local-stripe.js';
import { restrictedKey } from './support/stripe/special-keys.js';

let database: TestDatabase;
let folder: string;
let ring: string;
/** Every credential that a test has made: none of them may be shown. */
let made: string[];
let shown: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await temporaryFolder();
  ring = join(folder, 'ring.json');
  await createKeyRingFile(ring);
  made = [];
  shown = '';
  expect((await runCommand('migrate', [], { DATABASE_URL: database.url })).code).toBe(0);
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
  for (const value of made) {
    for (let at = 8; at + 12 <= value.length; at += 4) expect(shown).not.toContain(value.slice(at, at + 12));
  }
});

function make(field: CredentialField): string {
  const value = fakeCredential(field, Math.random());
  made.push(value);
  return value;
}

async function run(args: string[], settings: Settings = {}) {
  const all = { DATABASE_URL: database.url, KEY_RING_FILE: ring, NODE_ENV: 'production', ...settings };
  const result = await runCommand('nest-stripe-config', ['import', '--operator', 'carol', ...args], all);
  shown += result.stdout + result.stderr;
  const json = args.includes('--json') ? (JSON.parse(result.stdout) as Record<string, unknown>) : {};
  return { ...result, json };
}

async function csv(...lines: string[]): Promise<string> {
  const file = join(folder, 'rows.csv');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

const rows = () =>
  database.query<{ project_id: string; sealed: Record<string, string>; version: number; changed_by: string }>(
    'SELECT project_id, sealed, version, changed_by FROM stripe_configs ORDER BY project_id',
  );
const audited = () =>
  database.query<{ count: number }>('SELECT count(*)::integer AS count FROM stripe_config_audit');

async function openStored(projectId: string, field: CredentialField): Promise<string | undefined> {
  const stored = (await rows()).find(({ project_id }) => project_id === projectId)?.sealed[field];
  const sealer = new Sealer(await readKeyRingFile(ring, { allowDevelopment: false }));
  return stored === undefined ? undefined : sealer.open(stored, sealContext(projectId, field)).reveal();
}

it('rows of a CSV file are stored once, sealed and audited; again changes nothing', async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const secret = make('live_secret_key');
  const file = await csv(
    'project_id,live_secret_key,test_webhook_secret',
    `${one},${secret},${make('test_webhook_secret')}`,
    `${two},"${make('live_secret_key')}",`,
    `${randomUUID()},,`,
  );
  const counts = { read: 3, updated: 0, empty: 1, refused: 0, faults: [] };

  const planned = await run(['--csv', file, '--dry-run', '--json']);
  expect(planned).toMatchObject({ code: 0, json: { ...counts, created: 2, unchanged: 0, dryRun: true } });
  expect(await rows()).toEqual([]);

  const stored = await run(['--csv', file]);
  expect(stored).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('This was not run:\nshred --remove FILE') as unknown,
    stderr: expect.stringMatching(/^{"read":3,"created":2,/) as unknown,
  });
  expect(await openStored(one, 'live_secret_key')).toBe(secret);
  const before = await rows();
  expect(before).toMatchObject([
    { version: 1, changed_by: 'nest-stripe-config import, carol' },
    { version: 1, changed_by: 'nest-stripe-config import, carol' },
  ]);
  expect(await audited()).toEqual([{ count: 2 }]);

  const again = await run(['--csv', file, '--json']);
  expect(again).toMatchObject({ code: 0, json: { ...counts, created: 0, unchanged: 2 } });
  expect(await rows()).toEqual(before);
  expect(await audited()).toEqual([{ count: 2 }]);
  const verified = await runCommand('nest-stripe-config', ['audit', 'verify'], {
    DATABASE_URL: database.url,
  });
  expect(verified.code).toBe(0);
});

it('wrong rows are named with their causes, and stop no others', async () => {
  const [good, bad] = [randomUUID(), randomUUID()];
  const both = make('test_webhook_secret');
  const file = await csv(
    'project_id,test_secret_key,test_webhook_secret,live_webhook_secret',
    `${bad},${make('live_secret_key')},,`,
    `${make('test_secret_key')},${good},,`,
    `${bad},sk_test_...aBcD,,`,
    `${bad},,${both},${both}`,
    `${good},${make('test_secret_key')},,`,
  );
  const { code, json, stderr } = await run(['--csv', file, '--json']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^{"read":5,"created":1,/);
  expect(json).toMatchObject({
    created: 1,
    refused: 4,
    faults: [
      { row: 1, project_id: bad, causes: [expect.stringMatching(/^test_secret_key: /)] },
      {
        row: 2,
        causes: [
          expect.stringMatching(/^project_id: it must be a UUID/),
          expect.stringMatching(/^test_secret_key: /),
        ],
      },
      { row: 3, project_id: bad, causes: [expect.stringMatching(/^test_secret_key: /)] },
      { row: 4, project_id: bad, causes: [expect.stringMatching(/^live_webhook_secret: .*other mode/)] },
    ],
    error: { message: '4 row(s) were not stored; all others were.' },
  });
  expect((await rows()).map(({ project_id }) => project_id)).toEqual([good]);
});

it('a stored value is only replaced by --replace; what is missing is added', async () => {
  const id = randomUUID();
  const [first, second] = [make('test_secret_key'), make('test_secret_key')];
  await run(['--csv', await csv('project_id,test_secret_key', `${id},${first}`)]);

  const added = `${id},,${make('live_secret_key')}`;
  const file = await csv('project_id,test_secret_key,live_secret_key', added, `${id},${second},`);
  const refused = await run(['--csv', file, '--json']);
  expect(refused).toMatchObject({
    code: 1,
    json: {
      updated: 1,
      faults: [
        {
          row: 2,
          project_id: id,
          causes: ['test_secret_key: another value is stored; --replace replaces it'],
        },
      ],
    },
  });
  expect(await openStored(id, 'test_secret_key')).toBe(first);

  expect(await run(['--csv', file, '--replace', '--json'])).toMatchObject({
    code: 0,
    json: { updated: 1, unchanged: 1, faults: [] },
  });
  expect(await openStored(id, 'test_secret_key')).toBe(second);
  expect(await audited()).toEqual([{ count: 3 }]);
});

it('rows of a SELECT are read by a cursor, and the statement that blanks them is printed, not run', async () => {
  await database.query('CREATE TABLE shops (id uuid, stripe_secret text)');
  const count = 1_201;
  const values = Array.from({ length: count }, () => make('live_secret_key'));
  await database.query('INSERT INTO shops SELECT gen_random_uuid(), value FROM unnest($1::text[]) AS value', [
    values,
  ]);
  const select = 'SELECT id AS project_id, stripe_secret AS live_secret_key FROM shops';
  // Shorter than it takes to store what was fetched, as a minute is where Stripe is asked about each key.
  await database.query(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 20', current_database());
  END $$`);
  const { code, stdout, stderr } = await run(['--sql', select]);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect(stdout).toContain('This was not run:\nUPDATE shops SET live_secret_key = NULL;');
  expect(stderr.trim().split('\n')).toHaveLength(3);
  expect(await rows()).toHaveLength(count);
  expect(await database.query('SELECT FROM shops WHERE stripe_secret IS NULL')).toEqual([]);

  await database.query(`CREATE FUNCTION ruin() RETURNS SETOF shops LANGUAGE sql AS
    'DELETE FROM shops RETURNING *'`);
  for (const [sql, message] of [
    [
      'SELECT id AS project_id, stripe_secret AS live_secret_key FROM ruin()',
      /^The statement of --sql failed \(25006\)/,
    ],
    ['DELETE FROM shops RETURNING id AS project_id', /^The statement of --sql failed \(/],
    ['SELECT id, stripe_secret FROM shops', /^The columns must be project_id and some of /],
  ] as const) {
    const wrong = await run(['--sql', sql]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(message) as unknown });
  }
  expect(await database.query('SELECT FROM shops')).toHaveLength(count);
});

it('one project is taken from variables', async () => {
  const id = randomUUID();
  const secret = make('test_secret_key');
  const settings = { SHOP_PROJECT_ID: id, SHOP_TEST_SECRET_KEY: secret };
  expect(await run(['--from-env', 'SHOP_', '--json'], settings)).toMatchObject({
    code: 0,
    json: { created: 1 },
  });
  expect(await openStored(id, 'test_secret_key')).toBe(secret);
  expect(await run(['--from-env', 'OTHER_'], settings)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^No variable OTHER_TEST_SECRET_KEY, /) as unknown,
  });
});

it('what is no source is refused without its contents', async () => {
  const secret = make('test_secret_key');
  const cases: [string[], RegExp][] = [
    [[], /^Name one source: --from-env, --csv or --sql/],
    [['--csv', join(folder, 'none.csv')], /^The CSV file cannot be read \(ENOENT\)/],
    [['--csv', await csv(`${randomUUID()},${secret}`)], /^The columns must be project_id/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) as unknown });
  }
  for (const line of [`${randomUUID()},"${secret}`, `${randomUUID()},${secret},${secret}`]) {
    const broken = await run(['--csv', await csv('project_id,test_secret_key', line)]);
    expect(broken).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Line \d+ is no CSV \(CSV_/) as unknown,
    });
  }
});

it('no form of ids lets a credential be shown as one', async () => {
  const key = make('test_secret_key').slice(0, 21);
  const { code, json } = await run([
    ...['--csv', await csv('project_id,test_secret_key', `${key},${make('test_secret_key')}`)],
    ...['--project-ids', 'nanoid', '--json'],
  ]);
  expect({ code, json }).toMatchObject({
    code: 1,
    json: { faults: [{ row: 1, causes: [expect.stringMatching(/^project_id: it must be a Nano ID/)] }] },
  });
  expect(shown).not.toContain(key.slice(8));
  expect(await rows()).toEqual([]);
});

describe('with --verify', () => {
  let stripe: LocalStripe;
  beforeEach(async () => {
    stripe = await LocalStripe.start();
  });
  afterEach(() => stripe.stop());

  const verify = (file: string, ...args: string[]) =>
    run(['--csv', file, '--verify', '--json', ...args], {
      STRIPE_API_BASE: stripe.url,
      NODE_ENV: 'development',
    });
  const account = (key: string, livemode: boolean, permissions: Permission[] = []) => {
    stripe.addAccount({ accountId: 'acct_1ImportSpec', key, livemode, permissions });
  };

  it('keys that Stripe refuses are not stored, and those stored already are not asked about', async () => {
    const [good, restricted, wrong, swapped] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const [works, genuine, revoked, ofOtherMode] = [
      make('test_secret_key'),
      restrictedKey(make('test_secret_key')),
      make('live_secret_key'),
      make('live_secret_key'),
    ];
    made.push(genuine);
    account(works, false);
    account(genuine, false, [PERMISSION.accountRead]);
    account(ofOtherMode, false);
    const file = await csv(
      'project_id,test_secret_key,live_secret_key,live_webhook_secret',
      `${good},${works},,${make('live_webhook_secret')}`,
      `${restricted},${genuine},,`,
      `${wrong},${works},${revoked},`,
      `${swapped},,${ofOtherMode},`,
    );
    const faults = [
      {
        row: 3,
        project_id: wrong,
        causes: [
          'live_secret_key: Stripe does not accept this key: it is wrong, revoked or expired. Copy a current one from the Stripe Dashboard.',
        ],
      },
      {
        row: 4,
        project_id: swapped,
        causes: [
          'live_secret_key: Stripe accepts this key, but not for the live mode; copy a key of that mode.',
        ],
      },
    ];
    expect(await verify(file, '--dry-run')).toMatchObject({ code: 1, json: { created: 2, faults } });
    expect(await rows()).toEqual([]);
    expect(await verify(file)).toMatchObject({ code: 1, json: { created: 2, refused: 2, faults } });
    expect((await rows()).map(({ project_id }) => project_id)).toEqual([good, restricted].sort());

    const asked = stripe.requests.length;
    const added = await csv('project_id,test_secret_key,live_secret_key', `${good},${works},${revoked}`);
    expect(await verify(added)).toMatchObject({
      code: 1,
      json: { updated: 0, faults: [{ row: 1, project_id: good, causes: faults[0]?.causes }] },
    });
    expect(stripe.requests.slice(asked).map(({ key }) => key)).toEqual([revoked]);
    expect((await rows()).map(({ version }) => version)).toEqual([1, 1]);
  });

  it('a key that Stripe gave no answer about is not stored, and the next run asks again', async () => {
    const id = randomUUID();
    const key = make('live_secret_key');
    account(key, true);
    const file = await csv('project_id,live_secret_key', `${id},${key}`);
    stripe.fault = { kind: 'status', status: 500 };
    expect(await verify(file)).toMatchObject({
      code: 1,
      json: {
        created: 0,
        faults: [
          {
            row: 1,
            project_id: id,
            causes: [
              'live_secret_key: Stripe could not be asked, or gave no usable answer, so nothing is known about the key; run the import again.',
            ],
          },
        ],
      },
    });
    expect(stripe.requests).toHaveLength(3);
    stripe.fault = undefined;
    expect(await verify(file)).toMatchObject({ code: 0, json: { created: 1 } });
  });

  it('a Stripe that is down ends the import, with what to do', async () => {
    const lines = Array.from({ length: 40 }, () => `${randomUUID()},${make('live_secret_key')}`);
    const file = await csv('project_id,live_secret_key', ...lines);
    stripe.fault = { kind: 'reset' };
    const { code, json } = await verify(file, '--verify-rate', '100');
    expect(code).toBe(1);
    expect(json).toEqual({
      error: {
        message: expect.stringMatching(/^Stripe gave no usable answer 20 times in a row; /) as unknown,
      },
    });
    expect(await rows()).toEqual([]);
    expect(stripe.requests.length).toBeLessThan(60);
  });

  it.each(['0', '-1', '101', 'many'])('a rate of %s is refused', async (rate) => {
    const { code, json } = await verify(await csv('project_id'), '--verify-rate', rate);
    expect({ code, json }).toEqual({
      code: 1,
      json: { error: { message: expect.stringMatching(/at most 100/) as unknown } },
    });
  });
});

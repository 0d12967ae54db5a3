import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import jsonwebtoken, { type JwtPayload } from 'jsonwebtoken';
import {
  addKey,
  createKeyRingFile,
  describeKeyRing,
  readKeyRingFile,
} from '../src/payments/crypto/key-ring-file.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runCommand, temporaryFolder, type Settings } from './support/process.js';
import { TEST_SECRET, configPath, startTestService } from './support/service.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(cleanUp);

describe('npm run token', () => {
  const token = (args: string[], settings: Settings = {}) =>
    runCommand('token', args, { DATA_DIR: folder, AUTH_JWT_SECRET: TEST_SECRET.toString(), ...settings });

  it('prints a token that the service takes, and nothing else', async () => {
    const { code, stdout, stderr } = await token(['--subject', 'carol']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    const service = await startTestService();
    try {
      const headers = { authorization: `Bearer ${stdout.trimEnd()}` };
      expect((await service.request('GET', '/api/v1/projects', { headers })).status).toBe(200);
    } finally {
      await service.stop();
    }
  });

  it.each<[string, string[], Settings, object, number]>([
    ['the demo developer for 30 days', [], {}, { sub: 'demo-developer' }, 30],
    [
      'the subject and the days of its options',
      ['--subject', 'carol', '--days', '2'],
      {},
      { sub: 'carol' },
      2,
    ],
    ['the scopes of its options', ['--scope', 'a b'], {}, { scope: 'a b' }, 30],
    ['the scope that the service requires', [], { AUTH_REQUIRED_SCOPE: 'pay' }, { scope: 'pay' }, 30],
  ])('is for %s', async (_, args, settings, claims, days) => {
    const { stdout } = await token(args, settings);
    const payload = jsonwebtoken.verify(stdout.trimEnd(), TEST_SECRET, {
      algorithms: ['HS256'],
    }) as JwtPayload;
    expect(payload).toMatchObject(claims);
    expect(Number(payload.exp) - Number(payload.iat)).toBe(days * 86_400);
  });

  it('is one of the sign-in server of development when there is no secret', async () => {
    const { stdout } = await token(['--subject', 'carol'], { AUTH_JWT_SECRET: undefined, PORT: '4000' });
    const { signingKey } = JSON.parse(await readFile(join(folder, 'sign-in-keys.json'), 'utf8')) as {
      signingKey: JsonWebKey;
    };
    const key = createPublicKey({ key: signingKey, format: 'jwk' });
    expect(jsonwebtoken.verify(stdout.trimEnd(), key, { algorithms: ['ES256'] })).toMatchObject({
      sub: 'carol',
      iss: 'http://127.0.0.1:4001',
      aud: 'urn:nest-stripe-config:development',
    });
  });

  it.each<[string, Settings]>([
    ['by its setting', { AUTH_DEVELOPMENT_PORT: '4100' }],
    ['where it was last time', {}],
  ])('names that server %s', async (_, settings) => {
    await writeFile(join(folder, 'sign-in-port'), '4100');
    const { stdout } = await token([], { AUTH_JWT_SECRET: undefined, ...settings });
    expect(jsonwebtoken.decode(stdout.trimEnd())).toMatchObject({ iss: 'http://127.0.0.1:4100' });
  });

  it('is valid for as long as the service allows', async () => {
    const { stdout } = await token([], { AUTH_JWT_SECRET: undefined, AUTH_MAX_TOKEN_HOURS: '5' });
    const { exp = 0, iat = 0 } = jsonwebtoken.decode(stdout.trimEnd()) as JwtPayload;
    expect(exp - iat).toBe(5 * 3_600);
  });

  it.each<[string, string[], Settings, RegExp]>([
    [
      'an identity provider is set',
      [],
      { AUTH_JWT_SECRET: undefined, AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'stripe-config' },
      /identity provider/,
    ],
    [
      'production has no secret',
      [],
      { AUTH_JWT_SECRET: undefined, NODE_ENV: 'production' },
      /AUTH_JWT_SECRET/,
    ],
    ['the secret is too short', [], { AUTH_JWT_SECRET: 'short' }, /AUTH_JWT_SECRET is shorter/],
    [
      'nobody knows where people sign in',
      [],
      { AUTH_JWT_SECRET: undefined, PORT: '0' },
      /start it, or set AUTH_DEVELOPMENT_PORT/,
    ],
    ['the days are no number', ['--days', 'soon'], {}, /number from 1 to 9999/],
    ['the days are none', ['--days', '0'], {}, /number from 1 to 9999/],
  ])('refuses when %s', async (_, args, settings, message) => {
    const { code, stdout, stderr } = await token(args, settings);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

const COMMANDS = [
  ['generate'],
  ['activate', 'aaaaaaaaaa'],
  ['retire', 'aaaaaaaaaa'],
  ['status'],
  ['rewrap'],
  ['verify'],
];

describe('npm run keys', () => {
  let file: string;

  beforeEach(() => {
    file = join(folder, 'ring.json');
  });

  const keys = (args: string[], settings: Settings = {}) =>
    runCommand('keys', args, { KEY_RING_FILE: file, ...settings });
  const states = async () =>
    Object.fromEntries((await describeKeyRing(file)).keys.map(({ id, state }) => [id, state]));
  const materials = async () =>
    (JSON.parse(await readFile(file, 'utf8')) as { keys: { material?: string }[] }).keys.flatMap(
      ({ material }) => material ?? [],
    );

  it.each(['', ...COMMANDS.map(([name = '']) => name)])('%s --help says what it does', async (name) => {
    const { code, stdout, stderr } = await keys([...(name === '' ? [] : [name]), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      name === '' ? /^Usage: keys [^]*To rotate[^]*keys rewrap/ : `Usage: keys ${name} `,
    );
  });

  it('rewrap --help says each default once', async () => {
    const { stdout } = await keys(['rewrap', '--help']);
    expect(stdout.match(/\(default[^)]*\)/g)).toEqual(['(default: 500)', '(default: no limit)']);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['rotate'], /unknown command/],
    ['an activation of nothing', ['activate'], /missing required argument 'id'/],
    ['a retirement of nothing', ['retire'], /missing required argument 'id'/],
    ['an empty batch', ['rewrap', '--batch-size', '0'], /number above 0/],
    ['a rate that is no number', ['rewrap', '--rate', 'fast'], /number above 0/],
    ['a Vault without a key', ['generate', '--vault', 'https://vault.example'], /--vault-key/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await keys(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each(COMMANDS)('%s refuses to guess the key ring file', async (...args) => {
    const { code, stdout, stderr } = await keys(args, { KEY_RING_FILE: undefined });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/KEY_RING_FILE/);
  });

  describe('generate', () => {
    it('makes a ring for production that only its owner can read, and prints the id and the next step', async () => {
      const { code, stdout, stderr } = await keys(['generate', file], { KEY_RING_FILE: undefined });

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const ring = await readKeyRingFile(file, { allowDevelopment: false });
      expect(stdout).toContain(ring.active.id);
      expect(stdout).toContain(`KEY_RING_FILE=${file}`);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      for (const material of await materials()) expect(stdout).not.toContain(material);
    });

    it('adds a key that only opens where there is a ring, and prints its id and the next step', async () => {
      const first = await createKeyRingFile(file);

      const { code, stdout, stderr } = await keys(['generate']);

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { [first]: state, ...added } = await states();
      expect([state, Object.values(added)]).toEqual(['active', ['decrypt-only']]);
      expect(stdout).toContain(`keys activate ${Object.keys(added).join()}`);
      for (const material of await materials()) expect(stdout).not.toContain(material);
    });

    it.each([
      ['a file that is no ring', 'ring.json', /not JSON/],
      ['a folder that is not there', join('none', 'ring.json'), /\(ENOENT\); check that its folder/],
    ])('refuses %s', async (_, name, message) => {
      await writeFile(file, 'as it was', { mode: 0o600 });

      const { code, stdout, stderr } = await keys(['generate', join(folder, name)]);

      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(await readFile(file, 'utf8')).toBe('as it was');
    });
  });

  describe('activate', () => {
    it('lets the key seal and the other one only open', async () => {
      const first = await createKeyRingFile(file);
      const second = await addKey(file);

      const { code, stdout } = await keys(['activate', second]);

      expect(code).toBe(0);
      expect(stdout).toContain(second);
      expect(await states()).toEqual({ [first]: 'decrypt-only', [second]: 'active' });
    });

    it.each([
      ['an id that the ring lacks, without repeating it', 'aaaaaaaaaa', /no key of that id/],
      ['what is no id', 'pasted key', /no key of that id/],
    ])('refuses %s', async (_, id, message) => {
      const first = await createKeyRingFile(file);
      const { code, stdout, stderr } = await keys(['activate', id]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain(id);
      expect(await states()).toEqual({ [first]: 'active' });
    });

    it('refuses a ring that others may write', async () => {
      const first = await createKeyRingFile(file);
      await chmod(file, 0o622);
      const { code, stderr } = await keys(['activate', first]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/chmod go-w/) as unknown });
    });
  });

  describe.each([['status'], ['rewrap'], ['verify'], ['retire', 'aaaaaaaaaa']])('%s', (...args) => {
    it.each<[string, Settings, RegExp]>([
      ['without DATABASE_URL', {}, /DATABASE_URL/],
      ['with a wrong DATABASE_URL', { DATABASE_URL: 'wrongvalue' }, /DATABASE_URL/],
      [
        'with a database that is not there',
        { DATABASE_URL: 'postgres://user:wrongvalue@127.0.0.1:1/none' },
        /cannot be reached; check DATABASE_URL and that it runs: nothing listens at the address/,
      ],
    ])('fails %s, and prints no value', async (_, settings, message) => {
      await createKeyRingFile(file);
      const { code, stdout, stderr } = await keys(args, settings);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('wrongvalue');
    });
  });

  it.each([['status'], ['rewrap'], ['verify'], ['retire', 'aaaaaaaaaa']])(
    '%s says that a database is not migrated, and how to do it',
    async (...args) => {
      await createKeyRingFile(file);
      const unmigrated = await createTestDatabase();
      try {
        const { code, stdout, stderr } = await keys(args, { DATABASE_URL: unmigrated.url });
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(/^The database lacks the tables; run the migrations.*\n$/);
      } finally {
        await unmigrated.drop();
      }
    },
  );

  it.each([['rewrap'], ['verify']])('%s refuses a development ring in production', async (command) => {
    await createKeyRingFile(file, { development: true });
    const { code, stderr } = await keys([command], { NODE_ENV: 'production' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/made for development/) as unknown,
    });
  });

  describe('on a database with two configurations', () => {
    let database: TestDatabase;
    let first: string;
    let second: string;

    beforeEach(async () => {
      database = await createTestDatabase();
      first = await createKeyRingFile(file);
      const service = await startTestService({
        database,
        keyRing: await readKeyRingFile(file, { allowDevelopment: false }),
      });
      try {
        for (const field of ['test_secret_key', 'live_secret_key'] as const) {
          const body = {
            [field]: fakeCredential(field),
            test_webhook_secret: fakeCredential('test_webhook_secret'),
          };
          expect(
            (await service.request('PUT', configPath(await service.createProject()), { body })).status,
          ).toBe(200);
        }
        // It has not signed off: as if it had been killed.
        const [replica] = await database.query('SELECT to_jsonb(r) AS row FROM stripe_config_replicas r');
        await service.stop();
        await database.query(
          'INSERT INTO stripe_config_replicas SELECT * FROM jsonb_populate_record(null::stripe_config_replicas, $1)',
          [replica?.row],
        );
      } catch (error) {
        await service.stop();
        throw error;
      }
      second = await addKey(file);
      await keys(['activate', second]);
    });
    afterEach(() => database.drop());

    const onDatabase = (...args: string[]) => keys(args, { DATABASE_URL: database.url });
    const linesOf = (stdout: string) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    /** The replica of the configurations has ended. */
    const forgetReplicas = () => database.query('DELETE FROM stripe_config_replicas');

    it('status counts rows and values under each key of the ring, and under keys that it lacks', async () => {
      const { code, stdout, stderr } = await onDatabase('status');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`${first}.*decrypt-only.* 2 .* 4 .* 0 .*file`));
      expect(stdout).toMatch(new RegExp(`${second}.*active.* 0 .* 0 .* 0 .*file`));
      expect(stdout).toMatch(/^1 replica\(s\) .* 1 with another ring/m);

      const other = join(folder, 'other.json');
      await createKeyRingFile(other);
      const foreign = await keys(['status'], { DATABASE_URL: database.url, KEY_RING_FILE: other });
      expect(foreign.stdout).toMatch(new RegExp(`${first}.*not in this ring.* 2 .* 4 `));
    });

    it('rewrap reports each batch and the end as JSON lines when nobody watches', async () => {
      const { code, stdout, stderr } = await onDatabase('rewrap', '--batch-size', '1');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(linesOf(stdout)).toEqual([
        { total: 2, rewrapped: 1, unreadable: 0 },
        { total: 2, rewrapped: 2, unreadable: 0 },
        { done: true, total: 2, rewrapped: 2, unreadable: 0, unreadableIds: [] },
      ]);
      expect(linesOf((await onDatabase('rewrap')).stdout)).toEqual([
        { done: true, total: 0, rewrapped: 0, unreadable: 0, unreadableIds: [] },
      ]);
    });

    it('verify says when everything opens, and lists what does not', async () => {
      const verified = await onDatabase('verify');
      expect(verified).toEqual({ code: 0, stderr: '', stdout: 'Every stored value can be opened.\n' });

      const other = join(folder, 'other.json');
      await createKeyRingFile(other);
      const { code, stdout, stderr } = await keys(['verify'], {
        DATABASE_URL: database.url,
        KEY_RING_FILE: other,
      });
      expect({ code, stderr }).toEqual({ code: 1, stderr: '4 stored value(s) cannot be opened.\n' });
      expect(linesOf(stdout)).toHaveLength(4);
    });

    it('retire is refused while rows are sealed under the key, and takes its bytes away afterwards', async () => {
      await forgetReplicas();
      const early = await onDatabase('retire', first);
      expect(early).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^2 rows/) as unknown,
      });
      expect(await states()).toMatchObject({ [first]: 'decrypt-only' });

      expect((await onDatabase('rewrap')).code).toBe(0);
      const { code, stdout, stderr } = await onDatabase('retire', first);

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(first);
      expect(await states()).toEqual({ [first]: 'retired', [second]: 'active' });
      expect(await materials()).toHaveLength(1);
      expect((await keys(['activate', first])).stderr).toMatch(/retired key cannot be activated/);
    });

    it('retire is refused while a replica still seals under the key', async () => {
      expect((await onDatabase('rewrap')).code).toBe(0);
      const { code, stderr } = await onDatabase('retire', first);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^1 replica/) as unknown });
      expect(await states()).toMatchObject({ [first]: 'decrypt-only' });
    });

    it.each<[string, () => string, RegExp]>([
      ['the active key', () => second, /active key cannot be retired/],
      ['an id that the ring lacks', () => 'aaaaaaaaaa', /no key of that id/],
    ])('retire refuses %s', async (_, id, message) => {
      const { code, stdout, stderr } = await onDatabase('retire', id());
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(await states()).toEqual({ [first]: 'decrypt-only', [second]: 'active' });
    });
  });
});

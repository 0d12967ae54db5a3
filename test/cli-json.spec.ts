import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeKeyRing } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runCommand, runProgram, temporaryFolder, type Settings } from './support/process.js';
import { TEST_SECRET } from './support/service.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const PROGRAMS = Object.values(manifest.scripts).flatMap(
  (script) => /dist\/cli\/([\w-]+)\.js$/.exec(script)?.[1] ?? [],
);

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await createTestDatabase();
});
afterAll(async () => {
  await cleanUp();
  await database.drop();
});

async function run(name: string, args: string[], settings: Settings = {}) {
  const { code, stdout, stderr } = await runCommand(name, [...args, '--json'], {
    DATABASE_URL: database.url,
    KEY_RING_FILE: join(folder, 'ring.json'),
    ...settings,
  });
  // Throws unless there is one document.
  return { code, stderr, json: JSON.parse(stdout) as Record<string, unknown> };
}

const failing = (message: RegExp) => ({
  code: 1,
  stderr: '',
  json: { error: { message: expect.stringMatching(message) as unknown } },
});

describe('with --json, one document is on standard output', () => {
  it('of each key command', async () => {
    const file = join(folder, 'ring.json');
    const done = (json: object) => ({ code: 0, stderr: '', json });

    const first = await run('keys', ['generate']);
    expect(first).toEqual(done({ key: expect.any(String) as unknown, state: 'active', file }));
    expect((await run('migrate', [])).json.ran).toContain('CreateStripeConfigs1764000000000');
    const second = await run('keys', ['generate']);
    expect(second.json).toMatchObject({ state: 'decrypt-only' });
    expect(await run('keys', ['activate', String(second.json.key)])).toEqual(
      done({ key: second.json.key, state: 'active' }),
    );
    expect(await run('keys', ['rewrap'])).toEqual(
      done({ total: 0, rewrapped: 0, unreadable: 0, unreadableIds: [] }),
    );
    expect(await run('keys', ['retire', String(first.json.key)])).toEqual(
      done({ key: first.json.key, state: 'retired' }),
    );
    expect(await run('keys', ['status'])).toEqual(
      done({
        keys: (await describeKeyRing(file)).keys.map(({ id, state, service }) => ({
          ...{ key: id, state, rows: 0, values: 0, days: 0, kept: service },
        })),
        replicas: [],
      }),
    );
    expect(await run('migrate', ['--revert'])).toMatchObject({
      code: 0,
      json: { tookBack: [expect.any(String)] },
    });
  });

  it('of the others', async () => {
    const settings = { DATABASE_URL: undefined, AUTH_JWT_SECRET: TEST_SECRET.toString() };
    expect((await run('token', [], settings)).json).toEqual({
      token: expect.stringMatching(/^[\w-]+(\.[\w-]+){2}$/) as unknown,
    });
    const document = join(folder, 'openapi.json');
    expect((await run('openapi', [document], settings)).json).toEqual({ file: document });
  });

  it.each<[string, string, string[], Settings, RegExp]>([
    ['a setting', 'keys', ['status'], { DATABASE_URL: 'wrong' }, /DATABASE_URL must be/],
    ['the key ring', 'keys', ['verify'], { KEY_RING_FILE: '/dev/null/none' }, /key ring/],
    [
      'the database',
      'audit',
      ['verify'],
      { DATABASE_URL: 'postgres://u@127.0.0.1:1/none' },
      /cannot be reached/,
    ],
    ['the database', 'migrate', [], { DATABASE_URL: 'postgres://u@127.0.0.1:1/none' }, /ECONNREFUSED/],
    ['an argument', 'keys', ['rewrap', '--rate', 'fast'], {}, /number above 0/],
    ['a command', 'keys', ['rotate'], {}, /unknown command/],
    ['no command', 'audit', [], {}, /name a command/],
    ['an option', 'token', ['--days', '0'], {}, /number from 1 to 9999/],
    ['an option', 'webhook-send', [], {}, /required option/],
    ['a secret', 'webhook-send', ['--project', 'x'], {}, /WEBHOOK_SECRET/],
    ['a file', 'openapi', ['/dev/null/openapi.json'], {}, /cannot be written/],
  ])('that says what is wrong with %s: %s', async (_, name, args, settings, message) => {
    expect(await run(name, args, settings)).toEqual(failing(message));
  });

  it('and --help of each says so', async () => {
    expect(PROGRAMS.length).toBeGreaterThan(5);
    for (const name of PROGRAMS) {
      const { code, stdout } = await runCommand(name, ['--help']);
      expect({ name, code, stdout }).toEqual({
        name,
        code: 0,
        stdout: expect.stringMatching(/ {2}--json +write one JSON/) as unknown,
      });
    }
  });
});

describe('an old Node', () => {
  it.each(PROGRAMS)('is refused by %s before anything else is loaded', async (name) => {
    // The version is what a program goes by; whatever it then loads of the project or of packages ends it.
    const old = `import { register } from 'node:module';
      Object.defineProperty(process.versions, 'node', { value: '18.20.8' });
      register('data:text/javascript,' + encodeURIComponent(\`export function resolve(name, context, next) {
        if (/^(\\\\.\\\\.?\\\\/(?!node-version)|[a-z@](?!ode:|ile:))/.test(name)) throw new Error('loads ' + name);
        return next(name, context);
      }\`));`;
    const program = runProgram(`dist/cli/${name}.js`, ['--help'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}`,
    });
    expect(await program.exit()).toBe(1);
    expect(program).toMatchObject({
      stdout: '',
      stderr:
        'This needs Node 20.18 or newer, and this is Node 18.20.8: install a newer one from https://nodejs.org.\n',
    });
  });
});

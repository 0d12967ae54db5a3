import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecretKey } from 'node:crypto';
import jsonwebtoken, { type JwtPayload } from 'jsonwebtoken';
import { readKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { cleanUp, runProgram, temporaryFolder, type Settings } from './support/process.js';
import { TEST_SECRET, startTestService } from './support/service.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(cleanUp);

/** Runs a command of the project to its end. */
async function run(name: string, args: string[], settings: Settings = {}) {
  const command = runProgram(`dist/cli/${name}.js`, args, settings);
  return { code: await command.exit(), stdout: command.stdout, stderr: command.stderr };
}

describe('npm run token', () => {
  const token = (args: string[], settings: Settings = {}) =>
    run('token', args, { DATA_DIR: folder, AUTH_JWT_SECRET: TEST_SECRET.toString(), ...settings });

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
    ['whom and how long it is told', ['--subject', 'carol', '--days', '2'], {}, { sub: 'carol' }, 2],
    ['the scopes it is told', ['--scope', 'a b'], {}, { scope: 'a b' }, 30],
    ['the scope that the service requires', [], { AUTH_REQUIRED_SCOPE: 'pay' }, { scope: 'pay' }, 30],
  ])('is for %s', async (_, args, settings, claims, days) => {
    const { stdout } = await token(args, settings);
    const payload = jsonwebtoken.verify(stdout.trimEnd(), TEST_SECRET, {
      algorithms: ['HS256'],
    }) as JwtPayload;
    expect(payload).toMatchObject(claims);
    expect(Number(payload.exp) - Number(payload.iat)).toBe(days * 86_400);
  });

  it('signs with the development secret when there is no other', async () => {
    const { stdout } = await token([], { AUTH_JWT_SECRET: undefined });
    const secret = createSecretKey(await readFile(join(folder, 'jwt-secret')));
    expect(jsonwebtoken.verify(stdout.trimEnd(), secret)).toMatchObject({ sub: 'demo-developer' });
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
    ['the days are no number', ['--days', 'soon'], {}, /number from 1 to 9999/],
    ['the days are none', ['--days', '0'], {}, /number from 1 to 9999/],
  ])('refuses when %s', async (_, args, settings, message) => {
    const { code, stdout, stderr } = await token(args, settings);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('npm run keys', () => {
  it('makes a ring for production that only its owner can read, and tells the id and the next step', async () => {
    const file = join(folder, 'ring.json');
    const { code, stdout, stderr } = await run('keys', ['generate', file]);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const ring = readKeyRingFile(file, { allowDevelopment: false });
    expect(stdout).toContain(ring.active.id);
    expect(stdout).toContain(`KEY_RING_FILE=${file}`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: { material: string }[] };
    expect(stdout).not.toContain(keys[0]?.material);
  });

  it.each([
    ['a file that is there', 'ring.json', /ring\.json exists, and a key ring is never overwritten/],
    [
      'a folder that is not there',
      join('none', 'ring.json'),
      /cannot be written \(ENOENT\); check that its folder/,
    ],
  ])('refuses %s', async (_, name, message) => {
    await writeFile(join(folder, 'ring.json'), 'as it was');

    const { code, stdout, stderr } = await run('keys', ['generate', join(folder, name)]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(await readFile(join(folder, 'ring.json'), 'utf8')).toBe('as it was');
  });
});

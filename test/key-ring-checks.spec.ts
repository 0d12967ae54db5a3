import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { KeyRing, keyId, ringKey } from '../src/payments/crypto/key-ring.js';
import { addKey, createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { KeyRingCheck } from '../src/payments/key-ring/key-ring-check.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  logOf,
  runCommand,
  runProgram,
  serviceSettings,
  temporaryFolder,
} from './support/process.js';
import { configPath, startTestService, type TestService } from './support/service.js';
import { TestTelemetry } from './support/telemetry.js';

const SECRET = fakeCredential('test_secret_key');
const roots = [randomBytes(32), randomBytes(32)] as const;
const [first, second] = roots.map(keyId) as [string, string];

/** Rings by what they do with the two keys. */
const RINGS = {
  first: new KeyRing([ringKey(roots[0], 'active')]),
  second: new KeyRing([ringKey(roots[1], 'active')]),
  firstOpensSecond: new KeyRing([ringKey(roots[0], 'active'), ringKey(roots[1], 'decrypt-only')]),
  secondOpensFirst: new KeyRing([ringKey(roots[0], 'decrypt-only'), ringKey(roots[1], 'active')]),
};

let database: TestDatabase;
let replicas: TestService[];

beforeEach(async () => {
  database = await createTestDatabase();
  replicas = [];
});
afterEach(async () => {
  await cleanUp();
  await Promise.all(replicas.map((replica) => replica.stop()));
  await database.drop();
});

/** A service on the database, with its log. */
async function start(keyRing: KeyRing): Promise<TestService & { log: () => string }> {
  const lines: string[] = [];
  const logDestination = { write: (line: string) => void lines.push(line) };
  const service = await startTestService({ database, keyRing, logLevel: 'info', logDestination });
  replicas.push(service);
  return Object.assign(service, { log: () => lines.join('') });
}

const ready = (service: TestService) => service.request('GET', '/health/ready', { subject: null });
const readiness = async (service: TestService) => (await ready(service)).status;
const check = (service: TestService) => service.app.get(KeyRingCheck).check();
const keyRows = () =>
  database.query<{ key_id: string; is_activated: boolean }>(
    'SELECT key_id, activated_at IS NOT NULL AS is_activated FROM stripe_config_keys ORDER BY first_seen_at',
  );

describe('a service whose ring lacks a key that the database has', () => {
  let right: TestService;
  let wrong: TestService & { log: () => string };
  let path: string;

  beforeEach(async () => {
    right = await start(RINGS.first);
    path = configPath(await right.createProject());
    const put = await right.request('PUT', path, { body: { test_secret_key: SECRET } });
    expect(put.status).toBe(200);
    wrong = await start(RINGS.second);
  });

  it('lives and is not ready; its log names the key, and its answer does not', async () => {
    const answer = await ready(wrong);
    expectError(answer, 503, 'dependency_unavailable');
    expect(answer.text).not.toContain(first);
    expect((await wrong.request('GET', '/health/live', { subject: null })).status).toBe(200);
    expect(wrong.log()).toMatch(
      new RegExp(
        `"event":"key_ring.mismatch","fault":"[^"]*values under key ${first}, which the key ring lacks`,
      ),
    );
  });

  it('shows masks all the same', async () => {
    const { status, json } = await wrong.request('GET', path);
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { test_secret_key_masked: expectedMask('test_secret_key', SECRET) },
    });
  });

  it('seals nothing, since nobody else could open it', async () => {
    const body = { live_secret_key: fakeCredential('live_secret_key') };
    expectError(await wrong.request('PUT', path, { body }), 503, 'dependency_unavailable');
    expect(wrong.log()).toMatch(
      new RegExp(`"dependency":"key ring",[^\n]*"explanation":"[^"]*values under key ${first}`),
    );
    expect((await right.request('GET', path)).json).toMatchObject({ live_secret_key_masked: null });
    // What seals nothing still works.
    expect((await wrong.request('DELETE', path)).status).toBe(204);
  });

  it('disturbs no service whose ring is right', async () => {
    await check(right);
    expect(await readiness(right)).toBe(200);
    expect(await keyRows()).toEqual([{ key_id: first, is_activated: true }]);
  });

  it('is ready once it holds the key', async () => {
    expect(await wrong.app.get(KeyRingCheck).replaceRing(RINGS.secondOpensFirst)).toBeUndefined();
    expect(await readiness(wrong)).toBe(200);
    const body = { live_secret_key: fakeCredential('live_secret_key') };
    expect((await wrong.request('PUT', path, { body })).status).toBe(200);
  });
});

describe('a damaged canary', () => {
  const damage = () =>
    database.query("UPDATE stripe_config_keys SET canary = overlay(canary PLACING 'damage' FROM 30)");

  it.each<[string, (canary: string) => Promise<unknown>]>([
    ['restored', (canary) => database.query('UPDATE stripe_config_keys SET canary = $1', [canary])],
    ['removed', () => database.query('DELETE FROM stripe_config_keys')],
  ])('makes a service unready at its start, until the row is %s', async (_, fix) => {
    await start(RINGS.first);
    const [row] = await database.query<{ canary: string }>('SELECT canary FROM stripe_config_keys');
    const canary = row?.canary ?? '';
    await damage();

    const service = await start(RINGS.first);
    expect(await readiness(service)).toBe(503);
    expect(service.log()).toMatch(new RegExp(`the canary of key ${first} cannot be opened`));

    await fix(canary);
    await eventually('the service is ready again', async () => (await readiness(service)) === 200);
    expect(service.log()).toContain('"event":"key_ring.verified"');
    expect(await keyRows()).toEqual([{ key_id: first, is_activated: true }]);
  });

  it('keeps a ring from being taken up', async () => {
    const service = await start(RINGS.first);
    await damage();
    expect(await service.app.get(KeyRingCheck).replaceRing(RINGS.firstOpensSecond)).toMatch(
      new RegExp(`canary of key ${first}`),
    );
    expect(await keyRows()).toHaveLength(1);
  });
});

describe('two services with different rings', () => {
  it('are both ready while one merely opens with a key that the other lacks', async () => {
    const both = [await start(RINGS.firstOpensSecond), await start(RINGS.first)];
    for (const service of both) {
      await check(service);
      expect(await readiness(service)).toBe(200);
    }
    expect(await keyRows()).toEqual(
      expect.arrayContaining([
        { key_id: first, is_activated: true },
        { key_id: second, is_activated: false },
      ]),
    );
  });

  it('are not, once that key seals', async () => {
    const ahead = await start(RINGS.firstOpensSecond);
    const behind = await start(RINGS.first);
    expect(await ahead.app.get(KeyRingCheck).replaceRing(RINGS.secondOpensFirst)).toBeUndefined();
    await check(behind);
    expect([await readiness(ahead), await readiness(behind)]).toEqual([200, 503]);
  });

  it.each<[string, KeyRing[], number, string[]]>([
    ['none when all hold the ring of the file', [RINGS.first, RINGS.first], 0, []],
    ['the one that is ahead', [RINGS.first, RINGS.firstOpensSecond], 1, [first]],
    ['the one with another active key', [RINGS.first, RINGS.secondOpensFirst], 1, [second]],
    ['the one whose ring does not fit', [RINGS.first, RINGS.second], 1, [second]],
  ])('are reported by "keys status": %s', async (_, rings, differing, activeKeys) => {
    for (const ring of rings) await start(ring);
    const file = join(await temporaryFolder(), 'ring.json');
    const key = { id: first, state: 'active', material: roots[0].toString('base64'), created_at: '' };
    await writeFile(file, JSON.stringify({ version: 1, keys: [key] }), { mode: 0o600 });

    const { code, stdout } = await runCommand('keys', ['status'], {
      KEY_RING_FILE: file,
      DATABASE_URL: database.url,
    });

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^2 replica.* minutes, ${differing} with another ring`, 'm'));
    expect([...stdout.matchAll(/whose active key is (\w+)/g)].map(([, id]) => id)).toEqual(activeKeys);
  });
});

describe('the built service', () => {
  it.each<[string, (file: string) => Promise<void>, RegExp]>([
    ['that others may write', (file) => rewrite(file, (ring) => ring, 0o622), /chmod go-w/],
    [
      'with a key of zeros',
      (file) => rewrite(file, (ring) => ({ ...ring, keys: [zeroKey()] })),
      /all one byte/,
    ],
    [
      'with two active keys',
      async (file) => {
        await addKey(file);
        await rewrite(file, (ring) => ({
          ...ring,
          keys: ring.keys.map((key) => ({ ...key, state: 'active' })),
        }));
      },
      /2 active keys/,
    ],
  ])('does not start with a ring %s, and prints no piece of a key', async (_, spoil, message) => {
    const file = join(await temporaryFolder(), 'ring.json');
    await createKeyRingFile(file);
    await spoil(file);

    const program = runProgram('dist/main.js', [], serviceSettings(database.url, file));

    expect(await program.exit()).toBe(1);
    // It listens first, and never gets to serve.
    expect(logOf(program).map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^Server listening at http:\/\/127\.0\.0\.1:\d+$/),
    ]);
    expect(program.stdout).not.toMatch(/[A-Za-z0-9+/]{20}/);
    expect(program.stderr).toMatch(/^KEY_RING_FILE: /);
    expect(program.stderr).toMatch(message);
    expect(program.stderr).not.toMatch(/[A-Za-z0-9+/]{20}/);
  });
});

interface RingFile {
  version: number;
  keys: object[];
}

async function rewrite(file: string, edit: (ring: RingFile) => RingFile, mode = 0o600): Promise<void> {
  await writeFile(file, JSON.stringify(edit(JSON.parse(await readFile(file, 'utf8')) as RingFile)));
  await chmod(file, mode);
}

function zeroKey(): object {
  const root = Buffer.alloc(32);
  return { id: keyId(root), state: 'active', material: root.toString('base64'), created_at: '' };
}

describe('the metric of the key ring', () => {
  it('is 1 no longer than a check can be said to be of now', async () => {
    const telemetry = new TestTelemetry();
    try {
      const service = await start(RINGS.first);
      const fit = async () =>
        (await telemetry.series('stripe_config.key_ring.fit')).map(({ value }) => value);
      expect(await fit()).toEqual([1]);
      const now = performance.now.bind(performance);
      const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 91_000);
      expect(await fit()).toEqual([0]);
      await check(service);
      expect(await fit()).toEqual([1]);
      later.mockRestore();
    } finally {
      jest.restoreAllMocks();
      await telemetry.stop();
    }
  });
});

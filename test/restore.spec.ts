import { randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { fakeCredential } from './support/credentials.js';
import {
  cleanUp,
  logOf,
  runCommand,
  serviceSettings,
  startListeningProcess,
  startServiceProcess,
  temporaryFolder,
} from './support/process.js';
import { configPath, type TestClient } from './support/service.js';
import { deliver } from './support/webhooks.js';

const WEBHOOK_SECRET = fakeCredential('test_webhook_secret');
const webhook = async (service: TestClient) =>
  (await deliver(service, projectId, 'test', WEBHOOK_SECRET)).status;

let database: TestDatabase;
let yesterday: string;
let folder: string;
let projectId: string;
let newKey: string;

const ring = (name: string) => join(folder, `${name}.json`);
const file = (name: string) => join(folder, name);
const put = (service: TestClient, seed: number) =>
  service.request('PUT', configPath(projectId), {
    body: { test_secret_key: fakeCredential('test_secret_key', seed), test_webhook_secret: WEBHOOK_SECRET },
  });
const command = (name: string, url: string, ringName: string, ...args: string[]) =>
  runCommand(name, args, { DATABASE_URL: url, KEY_RING_FILE: ring(ringName) });

/** Copies the database, file by file, as it is now. */
async function copy(): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: process.env.TEST_ADMIN_DATABASE_URL });
  const source = new URL(database.url).pathname.slice(1);
  await client.connect();
  try {
    await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${source}'`);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`);
  } finally {
    await client.end();
  }
  return Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
}

/** Yesterday a backup of database and ring; since then a new key, a new credential, and a checkpoint of today. */
beforeAll(async () => {
  folder = await temporaryFolder();
  database = await createTestDatabase();
  await createKeyRingFile(ring('today'));
  let service = await startServiceProcess(serviceSettings(database.url, ring('today')));
  projectId = await service.createProject();
  expect((await put(service, 1)).status).toBe(200);
  await service.stop();
  yesterday = await copy();
  copyFileSync(ring('today'), ring('yesterday'));

  const generated = await command('keys', database.url, 'today', 'generate', '--json');
  newKey = (JSON.parse(generated.stdout) as { key: string }).key;
  await command('keys', database.url, 'today', 'activate', newKey);
  service = await startServiceProcess(serviceSettings(database.url, ring('today')));
  expect((await put(service, 2)).status).toBe(200);
  await service.stop();
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file('key.pem')]);
  execFileSync('openssl', ['pkey', '-in', file('key.pem'), '-pubout', '-out', file('key.pub.pem')]);
  await command('audit', database.url, 'today', 'export', file('today.jsonl'), '--key', file('key.pem'));
});
afterAll(async () => {
  await cleanUp();
  const client = new pg.Client({ connectionString: process.env.TEST_ADMIN_DATABASE_URL });
  await client.connect();
  await client.query(`DROP DATABASE ${new URL(yesterday).pathname.slice(1)} WITH (FORCE)`);
  await client.end();
  await database.drop();
});

it('today’s database beside yesterday’s ring: the missing key is named, nothing is written, and the right ring opens all', async () => {
  const stored = () => database.query('SELECT * FROM stripe_configs');
  const before = await stored();
  const service = await startListeningProcess(serviceSettings(database.url, ring('yesterday')));
  const mismatch = await eventually('the mismatch is logged', () =>
    logOf(service).find(({ event }) => event === 'key_ring.mismatch'),
  );
  expect(mismatch.fault).toBe(
    `the database has values under key ${newKey}, which the key ring lacks; restore it from its backup`,
  );
  expect((await service.request('GET', '/health/ready', { subject: null })).status).toBe(503);
  expect((await put(service, 3)).status).toBe(503);
  // Stripe sends it again.
  expect(await webhook(service)).toBe(503);
  expect(await stored()).toEqual(before);
  const { stdout } = await command('keys', database.url, 'yesterday', 'status', '--json');
  const { keys } = JSON.parse(stdout) as { keys: { key: string; state: string }[] };
  expect(keys).toContainEqual(expect.objectContaining({ key: newKey, state: 'not in this ring' }));
  await service.stop();

  const restored = await startServiceProcess(serviceSettings(database.url, ring('today')));
  expect((await put(restored, 3)).status).toBe(200);
  expect(await webhook(restored)).toBe(200);
  await restored.stop();
  expect(await command('keys', database.url, 'today', 'verify')).toMatchObject({ code: 0 });
});

it('yesterday’s database beside today’s ring: all opens, and the checkpoint says which changes are gone', async () => {
  const service = await startServiceProcess(serviceSettings(yesterday, ring('today')));
  expect(await service.request('GET', configPath(projectId))).toMatchObject({ status: 200 });
  await service.stop();
  expect(await command('keys', yesterday, 'today', 'verify')).toMatchObject({ code: 0 });
  const checkpoint = ['--checkpoint', file('today.jsonl'), '--public-key', file('key.pub.pem')];
  const { code, stdout } = await command('audit', yesterday, 'today', 'verify', ...checkpoint);
  expect(code).toBe(1);
  expect(stdout).toContain(JSON.stringify({ projectId, version: 2, fault: 'ends before the checkpoint' }));
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import {
  cleanUp,
  ROOT,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';

/** What a host's page may load with the element, in bytes. */
const BUDGET = 40 * 1024;

let database: TestDatabase;
let keyRingFile: string;

beforeAll(async () => {
  database = await createTestDatabase();
  keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
});
afterAll(async () => {
  await cleanUp();
  await database.drop();
});

const start = (settings = {}): Promise<ServiceProcess> =>
  startServiceProcess(serviceSettings(database.url, keyRingFile, settings));

it('the page runs its own scripts and styles alone, and has none of them inside', async () => {
  const service = await start();
  const page = await fetch(service.url);
  expect(page.status).toBe(200);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/unsafe|\*/);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  const html = await page.text();
  expect(html).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son\w+=|https?:/);
  for (const [, address = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const { status, headers } = await fetch(`${service.url}/${address}`);
    expect({ address, status, type: headers.get('x-content-type-options') }).toEqual({
      address,
      status: 200,
      type: 'nosniff',
    });
  }
});

it('without it, / leads to the explorer', async () => {
  const service = await start({ UI: 'false' });
  const root = await fetch(service.url, { redirect: 'manual' });
  expect({ status: root.status, location: root.headers.get('location') }).toEqual({
    status: 302,
    location: 'docs',
  });
  expect((await fetch(`${service.url}/ui/page.js`)).status).toBe(404);
});

it('the element keeps its budget', async () => {
  const script = await readFile(join(ROOT, 'dist/ui/stripe-settings.js'));
  expect(gzipSync(script, { level: 9 }).length).toBeLessThan(BUDGET);
});

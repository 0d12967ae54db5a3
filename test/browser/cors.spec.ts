import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { launchChromium } from '../support/chromium.js';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from '../support/process.js';
import { configPath, testToken } from '../support/service.js';

/** A page of nothing, of an origin of its own. */
async function startPage(): Promise<{ server: Server; origin: string }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Admin</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let database: TestDatabase;
let service: ServiceProcess;
let browser: Browser;
let allowed: Awaited<ReturnType<typeof startPage>>;
let other: Awaited<ReturnType<typeof startPage>>;

beforeAll(async () => {
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  [allowed, other] = await Promise.all([startPage(), startPage()]);
  service = await startServiceProcess(
    serviceSettings(database.url, keyRingFile, { CORS_ORIGINS: allowed.origin }),
  );
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await cleanUp();
  await database.drop();
  for (const { server } of [allowed, other]) server.close();
});

/** What the code of a page gets for a request; undefined where the browser keeps the answer from it. */
async function askFrom(page: Page, method: string, path: string, body?: object) {
  return page.evaluate(
    async ([url, init]) => {
      const response = await fetch(url, init).catch(() => undefined);
      return (
        response && {
          status: response.status,
          etag: response.headers.get('etag'),
          json: await response.json(),
        }
      );
    },
    [
      service.url + path,
      {
        method,
        headers: {
          authorization: `Bearer ${testToken('alice')}`,
          ...(method === 'PUT' && { 'content-type': 'application/json', 'if-none-match': '*' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      },
    ] as const,
  );
}

it('a page of an origin that is named calls the service, reads its entity tags and its errors', async () => {
  const id = await service.createProject('alice');
  const page = await browser.newPage();
  await page.goto(allowed.origin);
  const body = { test_publishable_key: fakeCredential('test_publishable_key') };
  expect(await askFrom(page, 'PUT', configPath(id), body)).toMatchObject({ status: 200, etag: '"1"' });
  // There is one already.
  expect(await askFrom(page, 'PUT', configPath(id), body)).toMatchObject({
    status: 412,
    json: { code: 'version_conflict' },
  });
});

it('a page of another origin reads nothing and changes nothing', async () => {
  const id = await service.createProject('alice');
  const page = await browser.newPage();
  await page.goto(other.origin);
  const body = { test_publishable_key: fakeCredential('test_publishable_key') };
  expect(await askFrom(page, 'PUT', configPath(id), body)).toBeUndefined();
  expect(await askFrom(page, 'GET', configPath(id))).toBeUndefined();
  expect((await service.request('GET', configPath(id), { subject: 'alice' })).json).toBeNull();
});

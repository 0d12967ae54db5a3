import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { expectedMask, fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from '../support/process.js';
import { configPath, testToken } from '../support/service.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** A file to keep the last picture in, such as docs/images/explorer.png. */
const SCREENSHOT = process.env.SCREENSHOT;

let database: TestDatabase;
let service: ServiceProcess;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  if (!existsSync(CHROMIUM))
    throw new Error(`there is no Chromium at ${CHROMIUM}; install it or set CHROMIUM`);
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  service = await startServiceProcess(serviceSettings(database.url, keyRingFile));
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  page = await browser.newPage({ viewport: { width: 1200, height: 1500 } });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url) && !request.url().startsWith('data:'))
      problems.push(request.url());
  });
});

afterAll(async () => {
  await browser.close();
  await cleanUp();
  await database.drop();
});

/** Opens the explorer, authorizes with a developer's token and unfolds the PUT for a project. */
async function openPut(projectId: string): Promise<Locator> {
  await page.goto(`${service.url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const bearer = page.locator('.auth-container', { hasText: 'http, Bearer' });
  await bearer.locator('input').fill(testToken('alice'));
  await bearer.getByRole('button', { name: 'Apply credentials' }).click();
  await bearer.getByRole('button', { name: 'Close' }).click();

  const operation = page.locator('.opblock-put', { hasText: 'Update Stripe Configuration' });
  await operation.locator('.opblock-summary').click();
  await operation.locator('tr[data-param-name="project_id"] input').fill(projectId);
  return operation;
}

async function execute(operation: Locator): Promise<Locator> {
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table').first();
  await answer.waitFor();
  return answer;
}

it('lets a reader authorize, try the PUT and see masks, and shows the secret nowhere but where it was typed', async () => {
  const projectId = await service.createProject();
  const secret = fakeCredential('test_secret_key', 'explorer');
  const operation = await openPut(projectId);
  await operation
    .locator('textarea')
    .first()
    .fill(JSON.stringify({ test_secret_key: secret }));
  const answer = await execute(operation);

  expect(await answer.innerText()).toContain(expectedMask('test_secret_key', secret));
  const stored = await service.request('GET', configPath(projectId));
  expect(stored.json).toMatchObject({ has_test_credentials: true });

  const hidden = secret.slice(8, -4);
  const occurrences = (await page.content()).split(hidden).length - 1;
  expect(occurrences).toBe(await operation.locator('textarea', { hasText: hidden }).count());
  expect(problems).toEqual([]);
});

it('offers examples that work as they are', async () => {
  const operation = await openPut(await service.createProject());
  const answer = await execute(operation);
  expect(await answer.locator('.response-col_status').last().innerText()).toMatch(/^200/);
  if (SCREENSHOT !== undefined) {
    await operation.getByRole('button', { name: 'Execute' }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: SCREENSHOT });
  }
});

import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { launchChromium } from '../support/chromium.js';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  cleanUp,
  runCommand,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from '../support/process.js';
import { TEST_PUBLIC_URL, configPath, testToken, webhookPath } from '../support/service.js';
import { readEventRow } from '../support/stored-events.js';
import { LocalStripe } from '../support/stripe/local-stripe.js';

const BUSY_MACHINE_MS = 120_000;
const ACCOUNT = 'acct_browser';
const KEY = fakeCredential('test_secret_key', 'webhooks');

let stripe: LocalStripe;
let database: TestDatabase;
let service: ServiceProcess;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  stripe = await LocalStripe.start();
  stripe.addAccount({ accountId: ACCOUNT, key: KEY });
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  service = await startServiceProcess(
    serviceSettings(database.url, keyRingFile, {
      STRIPE_API_BASE: stripe.url,
      PUBLIC_BASE_URL: TEST_PUBLIC_URL,
    }),
  );
  browser = await launchChromium();
});
afterEach(() => page.context().close());
afterAll(async () => {
  await browser.close();
  await cleanUp();
  await stripe.stop();
  await database.drop();
});

/** A project whose secret key is stored, as its owner sees it. @param secrets of webhooks that were stored, one after another */
async function openProject(secrets: readonly string[] = []): Promise<string> {
  const projectId = await service.createProject();
  await service.request('PUT', configPath(projectId), { body: { test_secret_key: KEY } });
  for (const seed of secrets) {
    const body = { test_webhook_secret: fakeCredential('test_webhook_secret', seed) };
    await service.request('PUT', configPath(projectId), { body });
  }
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(BUSY_MACHINE_MS);
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const html =
    '<!doctype html><html lang="en"><title>Host</title><script type="module" src="/ui/stripe-settings.js"></script><main></main>';
  const policy = (await fetch(service.url)).headers.get('content-security-policy') ?? '';
  await page.route(`${service.url}/host`, (route) =>
    route.fulfill({ body: html, contentType: 'text/html', headers: { 'content-security-policy': policy } }),
  );
  await page.goto(`${service.url}/host`);
  const given = JSON.stringify({ projectId, projectName: 'Shop' });
  await page.evaluate(`document.querySelector('main').append(Object.assign(document.createElement('stripe-settings'),
    ${given}, { token: () => '${testToken('alice')}' }))`);
  return projectId;
}

/** Sends an event that is signed with the secret of the endpoint, by the command that people have for it. */
async function sendEvent(projectId: string, type = 'invoice.paid'): Promise<string> {
  const [endpoint] = stripe.endpoints(ACCOUNT, false);
  const sent = await runCommand('webhook-send', ['--project', projectId, '--type', type], {
    PUBLIC_BASE_URL: service.url,
    WEBHOOK_SECRET: stripe.secretOf(endpoint?.id ?? ''),
  });
  expect(sent.code).toBe(0);
  return /evt_\w+/.exec(sent.stdout)?.[0] ?? '';
}

const button = (name: string): Locator => page.getByRole('button', { name });

it('creates the endpoint, shows an event that came with its contents as text, and replays it', async () => {
  const projectId = await openProject();
  await page.getByText('Stripe has no endpoint for this address.').waitFor();
  await button('Create the endpoint for me').click();
  await page.getByText('its signing secret is stored').waitFor();
  await page.getByText('Waiting for the first event').waitFor();
  expect(stripe.endpoints(ACCOUNT, false)[0]?.url).toBe(TEST_PUBLIC_URL + webhookPath(projectId, 'test'));

  const id = await sendEvent(projectId);
  // As if a handler of an application had failed.
  await eventually('the event is handled', async () => (await readEventRow(database, id)).is_finished);
  await database.query(
    `UPDATE stripe_events SET status = 'failed', attempts = 12, last_error = 'Orders.onPaid: TypeError'`,
  );
  await button('Refresh').last().click();
  await page.getByText('The last verified event came').waitFor();
  await page.getByText('Orders.onPaid: TypeError').waitFor();

  await button(`Show contents: ${id}`).click();
  const contents = page.getByRole('region', { name: `Contents of ${id}` });
  expect(JSON.parse(await contents.innerText())).toMatchObject({ id, type: 'invoice.paid' });
  expect(await contents.locator('*').count()).toBe(0);
  await button(`Hide contents: ${id}`).click();
  await contents.waitFor({ state: 'detached' });

  await button(`Replay: ${id}`).click();
  await page.getByText(`${id} is handled again.`).waitFor();
  await eventually(
    'it is handled again',
    async () => (await readEventRow(database, id)).status === 'handled',
  );
  await page.getByLabel('Status').selectOption('failed');
  await button('Filter').click();
  await page.getByText('No events fit the filter.').waitFor();
  expect(problems).toEqual([]);
});

it('ends the overlap of a replaced secret, and deactivates once the name was typed', async () => {
  const projectId = await openProject(['first', 'second']);
  await page.getByText('is accepted until').waitFor();
  await button('End it now').click();
  await page.getByText('is not accepted any more').waitFor();
  const health = await service.request('GET', `${configPath(projectId)}/health`);
  expect(health.json).toMatchObject({ test: { webhook_secret: { previous: null } } });

  await button('Deactivate …').click();
  const word = page.getByLabel('Type Shop to confirm');
  await word.fill('Shops');
  await word.press('Enter');
  expect((await service.request('GET', configPath(projectId))).json).toMatchObject({ is_active: true });
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('The configuration is deactivated, and').waitFor();
  expect((await service.request('GET', configPath(projectId))).json).toMatchObject({ is_active: false });
  expect(problems).toEqual([]);
});

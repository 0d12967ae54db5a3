import type { Page } from 'playwright-core';
import { UPSERT } from '../../src/payments/stripe-config/upsert.statements.js';
import { expectedMask, fakeCredential } from '../support/credentials.js';
import { configPath, projectPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

const KEY = fakeCredential('test_secret_key', 'faults');
const NOT_STORED = 'Nothing was stored. What you entered is still in its fields.';
const PERHAPS =
  'It may have been stored all the same. What you entered is still in its fields; store it again to see.';

let rig: SettingsRig;
let proxy: TcpProxy;
let page: Page;
let id: string;

beforeAll(async () => {
  rig = await startSettings({}, async (url) => {
    proxy = await startTcpProxy(url);
    return proxy.url;
  });
});
beforeEach(async () => {
  await proxy.pass();
  id = await rig.service.createProject();
  page = await rig.open(id);
  await page.locator('#in-test_secret_key').fill(KEY);
});
afterEach(async () => {
  await proxy.pass();
  await page.context().close();
});
afterAll(async () => {
  await rig.stop();
  await proxy.close();
});

const put = (): string => `**${configPath(id)}`;

async function store(): Promise<void> {
  await page.getByRole('button', { name: 'Store', exact: true }).click();
}

/** What is said once something was to be stored and was not. The draft is still there. */
async function toldAfterStoring(): Promise<string> {
  await store();
  const told = page.locator('stripe-settings-credentials > section > form > div [part="fault"]');
  await told.waitFor();
  expect(await page.locator('#in-test_secret_key').inputValue()).toBe(KEY);
  return told.innerText();
}

/** Lets a change be answered by what stands in front of the service. */
function answerWith(answer: {
  status: number;
  headers?: Record<string, string>;
  json?: object;
  body?: string;
}): Promise<unknown> {
  return page.route(put(), (route) =>
    route.request().method() === 'PUT' ? route.fulfill(answer) : route.fallback(),
  );
}

/** Nothing stands in the way any more: what was entered is stored. */
async function storeAfterwards(): Promise<void> {
  await page.unroute(put());
  await store();
  await page.getByText('Stored: Secret or restricted key.').waitFor();
  const { json } = await rig.service.request('GET', configPath(id));
  expect(json).toMatchObject({ test_secret_key_masked: expectedMask('test_secret_key', KEY) });
}

it('says that the body was too large, as the service refuses it', async () => {
  await page.route(put(), (route) =>
    route.continue({ postData: JSON.stringify({ note: 'x'.repeat(200_000) }) }),
  );
  expect(await toldAfterStoring()).toBe(
    `That is far longer than credentials are. Paste one credential into each field. ${NOT_STORED}`,
  );
  await storeAfterwards();
});

it('says how long to wait where it was too often', async () => {
  await answerWith({
    status: 429,
    headers: { 'retry-after': '17' },
    json: { code: 'rate_limited', detail: 'There were too many requests.' },
  });
  expect(await toldAfterStoring()).toBe(`That was too often. Try again in 17 seconds. ${NOT_STORED}`);
  await storeAfterwards();
});

it('says that the service cannot do it while its database is away', async () => {
  await proxy.refuse();
  expect(await toldAfterStoring()).toMatch(
    new RegExp(`^The service cannot do this at the moment. Try again in \\d+ seconds. ${NOT_STORED}$`),
  );
  await proxy.pass();
  await storeAfterwards();
});

it('says that it may have been stored where the answer of the database was lost, and does not take it for somebody else’s', async () => {
  const lost = proxy.loseAnswerTo(UPSERT.name);
  expect(await toldAfterStoring()).toContain(PERHAPS);
  await lost;
  await store();
  await page.getByText('Your change may be stored already').waitFor();
  await page.getByRole('radio', { name: 'Store mine' }).check();
  await page.getByRole('button', { name: 'Store what I chose' }).click();
  await page.getByText('Stored: Secret or restricted key.').waitFor();
});

it('says that it may have been stored where a gateway gave up, or the network is away', async () => {
  await answerWith({ status: 504, body: '<h1>Gateway timeout</h1>' });
  expect(await toldAfterStoring()).toContain(PERHAPS);
  await page.unroute(put());
  await page.context().setOffline(true);
  expect(await toldAfterStoring()).toContain(`Check the connection and try again. ${PERHAPS}`);
  await page.context().setOffline(false);
  await storeAfterwards();
});

it('says how long to wait where Stripe was asked too often', async () => {
  const test = page.getByRole('button', { name: 'Test this key' });
  // As many as the service lets a project ask within a minute.
  await page.route(`**${projectPath(id, 'validate-credentials')}`, (route) =>
    route.fulfill({
      status: 504,
      json: { code: 'stripe_timeout', detail: 'Stripe did not answer in time.' },
    }),
  );
  await test.click();
  await page.getByText('Stripe did not answer in time. Try again in a minute.').waitFor();
  await page.unroute(`**${projectPath(id, 'validate-credentials')}`);
  let status = 200;
  for (let count = 0; count < 100 && status !== 429; count++) {
    const body = { secret_key: KEY, is_test_mode: true };
    status = (await rig.service.request('POST', projectPath(id, 'validate-credentials'), { body })).status;
  }
  await test.click();
  await page.getByText(/^That was too often\. Try again in \d+ seconds\.$/).waitFor();
  expect(await page.locator('#in-test_secret_key').inputValue()).toBe(KEY);
});

it('lets the browser ask before what is entered is lost, and only then', async () => {
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  // Browsers ask only where somebody has done something themselves.
  await page.locator('#in-test_secret_key').press('End');
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
  await page.locator('#in-test_secret_key').press('End');
  await page.reload();
  await page.locator('#in-test_secret_key').fill(KEY);
  await page.locator('#in-test_secret_key').press('End');
  await storeAfterwards();
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { fakeCredential } from '../support/credentials.js';
import { eventually } from '../support/eventually.js';
import { openOwnPage, signInOn } from '../support/own-page.js';
import { ROOT } from '../support/process.js';
import { configPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';
import { deliver, snapshotEvent } from '../support/webhooks.js';

/** Set: the pictures and their texts are written. */
const IS_WRITTEN = process.env.SCREENSHOTS !== undefined;
const FOLDER = join(ROOT, 'docs/images');
const ACCOUNT = 'acct_pictures';
const KEY = fakeCredential('test_secret_key', 'pictures');

let rig: SettingsRig;
let page: Page;

beforeAll(async () => {
  rig = await startSettings({ PUBLIC_BASE_URL: 'https://payments.example.com' });
  rig.stripe.addAccount({ accountId: ACCOUNT, key: KEY });
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

/** Opens the page as it is pictured: what differs from run to run, ids and times, is always the same. */
async function openForPicture(height: number, projectId?: string): Promise<void> {
  page = await openOwnPage(rig, {
    subject: 'alice',
    viewport: { width: 900, height },
    locale: 'en-US',
    timezoneId: 'UTC',
    ...(projectId !== undefined && { projectId }),
  });
  await page.route(`${rig.service.url}/api/**`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text())
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-02-03T10:00:00.000Z')
      .replaceAll(/(we|evt|req)_\w{16,}/g, '$1_1QxExample')
      .replaceAll(/(webhooks\/)[-0-9a-f]{36}/g, '$13c90c3cc-0d44-4b50-8888-8dd25736052a');
    await route.fulfill({ response, body });
  });
  await signInOn(page);
}

/**
 * Keeps a picture for the documentation, and its text beside it: by the text a test sees that the page has changed since the
 * picture was taken, which no two machines draw alike.
 */
async function picture(name: string, part?: Locator): Promise<void> {
  const shown = await (part ?? page.locator('stripe-page')).ariaSnapshot();
  // A file must not hold what looks like a credential, whatever was pasted.
  const written = shown
    .replaceAll(/(projects\/)[-0-9a-f]{36}/g, '$1…')
    .replaceAll(/\b((?:sk|rk|rkcs|pk)_(?:test|live)_|whsec_)\w{8,}/g, '$1…');
  const text = `${written}\n`;
  const file = join(FOLDER, `${name}.txt`);
  if (IS_WRITTEN) {
    await mkdir(FOLDER, { recursive: true });
    await (part ?? page).screenshot({
      path: join(FOLDER, `${name}.png`),
      animations: 'disabled',
      caret: 'hide',
    });
    await writeFile(file, text);
  }
  const kept = await readFile(file, 'utf8');
  // Take them again: SCREENSHOTS=1 npm run test:browser -- screenshots
  expect(text).toBe(kept);
}

it('pictures a wrong paste and what is said of it', async () => {
  const id = await rig.service.createProject('alice', 'Shoe shop');
  await openForPicture(620, id);
  await page.locator('#in-test_secret_key').fill(fakeCredential('live_secret_key', 'pictures'));
  await page.getByText('This is a live secret key').waitFor();
  await picture('page-paste');
});

it('pictures webhooks and events', async () => {
  const id = await rig.service.createProject('alice', 'Bag shop');
  await rig.service.request('PUT', configPath(id), { body: { test_secret_key: KEY } });
  await rig.service.request('POST', `${configPath(id)}/test/webhook-endpoint`);
  const secret = rig.stripe.secretOf(rig.stripe.endpoints(ACCOUNT, false)[0]?.id ?? '') ?? '';
  await deliver(rig.service, id, 'test', secret, snapshotEvent('test'));
  await eventually('the event is handled and the secret known to work', async () => {
    const health = await rig.service.request('GET', `${configPath(id)}/health`);
    const events = await rig.service.request('GET', configPath(id).replace('/config', '/events'));
    return health.text.includes('"verified"') && events.text.includes('"handled"');
  });
  await openForPicture(900, id);
  await page.getByText('is enabled').waitFor();
  await page.getByRole('button', { name: 'Show contents' }).waitFor();
  await picture('page-webhooks', page.getByRole('region', { name: 'Webhooks' }));
  await picture('page-events', page.getByRole('region', { name: 'Events' }));
});

it('pictures the list of projects', async () => {
  await openForPicture(560);
  await page.getByRole('link', { name: 'Bag shop' }).waitFor();
  await picture('page-projects');
});

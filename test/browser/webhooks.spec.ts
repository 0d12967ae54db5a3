import type { Locator, Page, Route } from 'playwright-core';
import type { StripeConfigHealthResponse } from '../../src/payments/config-health/config-health.dto.js';
import { fakeCredential } from '../support/credentials.js';
import { eventually } from '../support/eventually.js';
import { runCommand } from '../support/process.js';
import { TEST_PUBLIC_URL, configPath, webhookPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';
import { readEventRow } from '../support/stored-events.js';

const ACCOUNT = 'acct_browser';
const KEY = fakeCredential('test_secret_key', 'webhooks');

let rig: SettingsRig;
let page: Page;

beforeAll(async () => {
  rig = await startSettings({ PUBLIC_BASE_URL: TEST_PUBLIC_URL });
  rig.stripe.addAccount({ accountId: ACCOUNT, key: KEY });
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

const button = (name: string, within = 'main'): Locator => page.locator(within).getByRole('button', { name });

/** A project whose secret key is stored, as its owner sees it. @param secrets of webhooks that were stored, one after another */
async function openProject(secrets: readonly string[] = []): Promise<string> {
  const projectId = await rig.service.createProject();
  const stored = [
    { test_secret_key: KEY },
    ...secrets.map((seed) => ({ test_webhook_secret: fakeCredential('test_webhook_secret', seed) })),
  ];
  for (const body of stored) await rig.service.request('PUT', configPath(projectId), { body });
  page = await rig.open(projectId, { projectName: 'Shop' });
  return projectId;
}

/** Sends an event that is signed with the secret of the endpoint, by the command that people have for it. */
async function sendEvent(projectId: string, type = 'invoice.paid'): Promise<string> {
  const [endpoint] = rig.stripe.endpoints(ACCOUNT, false);
  const sent = await runCommand('webhook-send', ['--project', projectId, '--type', type], {
    PUBLIC_BASE_URL: rig.service.url,
    WEBHOOK_SECRET: rig.stripe.secretOf(endpoint?.id ?? ''),
  });
  expect(sent.code).toBe(0);
  return /evt_\w+/.exec(sent.stdout)?.[0] ?? '';
}

it('creates the endpoint, shows an event that came with its contents as text, and replays it', async () => {
  const projectId = await openProject();
  await page.getByText('Stripe has no endpoint for this address.').waitFor();
  await button('Create the endpoint for me').click();
  await page.getByText('its signing secret is stored').waitFor();
  await page.getByText('Waiting for the first event').waitFor();
  expect(rig.stripe.endpoints(ACCOUNT, false)[0]?.url).toBe(TEST_PUBLIC_URL + webhookPath(projectId, 'test'));

  const id = await sendEvent(projectId);
  await eventually('it is known that the secret works', async () => {
    const { json } = await rig.service.request('GET', `${configPath(projectId)}/health`);
    return (json as StripeConfigHealthResponse).test.webhook_secret.status === 'verified';
  });
  // As if a handler of an application had failed.
  await eventually('the event is handled', async () => (await readEventRow(rig.database, id)).is_finished);
  await rig.database.query(
    `UPDATE stripe_events SET status = 'failed', attempts = 12, last_error = 'Orders.onPaid: TypeError'`,
  );
  await button('Refresh', 'stripe-settings-events').click();
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
    async () => (await readEventRow(rig.database, id)).status === 'handled',
  );
  await page.getByLabel('Status').selectOption('failed');
  await button('Filter').click();
  await page.getByText('No events fit the filter.').waitFor();
  expect(rig.problems).toEqual([]);
});

it('ends the overlap of a replaced secret, and deactivates once the name was typed', async () => {
  const projectId = await openProject(['first', 'second']);
  await page.getByText('is accepted until').waitFor();
  await button('End it now').click();
  await page.getByText('is not accepted any more').waitFor();
  const health = await rig.service.request('GET', `${configPath(projectId)}/health`);
  expect(health.json).toMatchObject({ test: { webhook_secret: { previous: null } } });

  const deleted: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'DELETE') deleted.push(request.url());
  });
  await button('Deactivate …').click();
  const word = page.getByLabel('Type Shop to confirm');
  await word.fill('Shops');
  await word.press('Enter');
  // It says so, and has asked for nothing.
  await page.locator('#deactivation-word:invalid').waitFor();
  expect(deleted).toEqual([]);
  expect((await rig.service.request('GET', configPath(projectId))).json).toMatchObject({ is_active: true });
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('The configuration is deactivated, and').waitFor();
  expect((await rig.service.request('GET', configPath(projectId))).json).toMatchObject({ is_active: false });
  expect(rig.problems).toEqual([]);
});

it('never says that webhooks were left as they were where no answer came, and shows what has become of them', async () => {
  const projectId = await openProject(['first', 'second']);
  const unheard = async (press: Locator, method: string, within: string): Promise<void> => {
    const once = async (route: Route): Promise<void> => {
      if (route.request().method() !== method) return route.fallback();
      await page.unroute('**', once);
      await route.fetch();
      await route.fulfill({ status: 504, json: { code: 504, message: 'upstream request timeout' } });
    };
    await page.route('**', once);
    await press.click();
    await page.locator(within).getByText('It may have been done all the same: look').waitFor();
  };
  await unheard(button('End it now'), 'DELETE', 'stripe-settings-webhooks');
  await button('End it now').waitFor({ state: 'detached' });
  await unheard(button('Create the endpoint for me'), 'POST', '#endpoint-outcome-test');
  await page.getByText('is enabled.').waitFor();
  expect(rig.stripe.endpoints(ACCOUNT, false).map(({ url }) => url)).toContain(
    TEST_PUBLIC_URL + webhookPath(projectId, 'test'),
  );
  await unheard(button('Replay all that failed'), 'POST', 'stripe-settings-events');
  expect(rig.problems).toEqual([]);
});

it('offers a viewer nothing that only others may', async () => {
  const projectId = await openProject(['first', 'second']);
  await page.context().close();
  const member = `/api/v1/projects/${projectId}/members/bob`;
  await rig.service.request('PUT', member, { body: { role: 'viewer' } });
  page = await rig.open(projectId, { subject: 'bob' });
  await page.getByText('Stripe has no endpoint for this address.').waitFor();
  await page.getByText('This needs the role owner in the project.').waitFor();
  for (const name of ['Create the endpoint for me', 'End it now', 'Replay all that failed', 'Deactivate …']) {
    expect({ name, count: await page.getByRole('button', { name }).count() }).toEqual({ name, count: 0 });
  }
  expect(rig.problems).toEqual([]);
});

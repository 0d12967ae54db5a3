import type { Page } from 'playwright-core';
import type { CredentialField } from '../../src/payments/domain/credentials.js';
import { Canaries } from '../support/canaries.js';
import { configPath } from '../support/service.js';
import { NO_LEAKS, findLeaks, heapOf, notesOf } from '../support/page-leaks.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;

beforeAll(async () => {
  rig = await startSettings();
});
afterAll(() => rig.stop());

/** Types as the keyboard does: code of the test in the page would keep the value there. */
async function enter(page: Page, field: CredentialField, value: string): Promise<void> {
  await page.locator(`#in-${field}`).focus();
  await page.keyboard.insertText(value);
}

it('leaves nothing of what was pasted in the page, once it is stored, discarded, left or taken away', async () => {
  const canaries = new Canaries();
  const page = await rig.open(await rig.service.createProject());
  const seen = notesOf(page);

  for (const field of ['test_secret_key', 'test_publishable_key', 'test_webhook_secret'] as const) {
    await enter(page, field, canaries.make(field));
  }
  await page.keyboard.press('Enter');
  await page.getByText('Stored: Secret').waitFor();

  await enter(page, 'test_secret_key', canaries.make('live_secret_key'));
  await page.getByRole('button', { name: 'Discard what is entered' }).click();

  await enter(page, 'test_secret_key', canaries.make('live_secret_key'));
  await page.getByRole('button', { name: 'Move it to' }).click();
  await page.locator('#in-live_secret_key:focus').waitFor();
  await page.getByRole('tab', { name: 'Test mode' }).click();
  await page.getByRole('button', { name: 'Discard it' }).click();

  await enter(page, 'test_secret_key', canaries.make());
  await page.evaluate(
    `document.querySelector('stripe-settings').projectId = ${JSON.stringify(await rig.service.createProject())}`,
  );
  await page.getByText('No credentials are stored yet.').waitFor();

  await enter(page, 'test_secret_key', canaries.make());
  // A host may keep what it has taken out of its page.
  await page.evaluate(`(globalThis.kept = document.querySelector('stripe-settings')).remove()`);

  expect(await findLeaks(page, canaries, seen)).toEqual(NO_LEAKS);
  expect(
    canaries.find(
      await page.evaluate<string>(
        `[kept.shadowRoot.innerHTML, ...[...kept.shadowRoot.querySelectorAll('input')].map((input) => input.value)].join()`,
      ),
    ),
  ).toEqual([]);
  expect(canaries.find(rig.service.stdout + rig.service.stderr)).toEqual([]);
});

it('leaves nothing of what was sent without an answer once it is discarded, or what is stored is kept', async () => {
  const canaries = new Canaries();
  const id = await rig.service.createProject();
  const page = await rig.open(id);
  const seen = notesOf(page);
  const discard = page.getByRole('button', { name: 'Discard what is entered' });

  const address = `**${configPath(id)}`;
  await page.route(address, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    await route.fetch();
    return route.fulfill({
      status: 503,
      json: { code: 'write_outcome_unknown', detail: 'It is not known.' },
    });
  });
  for (const settle of [discardAll, keepStored]) {
    await enter(page, 'test_secret_key', canaries.make('test_secret_key'));
    await page.keyboard.press('Enter');
    await page.getByText('It may have been stored all the same').waitFor();
    await settle();
    await discard.waitFor({ state: 'detached' });
  }

  expect(await findLeaks(page, canaries, seen)).toEqual(NO_LEAKS);

  async function discardAll(): Promise<void> {
    await discard.click();
    await page.getByText('what you stored before seems to have arrived').waitFor();
  }

  async function keepStored(): Promise<void> {
    await page.unroute(address);
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByRole('radio', { name: 'Keep what is stored' }).click();
    await page.getByRole('button', { name: 'Store what I chose' }).click();
  }
});

it('would find what is still entered', async () => {
  const canaries = new Canaries();
  const page = await rig.open(await rig.service.createProject());
  await enter(page, 'test_secret_key', canaries.make());
  const cdp = await page.context().newCDPSession(page);
  const snapshot = await cdp.send('DOMSnapshot.captureSnapshot', { computedStyles: [] });
  expect(canaries.find(JSON.stringify(snapshot))).toHaveLength(1);
  await page.evaluate(
    `globalThis.kept = document.querySelector('stripe-settings').shadowRoot.querySelector('input').value`,
  );
  expect(canaries.find(await heapOf(cdp))).toHaveLength(1);
});

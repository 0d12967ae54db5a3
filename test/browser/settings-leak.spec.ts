import type { CDPSession, Page } from 'playwright-core';
import type { CredentialField } from '../../src/payments/domain/credentials.js';
import { Canaries } from '../support/canaries.js';
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

/** Everything that is reachable in the page's memory once garbage is collected. */
async function heapOf(cdp: CDPSession): Promise<string> {
  const chunks: string[] = [];
  cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.takeHeapSnapshot');
  return chunks.join('');
}

it('leaves nothing of what was pasted in the page, once it is stored, discarded, left or taken away', async () => {
  const canaries = new Canaries();
  const page = await rig.open(await rig.service.createProject());
  const seen: string[] = [];
  page.on('console', (message) => seen.push(message.text()));
  page.on('request', (request) => seen.push(request.url(), JSON.stringify(request.headers())));
  page.on('response', (response) => {
    void response.text().then(
      (text) => seen.push(text),
      () => undefined,
    );
  });

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

  const cdp = await page.context().newCDPSession(page);
  const found = {
    heap: canaries.find(await heapOf(cdp)),
    document: canaries.find(
      JSON.stringify(await cdp.send('DOMSnapshot.captureSnapshot', { computedStyles: [] })),
    ),
    kept: canaries.find(
      await page.evaluate<string>(
        `[kept.shadowRoot.innerHTML, ...[...kept.shadowRoot.querySelectorAll('input')].map((input) => input.value)].join()`,
      ),
    ),
    storage: canaries.find(
      JSON.stringify(await page.context().storageState({ indexedDB: true })) +
        (await page.evaluate<string>('JSON.stringify(sessionStorage)')),
    ),
    history: canaries.find(JSON.stringify(await cdp.send('Page.getNavigationHistory'))),
    'console and network': canaries.find(seen.join('\n')),
    log: canaries.find(rig.service.stdout + rig.service.stderr),
  };
  expect(found).toEqual({
    heap: [],
    document: [],
    kept: [],
    storage: [],
    history: [],
    'console and network': [],
    log: [],
  });
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

import type { Page } from 'playwright-core';
import { CREDENTIAL_FIELDS, type CredentialField } from '../../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from '../support/credentials.js';
import { eventually } from '../support/eventually.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';
import { configPath } from '../support/service.js';

let rig: SettingsRig;

beforeAll(async () => {
  rig = await startSettings();
});
afterAll(() => rig.stop());
beforeEach(() => rig.problems.splice(0));
afterEach(() => {
  expect(rig.problems).toEqual([]);
});

const input = (page: Page, field: CredentialField) => page.locator(`#in-${field}`);
const note = (page: Page, field: CredentialField) => page.locator(`#note-${field}`);
const store = (page: Page) => page.getByRole('button', { name: 'Store', exact: true });

/** What the service has stored of a project. */
async function stored(id: string): Promise<Record<string, unknown>> {
  return (await rig.service.request('GET', configPath(id))).json as Record<string, unknown>;
}

/** Pastes a text from the clipboard into a field. */
async function paste(page: Page, field: CredentialField, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await input(page, field).focus();
  await page.keyboard.press('Control+V');
}

it('lets a person store six credentials by the keyboard alone, each mode in its tab', async () => {
  const id = await rig.service.createProject();
  const page = await rig.open(id);
  await page.locator('body').focus();
  await page.keyboard.press('Tab');
  for (const mode of ['test', 'live'] as const) {
    if (mode === 'live') await page.keyboard.press('ArrowRight');
    for (const field of CREDENTIAL_FIELDS.filter((each) => each.startsWith(mode))) {
      await tabTo(page, `in-${field}`);
      await page.keyboard.insertText(fakeCredential(field, id));
      await note(page, field).getByText('as it should be').waitFor();
    }
    await page.keyboard.press('Enter');
    await page.getByText('Stored: Secret or restricted key, Publishable key, Webhook').waitFor();
    expect(await input(page, `${mode}_secret_key`).inputValue()).toBe('');
    await tabTo(page, `tab-${mode}`, 'Shift+Tab');
  }
  const masks = CREDENTIAL_FIELDS.map((field) => [
    `${field}_masked`,
    expectedMask(field, fakeCredential(field, id)),
  ]);
  expect(await stored(id)).toMatchObject(Object.fromEntries(masks));
});

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, id: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if ((await page.locator(`#${id}:focus`).count()) === 1) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${id} is not reached by ${key}`);
}

it('tells what was pasted and where it belongs, before anything is sent', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const sent: string[] = [];
  page.on('request', (request) => {
    // Other parts of the page may still be reading.
    if (request.method() !== 'GET') sent.push(request.method());
  });
  const key = fakeCredential('test_secret_key');
  const wrong: [string, RegExp][] = [
    [fakeCredential('live_secret_key'), /belongs in “Secret or restricted key \(Live mode\)”/],
    [fakeCredential('test_publishable_key'), /belongs in “Publishable key \(Test mode\)”/],
    [`STRIPE_KEY=${key}`, /is a setting/],
    [`${key}\n${key}`, /white space inside/],
    [`A=1\nB=${key}`, /is a setting/],
    [`"${key}"`, /in quotes/],
    [`Bearer ${key}`, /after it/],
    [`Authorization: Bearer ${key}`, /Authorization header/],
    [`{"key":"${key}"}`, /is JSON/],
    [`${key};`, /ends with a semicolon/],
    [expectedMask('test_secret_key', key), /a masked value/],
    [`${key}\u200b`, /invisible/],
    [key.slice(0, 12), /cut short/],
    [key.repeat(20), /longer than/],
    ['hello', /must start with sk_test_/],
    ['acct_12345678', /an account id/],
  ];
  for (const [text, said] of wrong) {
    await input(page, 'test_secret_key').fill('');
    await paste(page, 'test_secret_key', text);
    expect(await note(page, 'test_secret_key').innerText()).toMatch(said);
    expect(await input(page, 'test_secret_key').getAttribute('aria-invalid')).toBe('true');
  }
  expect(sent).toEqual([]);

  await store(page).click();
  expect(await page.locator('[part="problems"]:focus').innerText()).toContain('Nothing was stored yet');
  await page.locator('[part="problems"]').getByRole('button').click();
  expect(await page.locator('#in-test_secret_key:focus').count()).toBe(1);
  expect(sent).toEqual([]);
});

it('moves a value to the field where it belongs, also of the other tab, and asks before it discards others', async () => {
  const page = await rig.open(await rig.service.createProject());
  const publishable = fakeCredential('test_publishable_key');
  await input(page, 'test_secret_key').fill(publishable);
  await page.getByRole('button', { name: 'Move it to “Publishable key (Test mode)”' }).click();
  expect(await input(page, 'test_publishable_key').inputValue()).toBe(publishable);
  expect(await input(page, 'test_secret_key').inputValue()).toBe('');

  const live = fakeCredential('live_secret_key');
  await input(page, 'test_secret_key').fill(live);
  await page.getByRole('button', { name: 'Move it to “Secret or restricted key (Live mode)”' }).click();
  await page.locator('[part="leaving"]:focus').waitFor();
  await page.getByRole('button', { name: 'Discard it and go to “Live mode”' }).click();
  await eventually(
    'the value in its field',
    async () => (await input(page, 'live_secret_key').inputValue()) === live,
  );
  await page.getByRole('tab', { name: 'Test mode' }).click();
  await page.getByRole('button', { name: 'Stay here' }).click();
  await page.getByRole('button', { name: 'Discard what is entered' }).click();
  await page.getByRole('tab', { name: 'Test mode' }).click();
  expect(await input(page, 'test_publishable_key').inputValue()).toBe('');
});

it('shows at its field what only the service can know', async () => {
  const id = await rig.service.createProject();
  const secret = fakeCredential('test_webhook_secret');
  await rig.service.request('PUT', configPath(id), { body: { test_webhook_secret: secret } });
  const page = await rig.open(id, { mode: 'live' });
  await input(page, 'live_webhook_secret').fill(secret);
  await store(page).click();
  await page.locator('[part="problems"]:focus').waitFor();
  expect(await note(page, 'live_webhook_secret').innerText()).toContain('mode');
  expect(await input(page, 'live_webhook_secret').inputValue()).toBe(secret);
  expect(await stored(id)).toMatchObject({ live_webhook_secret_masked: null });
  await input(page, 'live_webhook_secret').fill(fakeCredential('live_webhook_secret', 'own'));
  await note(page, 'live_webhook_secret').getByText('as it should be').waitFor();
  await store(page).click();
  await page.getByText('Stored: Webhook signing secret.').waitFor();
});

/** Something that waits until it is let go. */
function hold(): { release: () => void; released: Promise<void> } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    released,
    release: () => {
      release();
    },
  };
}

it('keeps what is typed while it stores, and what it stored against an answer that comes late', async () => {
  const id = await rig.service.createProject();
  const [first, second] = ['first', 'second'].map((seed) => fakeCredential('test_secret_key', seed));
  const page = await rig.open(id);
  await page.route(`**${configPath(id)}/health`, (route) => route.fulfill({ status: 503, json: {} }));
  await page.reload();
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  const held = { GET: hold(), PUT: hold() };
  await page.route(`**${configPath(id)}`, async (route) => {
    const response = await route.fetch();
    await held[route.request().method() as 'GET' | 'PUT'].released;
    await route.fulfill({ response });
  });
  const early = page.waitForRequest((request) => request.url().endsWith(configPath(id)));
  await again.click();
  const late = await early;

  await input(page, 'test_secret_key').fill(first ?? '');
  await store(page).click();
  await eventually('it is stored', async () => JSON.stringify(await stored(id)) !== 'null');
  await input(page, 'test_secret_key').fill(second ?? '');
  held.PUT.release();
  await page.getByText('Stored: Secret or restricted key.').waitFor();
  expect(await input(page, 'test_secret_key').inputValue()).toBe(second);

  held.GET.release();
  await (await late.response())?.finished();
  await page.getByRole('button', { name: 'Discard what is entered' }).click();
  const mask = expectedMask('test_secret_key', first ?? '');
  expect(await page.locator('#is-test_secret_key').innerText()).toContain(`Stored: ${mask}`);
});

it('tries a key that is not stored, and shows how the stored one is', async () => {
  const id = await rig.service.createProject();
  const key = fakeCredential('test_secret_key', id);
  rig.stripe.addAccount({ accountId: 'acct_shop', key });
  const page = await rig.open(id);
  await input(page, 'test_secret_key').fill(fakeCredential('test_secret_key', 'of nobody'));
  await page.getByRole('button', { name: 'Test this key' }).click();
  await page.getByText('Stripe does not accept this key').waitFor();
  await input(page, 'test_secret_key').fill(key);
  expect(await page.getByText('Stripe does not accept this key').count()).toBe(0);
  await page.getByRole('button', { name: 'Test this key' }).click();
  await page.getByText('Stripe accepts this test key.').waitFor();
  await store(page).click();
  await page.getByText('Account acct_shop, checked').waitFor();
  await page.getByRole('button', { name: 'Ask Stripe again' }).click();
});

it('says in plain words that somebody has no role', async () => {
  const page = await rig.open(await rig.service.createProject('alice'), { subject: 'bob' });
  // Nobody without a role sees anything.
  await page.getByText('no role').waitFor();
});

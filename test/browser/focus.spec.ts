import type { Locator, Page } from 'playwright-core';
import { fakeCredential } from '../support/credentials.js';
import { focusOf } from '../support/focus.js';
import { byKeyboard, type Hands } from '../support/hands.js';
import { openOwnPage, signInOn } from '../support/own-page.js';
import { TEST_PUBLIC_URL, configPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

const KEY = fakeCredential('test_secret_key', 'focus');

let rig: SettingsRig;
let page: Page;
let hands: Hands;

beforeAll(async () => {
  rig = await startSettings({ PUBLIC_BASE_URL: TEST_PUBLIC_URL });
  rig.stripe.addAccount({ accountId: 'acct_focus', key: KEY });
});
afterEach(async () => {
  expect(rig.problems).toEqual([]);
  await page.context().close();
});
afterAll(() => rig.stop());

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const focused = (selector: string): Locator => page.locator(`${selector}:focus`);

/** A project of which a key and two webhook secrets, one after another, are stored, on the service's page. */
async function openProject(): Promise<void> {
  const id = await rig.service.createProject('alice', 'Shop');
  for (const seed of ['first', 'second']) {
    const body = { test_secret_key: KEY, test_webhook_secret: fakeCredential('test_webhook_secret', seed) };
    await rig.service.request('PUT', configPath(id), { body });
  }
  page = await openOwnPage(rig, { subject: 'alice', projectId: id });
  await signInOn(page);
  hands = byKeyboard(page);
  await page.getByRole('tab', { name: 'Test mode' }).waitFor();
  await button('Revoke').or(button('Make a token')).first().waitFor();
}

it('keeps the focus where what had it is taken away', async () => {
  await openProject();
  await hands.press(button('End it now'), page.getByText('is not accepted any more').locator('visible=true'));
  await hands.press(button('Create the endpoint for me'), page.getByText('its signing secret is stored'));
  await hands.press(button('Remove it from Stripe'), focused('[part="notice"]'));
  await hands.press(button('Cancel'), focused('.danger'));
  await hands.press(button('Remove it from Stripe'), focused('[part="notice"]'));
  await hands.press(button('Remove'), page.getByText('The endpoint was removed from Stripe.'));

  await hands.enter(page.getByLabel('Name of the token'), 'Pipeline');
  await hands.press(button('Make a token'), focused('.notice'));
  await hands.press(button('I have it'), button('Revoke Pipeline'));
  await hands.press(button('Revoke Pipeline'), button('Revoke now'));
  await hands.press(button('Cancel'), focused('button'));
  await hands.press(button('Revoke Pipeline'), button('Revoke now'));
  await hands.press(button('Revoke now'), page.getByText('Pipeline does not work any more.'));
  await hands.enter(page.getByLabel('Subject'), 'bob');
  await hands.press(button('Give role'), page.getByText('bob has the role viewer.'));
  await hands.press(button('Remove bob'), page.getByText('bob has no role'));

  await hands.press(button('Deactivate the project …'), focused('#close-word'));
  await hands.press(button('Cancel'), button('Deactivate the project …'));
  await hands.press(button('Deactivate …'), focused('#deactivation-word'));
  await page.keyboard.insertText('Shop');
  await page.keyboard.press('Enter');
  await page.getByText('The configuration is deactivated, and').waitFor();
  expect(await focusOf(page)).toMatchObject({
    name: expect.stringContaining('deactivated') as string,
    faults: [],
  });
});

it('keeps the focus where somebody leaves a place, stays, or stores by Enter in a field', async () => {
  await openProject();
  const field = page.locator('#in-test_secret_key');
  await hands.enter(field, KEY);
  await page.keyboard.press('Enter');
  await page.getByText('Stored: Secret').waitFor();
  expect(await focused('#in-test_secret_key').count()).toBe(1);

  const live = page.getByRole('tab', { name: 'Live mode' });
  await hands.enter(field, 'sk_test_1');
  await hands.press(live, focused('[part="leaving"]'));
  await hands.press(button('Stay here'), focused('#in-test_secret_key'));
  await hands.press(live, focused('[part="leaving"]'));
  await hands.press(button('Discard it and go to “Live mode”'), focused('#tab-live'));
  await hands.enter(page.locator('#in-live_secret_key'), 'sk_live_1');
  await hands.press(page.getByRole('link', { name: 'All projects' }), focused('[part="leaving"]'));
  await hands.press(button('Stay here'), focused('h2'));
  await hands.press(page.getByRole('link', { name: 'All projects' }), focused('[part="leaving"]'));
  await hands.press(button('Discard it and leave'), page.getByRole('heading', { name: 'Create a project' }));

  await page.route('**/api/v1/payments/**', (route) => route.fulfill({ status: 503, json: {} }));
  await hands.press(page.getByRole('link', { name: 'Shop' }).first(), button('Try again').first());
  await page.unroute('**/api/v1/payments/**');
  await hands.press(button('Try again').first(), page.getByRole('tab', { name: 'Test mode' }));
  await hands.press(button('Sign out'), focused('button'));
});

it('leads by Tab through the whole page in the order in which it is read, and out of it', async () => {
  await openProject();
  await page.evaluate('document.activeElement.blur()');
  const stops: { name: string; top: number; left: number; bottom: number }[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const { name, box, faults } = await focusOf(page);
    expect({ name, faults }).toEqual({ name, faults: [] });
    if (name === undefined || box === undefined || stops.length > 100) break;
    const scrolled = await page.evaluate<number>('scrollY');
    stops.push({ name, left: box.left, top: box.top + scrolled, bottom: box.bottom + scrolled });
  }
  expect(stops.length).toBeGreaterThan(20);
  expect(stops.length).toBeLessThan(100);
  const backwards = stops.filter((stop, index) => {
    const before = stops[index - 1];
    return (
      before !== undefined &&
      (stop.bottom <= before.top ||
        (stop.top < before.bottom && stop.left < before.left && stop.bottom <= before.bottom))
    );
  });
  expect(backwards).toEqual([]);
});

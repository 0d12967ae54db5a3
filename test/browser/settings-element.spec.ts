import { expectedMask, fakeCredential } from '../support/credentials.js';
import { configPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;

beforeAll(async () => {
  rig = await startSettings();
});
afterAll(() => rig.stop());

it('shows a project in which nothing is stored, under the policy of the service’s own page', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.getByRole('tab', { name: 'Test mode' }).waitFor();
  expect(await page.locator('[part="fault"]').count()).toBe(0);
  expect(rig.problems).toEqual([]);
});

it('goes from tab to tab by arrow keys', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.getByRole('tab', { name: 'Test mode' }).focus();
  await page.keyboard.press('ArrowRight');
  const open = page.getByRole('tab', { selected: true });
  expect(await open.innerText()).toBe('Live mode');
  expect(await page.locator('#tab-live:focus').count()).toBe(1);
});

it('tells a viewer what is stored and by whom, and offers nothing to change it by', async () => {
  const id = await rig.service.createProject('alice');
  const key = fakeCredential('test_secret_key');
  await rig.service.request('PUT', configPath(id), { body: { test_secret_key: key } });
  const given = await rig.service.request('PUT', `/api/v1/projects/${id}/members/bob`, {
    body: { role: 'viewer' },
  });
  expect(given.status).toBeLessThan(300);
  const page = await rig.open(id, { subject: 'bob' });
  const stored = page.locator('#is-test_secret_key');
  await stored.getByText(`Stored: ${expectedMask('test_secret_key', key)}`).waitFor();
  await stored.getByText('by alice').waitFor();
  expect(await page.locator('[part="credential"] input').count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Store', exact: true }).count()).toBe(0);
});

it('offers nothing to a viewer of a project in which nothing is stored, as the service says with its history', async () => {
  const id = await rig.service.createProject('alice');
  await rig.service.request('PUT', `/api/v1/projects/${id}/members/bob`, { body: { role: 'viewer' } });
  const page = await rig.open(id, { subject: 'bob' });
  await page.getByText('This needs the role admin in the project.').first().waitFor();
  expect(await page.locator('#in-test_secret_key').count()).toBe(0);
});

it('keeps no key of somebody who may no longer store it', async () => {
  const id = await rig.service.createProject('alice');
  const make = (role: string) =>
    rig.service.request('PUT', `/api/v1/projects/${id}/members/bob`, { body: { role } });
  await make('admin');
  const page = await rig.open(id, { subject: 'bob' });
  const input = page.locator('#in-test_secret_key');
  await input.fill(fakeCredential('test_secret_key'));
  await make('viewer');
  await page.getByRole('button', { name: 'Store', exact: true }).click();
  await page.getByText('What you entered was not stored, and is gone').waitFor();
  expect(await input.inputValue()).toBe('');
});

it.each([
  ['a host’s own reason', { message: 'invalid csrf token' }, 'answered with status 403'],
  ['a guard of the host', { code: 'access_denied', detail: 'You may not do this.' }, 'You may not do this.'],
])('keeps what is entered when it is refused for %s', async (_reason, json, said) => {
  const id = await rig.service.createProject();
  const page = await rig.open(id);
  const key = fakeCredential('test_secret_key', id);
  await page.route(`${rig.service.url}${configPath(id)}`, (route) => route.fulfill({ status: 403, json }), {
    times: 1,
  });
  await page.locator('#in-test_secret_key').fill(key);
  const store = page.getByRole('button', { name: 'Store', exact: true });
  await store.click();
  await page.getByText(said).waitFor();
  expect(await page.locator('#in-test_secret_key').inputValue()).toBe(key);
  await store.click();
  await page.getByText('Stored: Secret').waitFor();
});

it('keeps what is entered when its host moves it, and lets go of it when it stays away', async () => {
  const id = await rig.service.createProject();
  const page = await rig.open(id);
  const input = page.locator('#in-test_secret_key');
  const key = fakeCredential('test_secret_key', id);
  await input.fill(key);
  await page.evaluate(`(async () => {
    globalThis.settings = document.querySelector('stripe-settings');
    document.body.append(settings);
    settings.remove();
    await Promise.resolve();
    document.querySelector('main').append(settings);
  })()`);
  // Whatever was put off is done before.
  await page.evaluate(`new Promise((resolve) => setTimeout(resolve))`);
  expect(await input.inputValue()).toBe(key);
  await page.getByRole('button', { name: 'Store', exact: true }).click();
  await page.getByText('Stored: Secret').waitFor();

  await input.fill(key);
  await page.evaluate(`new Promise((resolve) => { settings.remove(); setTimeout(resolve); })`);
  await page.evaluate(`document.querySelector('main').append(settings)`);
  expect(await input.inputValue()).toBe('');
});

it('asks the newest function for a token, and starts anew for none of them', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.locator('#in-test_secret_key').fill('sk_test_1');
  await page.evaluate(
    `document.querySelector('stripe-settings').token = () => { window.isAsked = true; return window.testToken(); }`,
  );
  await page.getByRole('button', { name: 'Refresh' }).first().click();
  await page.waitForFunction('window.isAsked');
  expect(await page.locator('#in-test_secret_key').inputValue()).toBe('sk_test_1');
});

it('shows who changed what, page by page', async () => {
  const id = await rig.service.createProject();
  for (let change = 0; change < 21; change++) {
    await rig.service.request('PUT', configPath(id), {
      body: { test_publishable_key: fakeCredential('test_publishable_key', change) },
    });
  }
  const page = await rig.open(id);
  const changes = page.locator('[part="history"] > li');
  expect(await changes.count()).toBe(20);
  await page.getByRole('button', { name: 'Show earlier changes' }).click();
  await changes.nth(20).getByText('stored first').waitFor();
  const mask = expectedMask('test_publishable_key', fakeCredential('test_publishable_key', 0));
  await changes.nth(20).getByText(`Publishable key (Test mode): nothing → ${mask}`).waitFor();
});

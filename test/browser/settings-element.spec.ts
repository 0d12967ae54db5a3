import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;

beforeAll(async () => {
  rig = await startSettings();
});
afterAll(() => rig.stop());

it('shows a project in which nothing is stored, under the policy of the service’s own page', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.getByRole('tab', { name: 'Test mode' }).waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(rig.problems).toEqual([]);
});

it('goes from tab to tab by arrow keys', async () => {
  const page = await rig.open(await rig.service.createProject());
  await page.getByRole('tab', { name: 'Test mode' }).focus();
  await page.keyboard.press('ArrowRight');
  const open = page.getByRole('tab', { selected: true });
  expect(await open.innerText()).toBe('Live mode');
  expect(await page.locator(':focus').innerText()).toBe('Live mode');
});

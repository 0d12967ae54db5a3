import { accessibilityFaults } from '../support/accessibility.js';
import { fakeCredential } from '../support/credentials.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';
import { configPath } from '../support/service.js';

let rig: SettingsRig;

beforeAll(async () => {
  rig = await startSettings();
});
afterAll(() => rig.stop());

const LOOKS = [320, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);

it.each(LOOKS)(
  'is accessible and fits, $colorScheme and $width pixels wide',
  async ({ width, colorScheme }) => {
    const id = await rig.service.createProject();
    const body = { test_secret_key: fakeCredential('test_secret_key') };
    await rig.service.request('PUT', configPath(id), { body });
    const page = await rig.open(id, { viewport: { width, height: 900 }, colorScheme });
    // With a fault, its list, and a choice between two versions.
    await page.locator('#in-test_publishable_key').fill(fakeCredential('test_publishable_key'));
    await rig.service.request('PUT', configPath(id), {
      body: { test_publishable_key: fakeCredential('test_publishable_key', 1) },
    });
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.locator('#conflict').waitFor();
    await page.locator('#in-test_secret_key').fill('hello');

    expect(await accessibilityFaults(page)).toEqual([]);
    const tooWide = await page.evaluate(
      `[...document.querySelector('stripe-settings').shadowRoot.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => each.outerHTML)`,
    );
    expect(tooWide).toEqual([]);
    // As large as a finger.
    const small = await page.evaluate(
      `[...document.querySelector('stripe-settings').shadowRoot.querySelectorAll('button, input:not([type=radio])')].filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML)`,
    );
    expect(small).toEqual([]);
    expect(rig.problems).toEqual([]);
  },
);

it('says everything in the words and the language of the host', async () => {
  const id = await rig.service.createProject();
  const body = { test_secret_key: fakeCredential('test_secret_key') };
  await rig.service.request('PUT', configPath(id), { body });
  const page = await rig.open(id, {
    lang: 'de',
    texts: {
      test: 'Testmodus',
      live: 'Livemodus',
      label_secret_key: 'Geheimer Schlüssel',
      storedBy: 'seit {time}, von {actor}',
      cause_wrong_mode: 'Falscher Modus; erwartet: {expected}',
    },
  });
  await page.getByRole('tab', { name: 'Testmodus' }).waitFor();
  await page.getByLabel('Geheimer Schlüssel', { exact: true }).fill(fakeCredential('live_secret_key'));
  await page.getByText('Falscher Modus; erwartet: sk_test_').waitFor();
  await page.getByRole('button', { name: 'Move it to “Geheimer Schlüssel (Livemodus)”' }).waitFor();
  // As German has it; English would begin with the month.
  await page
    .locator('#is-test_secret_key')
    .getByText(/seit \d+\.\d+\.\d{4}, /)
    .waitFor();
});

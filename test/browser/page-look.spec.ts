import type { Page } from 'playwright-core';
import { fakeCredential } from '../support/credentials.js';
import { focusOf } from '../support/focus.js';
import { openOwnPage, signInOn, type OwnPageOptions } from '../support/own-page.js';
import { configPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;
let page: Page;
let id: string;

beforeAll(async () => {
  rig = await startSettings();
  id = await rig.service.createProject('alice', 'A shop with a name that is rather long');
  const body = { test_secret_key: fakeCredential('test_secret_key', 'look') };
  await rig.service.request('PUT', configPath(id), { body });
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

/** The page with a project, a wrong paste and an open question. */
async function openWith(options: Partial<OwnPageOptions>): Promise<void> {
  page = await openOwnPage(rig, { subject: 'alice', projectId: id, ...options });
  await signInOn(page);
  await page.locator('#in-test_secret_key').fill('hello');
  await page.getByRole('button', { name: 'Deactivate …' }).click();
}

const EVERYTHING = `const all = (root) => [...root.querySelectorAll('*')].flatMap((each) => [each, ...(each.shadowRoot ? all(each.shadowRoot) : [])]);`;

it('shows borders, states and the focus in forced colours, and none of them by a colour alone', async () => {
  await openWith({ forcedColors: 'active' });
  expect(await page.evaluate('matchMedia("(forced-colors: active)").matches')).toBe(true);
  const bare = await page.evaluate(
    `{ ${EVERYTHING} all(document).filter((each) => each.matches('button:not([role=tab]), input, select, textarea'))
      .filter((each) => { const { borderTopStyle, borderTopWidth } = getComputedStyle(each); return borderTopStyle === 'none' || parseFloat(borderTopWidth) < 1; })
      .map((each) => each.outerHTML); }`,
  );
  expect(bare).toEqual([]);
  const edge = (selector: string): Promise<string> =>
    page.evaluate<string>(
      `{ ${EVERYTHING} const { borderBottomWidth, borderBottomColor } = getComputedStyle(all(document).find((each) => each.matches('${selector}'))); borderBottomWidth + ' ' + borderBottomColor; }`,
    );
  expect(await edge('[role=tab][aria-selected=true]')).not.toBe(
    await edge('[role=tab][aria-selected=false]'),
  );
  // Twice as thick as that of a right one, and said in words.
  expect(await edge('#in-test_secret_key')).toMatch(/^2px/);
  expect(await edge('#in-test_publishable_key')).toMatch(/^1px/);
  await page.getByText('must start with').waitFor();
  await page.getByText(/Stored: sk_test_\.\.\./).waitFor();
  await page.keyboard.press('Tab');
  expect((await focusOf(page)).faults).toEqual([]);
});

it('moves nothing where somebody wants no motion', async () => {
  await openWith({ reducedMotion: 'reduce' });
  const moving = await page.evaluate(
    `{ ${EVERYTHING} all(document).filter((each) => { const { transitionDuration, animationName } = getComputedStyle(each);
      return animationName !== 'none' || transitionDuration.split(',').some((each) => parseFloat(each) > 0); }).map((each) => each.outerHTML); }`,
  );
  expect(moving).toEqual([]);
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);
});

// As WCAG 1.4.12 has it.
const SPACED = `{ ${EVERYTHING} for (const each of all(document.body)) {
  each.style.lineHeight = '1.5'; each.style.letterSpacing = '0.12em'; each.style.wordSpacing = '0.16em';
  if (each.matches('p')) each.style.marginBlockEnd = '2em';
} }`;

it.each([
  ['320 px wide with text spaced widely', 320, true],
  ['enlarged twice', 640, false],
])('cuts nothing off: %s', async (_name, width, isSpaced) => {
  await openWith({ viewport: { width, height: 450 } });
  if (isSpaced) await page.evaluate(SPACED);
  const faults = await page.evaluate(
    `{ ${EVERYTHING} [document.documentElement, ...all(document.body)]
      .filter((each) => each.matches('html, button, label, p, h1, h2, h3, h4, legend, summary'))
      .filter((each) => each.scrollWidth > Math.max(each.clientWidth, each.offsetWidth) + 1 || each.getBoundingClientRect().right > innerWidth + 1)
      .map((each) => each.outerHTML.slice(0, 200)); }`,
  );
  expect(faults).toEqual([]);
});

it('runs no script that is not its own, and makes no markup of texts', async () => {
  page = await rig.browser.newPage();
  await page.route(`${rig.service.url}/`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('</body>', '<script>window.injected = true</script></body>');
    await route.fulfill({ response, body });
  });
  await page.goto(rig.service.url);
  await page.locator('stripe-page main').waitFor();
  expect(await page.evaluate('typeof injected')).toBe('undefined');
  const refused = await page.evaluate(`[
    () => { document.body.innerHTML = '<b>made of a text</b>'; },
    () => { document.createElement('script').text = 'window.injected = true'; },
    () => { trustedTypes.createPolicy('anything', { createHTML: (text) => text }); },
  ].map((attempt) => { try { attempt(); return 'it was done'; } catch (error) { return error.name; } })`);
  expect(refused).toEqual(['TypeError', 'TypeError', 'TypeError']);
});

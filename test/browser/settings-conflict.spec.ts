import type { Page } from 'playwright-core';
import { expectedMask, fakeCredential } from '../support/credentials.js';
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

const [first, theirs, mine] = ['first', 'theirs', 'mine'].map((seed) =>
  fakeCredential('test_secret_key', seed),
);
const maskOf = (key = '') => expectedMask('test_secret_key', key);
const choice = (page: Page) => page.locator('[part="conflict"]');

async function store(page: Page, key = ''): Promise<void> {
  await page.locator('#in-test_secret_key').fill(key);
  await page.getByRole('button', { name: 'Store', exact: true }).click();
}

async function storedMask(id: string): Promise<unknown> {
  const { json } = await rig.service.request('GET', configPath(id));
  return (json as { test_secret_key_masked: unknown }).test_secret_key_masked;
}

/** Two people open the same project, the second is slower, and both store a key. */
async function collide(): Promise<{ id: string; slower: Page }> {
  const id = await rig.service.createProject();
  await rig.service.request('PUT', configPath(id), { body: { test_secret_key: first } });
  const [faster, slower] = [await rig.open(id), await rig.open(id)];
  await store(faster, theirs);
  await faster.getByText('Stored: Secret or restricted key.').waitFor();
  await store(slower, mine);
  await slower.locator('#conflict:focus').waitFor();
  return { id, slower };
}

it('shows both versions where somebody else was faster, and stores the person’s own when they say so', async () => {
  const { id, slower } = await collide();
  const shown = await choice(slower).innerText();
  expect(shown).toContain(`You saw: ${maskOf(first)}`);
  expect(shown).toMatch(`There is now: ${maskOf(theirs)} (by alice, `);
  expect(shown).toContain(`You enter: ${maskOf(mine)}`);
  expect(await storedMask(id)).toBe(maskOf(theirs));

  const proceed = slower.getByRole('button', { name: 'Store what I chose' });
  await proceed.click();
  await slower.getByText('Choose for each field first.').waitFor();
  await slower.getByRole('radio', { name: 'Store mine' }).check();
  await proceed.click();
  await slower.getByText('Stored: Secret or restricted key.').waitFor();
  expect(await storedMask(id)).toBe(maskOf(mine));
  expect(await choice(slower).count()).toBe(0);
});

it('keeps the others’ when the person says so, and what was entered goes', async () => {
  const { id, slower } = await collide();
  await slower.getByRole('radio', { name: 'Keep theirs' }).check();
  await slower.getByRole('button', { name: 'Store what I chose' }).click();
  await slower.getByText('Nothing of yours was stored.').waitFor();
  expect(await slower.locator('#in-test_secret_key').inputValue()).toBe('');
  expect(await storedMask(id)).toBe(maskOf(theirs));
  await slower.getByText(`Stored: ${maskOf(theirs)}`).waitFor();
});

it('loses nothing when the person goes back to the fields', async () => {
  const { slower } = await collide();
  await slower.getByRole('button', { name: 'Back to the fields' }).click();
  expect(await slower.locator('#in-test_secret_key:focus').inputValue()).toBe(mine);
});

it('says that the configuration was deactivated or made meanwhile, and by whom', async () => {
  const id = await rig.service.createProject();
  const before = await rig.open(id);
  await rig.service.request('PUT', configPath(id), { body: { test_secret_key: first } });
  await store(before, mine);
  await choice(before).getByText('Nothing was stored when you looked; alice stored').waitFor();

  const active = await rig.open(id);
  await rig.service.request('DELETE', configPath(id));
  await store(active, mine);
  await choice(active).getByText('alice deactivated the configuration').waitFor();
  await active.getByRole('radio', { name: 'Store mine' }).check();
  await active.getByRole('button', { name: 'Store what I chose' }).click();
  await active.getByText('Stored: Secret or restricted key.').waitFor();
  expect(await storedMask(id)).toBe(maskOf(mine));
});

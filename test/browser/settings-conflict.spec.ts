import type { Page, Route } from 'playwright-core';
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
  // Nothing is chosen about what is no credential.
  await slower.locator('#in-test_publishable_key').fill('pk_te');
  await slower.getByRole('radio', { name: 'Keep theirs' }).check();
  await slower.getByRole('button', { name: 'Store what I chose' }).click();
  await slower.getByText('What is stored was kept.').waitFor();
  expect(await slower.locator('#in-test_secret_key').inputValue()).toBe('');
  expect(await slower.locator('#in-test_publishable_key').inputValue()).toBe('pk_te');
  expect(await storedMask(id)).toBe(maskOf(theirs));
  await slower.getByText(`Stored: ${maskOf(theirs)}`).waitFor();
});

it('loses nothing when the person goes back to the fields, and asks again when they store', async () => {
  const { id, slower } = await collide();
  await slower.getByRole('button', { name: 'Back to the fields' }).click();
  expect(await slower.locator('#in-test_secret_key:focus').inputValue()).toBe(mine);
  await slower.getByRole('button', { name: 'Store', exact: true }).click();
  await slower.locator('#conflict:focus').waitFor();
  expect(await storedMask(id)).toBe(maskOf(theirs));
});

/** Lets requests of a page fail, as if the service could not do it at the moment. */
async function failing(page: Page, path: string): Promise<() => Promise<void>> {
  await page.route(`**${path}`, (route) =>
    route.request().method() === 'GET'
      ? route.fulfill({ status: 503, json: { code: 'dependency_unavailable', detail: 'Not now.' } })
      : route.fallback(),
  );
  return () => page.unroute(`**${path}`);
}

/** The settings of a project with a key, and that somebody else then stores theirs. */
async function openBefore(
  options: Parameters<SettingsRig['open']>[1] = {},
): Promise<{ id: string; page: Page; changeMeanwhile: () => Promise<unknown> }> {
  const id = await rig.service.createProject();
  await rig.service.request('PUT', configPath(id), { body: { test_secret_key: first } });
  const page = await rig.open(id, options);
  const changeMeanwhile = () =>
    rig.service.request('PUT', configPath(id), { body: { test_secret_key: theirs } });
  return { id, page, changeMeanwhile };
}

it('tells a change that is probably the person’s own, since no answer came to it, from somebody else’s', async () => {
  const { id, page, changeMeanwhile } = await openBefore();
  const isOwn = choice(page).getByText('probably your own change');
  // It is stored, and its answer lost.
  await page.route(
    `${rig.service.url}${configPath(id)}`,
    async (route) => {
      await route.fetch();
      await route.fulfill({ status: 503, json: { code: 'write_outcome_unknown', detail: 'Try again.' } });
    },
    { times: 1 },
  );
  await store(page, mine);
  await page.getByText('It is not known whether this was done.').waitFor();
  await page.getByRole('button', { name: 'Store', exact: true }).click();
  await page.getByRole('heading', { name: 'Your change may be stored already' }).waitFor();
  await isOwn.waitFor();
  await page.getByRole('radio', { name: 'Keep what is stored' }).check();
  await page.getByRole('button', { name: 'Store what I chose' }).click();
  await page.getByText('What is stored was kept.').waitFor();
  expect(await storedMask(id)).toBe(maskOf(mine));

  // It is lost, and somebody else stores something.
  await page.route(`${rig.service.url}${configPath(id)}`, (route) => route.abort(), { times: 1 });
  await store(page, first);
  await page.getByText('The service cannot be reached.').waitFor();
  await changeMeanwhile();
  await page.getByRole('button', { name: 'Store', exact: true }).click();
  await page.getByRole('heading', { name: 'Somebody else was faster' }).waitFor();
  expect(await isOwn.count()).toBe(0);
});

/** What the page may get in place of the answer to a change that was made. */
const LOST: [string, (route: Route) => Promise<void>][] = [
  ['nothing came', (route) => route.abort()],
  [
    'a gateway answered with a code of its own',
    (route) => route.fulfill({ status: 504, json: { code: 504, message: 'upstream request timeout' } }),
  ],
  [
    'the answer broke off',
    (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"project_id":"5' }),
  ],
];

/** Lets a change of a page reach the service and be made, and its answer be lost. */
async function loseAnswer(page: Page, id: string, lose: (route: Route) => Promise<void>, method = 'PUT') {
  const url = `${rig.service.url}${configPath(id)}`;
  const once = async (route: Route): Promise<void> => {
    if (route.request().method() !== method) return route.fallback();
    await page.unroute(url, once);
    await route.fetch();
    await lose(route);
  };
  await page.route(url, once);
}

/** Stores a key of which the page does not know that it was stored. */
async function storeUnheard(lose = LOST[0]?.[1] ?? (() => Promise.resolve())) {
  const { id, page } = await openBefore();
  await loseAnswer(page, id, lose);
  await store(page, mine);
  await page.getByText('It may have been stored all the same.').waitFor();
  return { id, page };
}

const storeAgain = (page: Page) => page.getByRole('button', { name: 'Store', exact: true }).click();
const mayBeOwn = (page: Page) =>
  page.getByRole('heading', { name: 'Your change may be stored already' }).waitFor();

it.each(LOST)(
  'says that a key may have been stored where %s, and knows it when it is tried again',
  async (_name, lose) => {
    const { page } = await storeUnheard(lose);
    await storeAgain(page);
    await mayBeOwn(page);
  },
);

it('shows what was stored without an answer once what was entered is discarded', async () => {
  const { id, page } = await storeUnheard();
  const mend = await failing(page, configPath(id));
  const discard = page.getByRole('button', { name: 'Discard what is entered' });
  await discard.click();
  await page.getByText('gone from its fields. It may have been stored all the same').waitFor();
  await mend();
  await page.locator('#in-test_secret_key').fill('sk_te');
  await discard.click();
  await page.getByText('what you stored before seems to have arrived').waitFor();
  await page.getByText(`Stored: ${maskOf(mine)}`).waitFor();
});

it('does not say that it is stored where somebody has stored another one since', async () => {
  const { id, page } = await storeUnheard();
  const body = { test_secret_key: fakeCredential('test_secret_key') };
  await rig.service.request('PUT', configPath(id), { body });
  await page.getByRole('button', { name: 'Discard what is entered' }).click();
  await page.getByText('gone from its fields. It may have been stored all the same').waitFor();
  await page.getByText(`Stored: ${maskOf(body.test_secret_key)}`).waitFor();
});

it('knows a key that was stored without an answer under a colleague’s change, and after the field was empty', async () => {
  const { id, page } = await storeUnheard();
  const body = { test_publishable_key: fakeCredential('test_publishable_key') };
  await rig.service.request('PUT', configPath(id), { body });
  await page.locator('#in-test_secret_key').fill('');
  await page.locator('#in-test_secret_key').fill(mine ?? '');
  await storeAgain(page);
  await mayBeOwn(page);
  await choice(page).getByText('probably your own change').waitFor();
});

it('does not say that nothing was stored, or who was faster, while that cannot be read', async () => {
  const { id, page } = await storeUnheard();
  const mend = await failing(page, configPath(id));
  await storeAgain(page);
  await page.getByText('perhaps by you. What you stored before may have been stored all the same.').waitFor();
  await mend();
  const historyPath = `**${configPath(id)}/history*`;
  await page.route(historyPath, (route) => route.abort());
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'What is stored has changed' }).waitFor();
  await page.unroute(historyPath);
});

it('knows a deactivation to which no answer came', async () => {
  const { id, page } = await openBefore({ projectName: 'Shop' });
  const [, lose] = LOST[0] ?? [];
  await loseAnswer(page, id, lose ?? (() => Promise.resolve()), 'DELETE');
  const mend = await failing(page, configPath(id));
  await page.locator('#in-test_publishable_key').fill(fakeCredential('test_publishable_key'));
  await page.getByRole('button', { name: 'Deactivate …' }).click();
  const word = page.getByLabel('Type Shop to confirm');
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('It may have been done all the same: look').waitFor();
  await mend();
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('is deactivated, and its credentials are erased, probably by you').waitFor();
  expect(await page.locator('#in-test_publishable_key').inputValue()).toBe('');
});

it('asks also where the other version could be read only later', async () => {
  const { id, page, changeMeanwhile } = await openBefore();
  await changeMeanwhile();
  const mend = await failing(page, configPath(id));
  await store(page, mine);
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await mend();
  await page.getByRole('button', { name: 'Try again' }).click();
  await choice(page)
    .getByText(`There is now: ${maskOf(theirs)}`)
    .waitFor();
  expect(await storedMask(id)).toBe(maskOf(theirs));
});

it('shows what is stored where its health cannot be read, and asks where a later reading finds another version', async () => {
  const { id, page, changeMeanwhile } = await openBefore();
  const mend = await failing(page, `${configPath(id)}/health`);
  await page.reload();
  await page.getByText(`Stored: ${maskOf(first)}`).waitFor();
  await page.getByText('is not known at the moment').waitFor();
  await page.locator('#in-test_secret_key').fill(mine ?? '');
  await changeMeanwhile();
  await mend();
  await page.getByRole('button', { name: 'Try again' }).click();
  await choice(page)
    .getByText(`You saw: ${maskOf(first)}`)
    .waitFor();
  expect(await page.getByText('is not known at the moment').count()).toBe(0);
});

it('lets the person confirm a deactivation again after somebody else’s change, and forgets what was entered', async () => {
  const { id, page, changeMeanwhile } = await openBefore({ projectName: 'Shop' });
  await page.locator('#in-test_publishable_key').fill(fakeCredential('test_publishable_key'));
  await changeMeanwhile();
  await page.getByRole('button', { name: 'Deactivate …' }).click();
  const word = page.getByLabel('Type Shop to confirm');
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('Somebody else has changed this meanwhile').waitFor();
  await page.getByText(`Stored: ${maskOf(theirs)}`).waitFor();
  expect(await word.inputValue()).toBe('');
  await word.fill('Shop');
  await word.press('Enter');
  await page.getByText('The configuration is deactivated, and').waitFor();
  expect(await page.locator('#in-test_publishable_key').inputValue()).toBe('');
  expect(await choice(page).count()).toBe(0);
  expect((await rig.service.request('GET', configPath(id))).json).toMatchObject({ is_active: false });
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

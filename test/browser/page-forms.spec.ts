import type { Locator, Page } from 'playwright-core';
import { fakeCredential } from '../support/credentials.js';
import { openOwnPage, signInOn } from '../support/own-page.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;
let page: Page;

beforeAll(async () => {
  rig = await startSettings();
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

const button = (name: string): Locator => page.getByRole('button', { name });

async function open(subject: string, projectId?: string): Promise<void> {
  page = await openOwnPage(rig, { subject, ...(projectId !== undefined && { projectId }) });
  await signInOn(page);
}

/** What a field says that was refused, which has the focus. */
async function refusalOf(field: Locator): Promise<string | null> {
  await field.and(page.locator('[aria-invalid="true"]:focus')).waitFor();
  const [id = ''] = (await field.getAttribute('aria-describedby'))?.split(' ') ?? [];
  return page.locator(`#${id}`).textContent();
}

const UNSEEN = 'The text has characters that cannot be seen or stored; type it instead of pasting it.';

it('says at its field why a project was refused, and takes a name with joiners, which confirms', async () => {
  await open('forms-project');
  const [name, description] = [page.getByLabel('Name'), page.getByLabel('Description')];
  await name.fill('Sho\u200bp');
  await button('Create').click();
  expect(await refusalOf(name)).toBe(UNSEEN);
  await page.getByText('Some of it was refused; the fields say why.').waitFor();

  await name.fill('می\u200cخواهم');
  await description.fill(fakeCredential('test_secret_key', 'forms'));
  await button('Create').click();
  expect(await refusalOf(description)).toMatch(/^This holds a credential/);
  expect(await name.getAttribute('aria-invalid')).toBe('false');
  await description.fill('');
  await button('Create').click();

  await button('Deactivate the project …').click();
  await page.locator('#close-word').fill('میخواهم');
  await button('Deactivate').last().click();
  await page.getByRole('listitem').filter({ hasText: 'deactivated' }).waitFor();
  expect(rig.problems).toEqual([]);
});

it('says at its field why a token or a member was refused', async () => {
  await open('forms-token', await rig.service.createProject('forms-token', 'Shoes'));
  const name = page.getByLabel('Name of the token');
  await name.fill('a\u200bb');
  await button('Make a token').click();
  expect(await refusalOf(name)).toMatch(/cannot be seen or stored\.$/);
  const subject = page.getByLabel('Subject');
  await subject.fill('service-token:x');
  await button('Give role').click();
  expect(await refusalOf(subject)).toMatch(/^This must be the sub/);
  expect(rig.problems).toEqual([]);
});

it('keeps the chosen projects while they are hidden, and names the one that was refused', async () => {
  const id = await rig.service.createProject('forms-choice', 'Shoes');
  const gone = await rig.service.createProject('forms-choice', 'Bags');
  await rig.service.createProject('forms-choice', 'Hats');
  await open('forms-choice', id);
  const summary = page.locator('summary', { hasText: 'Further projects' });
  await summary.click();
  await page.getByLabel('Bags').check();
  await page.getByLabel('Hats').check();
  await summary.click();
  await page.getByText('Further projects: 2 chosen').waitFor();
  await rig.service.request('DELETE', `/api/v1/projects/${gone}`, { subject: 'forms-choice' });
  await page.getByLabel('Name of the token').fill('Pipeline');
  await button('Make a token').click();
  await page.getByText('Bags: There is no such project, or it was deactivated.').waitFor();

  await summary.click();
  await page.getByLabel('Bags').uncheck();
  await button('Make a token').click();
  await button('I have it').click();
  await page.getByText('Pipeline · Viewer, also for other projects').waitFor();
  expect(await summary.innerText()).toBe('Further projects');
  expect(rig.problems).toEqual([]);
});

it('never advises to make a second time what may have been made', async () => {
  await rig.service.createProject('forms-twice', 'Shoes');
  await open('forms-twice');
  const loseAnswer = (address: string) =>
    page.route(address, async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      await route.fetch();
      return route.fulfill({ status: 503, json: { code: 'write_outcome_unknown', detail: 'Unknown.' } });
    });
  const said = page.getByText(/^It is not known .* look in the list first\.$/);
  await loseAnswer('**/api/v1/projects');
  await page.getByLabel('Name').fill('Bags');
  await button('Create').click();
  await said.waitFor();
  await page.getByRole('link', { name: 'Bags' }).click();

  await loseAnswer('**/service-tokens');
  await page.getByLabel('Name of the token').fill('Pipeline');
  await button('Make a token').click();
  await said.waitFor();
  await button('Revoke Pipeline').waitFor();
  expect(await page.getByText('does no harm').count()).toBe(0);
});

import type { Locator, Page } from 'playwright-core';
import { fakeCredential } from '../support/credentials.js';
import { eventually } from '../support/eventually.js';
import { openOwnPage, signInOn } from '../support/own-page.js';
import { configPath, type TestResponse } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

let rig: SettingsRig;
let page: Page;

beforeAll(async () => {
  rig = await startSettings();
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

const button = (name: string): Locator => page.getByRole('button', { name });

async function openPage(subject: string, projectId?: string): Promise<void> {
  page = await openOwnPage(rig, { subject, ...(projectId !== undefined && { projectId }) });
}

it('lets somebody sign in, create a project, open it, deactivate it and sign out', async () => {
  await openPage('page-owner');
  expect(await page.getByRole('button').count()).toBe(1);
  await signInOn(page);
  await page.getByText('You have no projects yet').waitFor();
  await page.getByLabel('Name').fill('Shoes <b>');
  await button('Create').click();

  await page.getByRole('heading', { name: 'Shoes <b>' }).waitFor();
  expect(new URL(page.url()).hash).toMatch(/^#\/projects\/[-0-9a-f]{36}$/);
  await page.getByRole('tab', { name: 'Live mode' }).waitFor();

  await button('Deactivate the project …').click();
  await page.getByLabel('Type Shoes <b> to confirm').fill('Shoes <b>');
  await button('Deactivate').last().click();
  await page.getByRole('listitem').filter({ hasText: 'deactivated' }).waitFor();
  await button('Sign out').click();
  await page.getByText('You are signed out.').waitFor();
  expect(await page.getByText('Shoes').count()).toBe(0);
  expect(rig.problems).toEqual([]);
});

it('says that a session has ended, and keeps what was typed when somebody signs in again', async () => {
  const id = await rig.service.createProject('page-expiry', 'Bags');
  await openPage('page-expiry', id);
  await signInOn(page);
  await button('Deactivate the project …').click();
  const word = page.getByLabel('Type Bags to confirm');
  await word.fill('Bags');
  await page.evaluate(`session.token = async () => { throw new Error('over'); }`);
  await word.press('Enter');
  await page.getByText('Your session has ended.').waitFor();

  await button('Sign in again').click();
  await page.getByText('Your session has ended.').waitFor({ state: 'detached' });
  await word.press('Enter');
  await page.getByRole('heading', { name: 'Projects', exact: true }).waitFor();
  expect(rig.problems).toEqual([]);
});

it('goes on with the new session where the old one was asked for a token before', async () => {
  const id = await rig.service.createProject('page-replaced', 'Belts');
  await openPage('page-replaced', id);
  await signInOn(page);
  await button('Deactivate the project …').click();
  const word = page.getByLabel('Type Belts to confirm');
  await word.fill('Belts');
  await page.evaluate(`{
    const { session } = window;
    session.token = () => new Promise((_, reject) => { session.forget = () => reject(new Error('over')); });
    session.dispatchEvent(new Event('ended'));
  }`);
  await word.press('Enter');
  await button('Sign in again').click();
  await page.getByRole('heading', { name: 'Projects', exact: true }).waitFor();
  expect(await button('Sign in again').count()).toBe(0);
  expect(rig.problems).toEqual([]);
});

it('sends nothing that one person has begun as somebody else', async () => {
  const id = await rig.service.createProject('page-first', 'Coats');
  await openPage('page-first', id);
  await signInOn(page);
  await page.locator('#in-test_secret_key').fill(fakeCredential('test_secret_key', id));
  let refuse = (): void => undefined;
  const held = new Promise<void>((resolve) => (refuse = resolve));
  let tries = 0;
  await page.route(`${rig.service.url}${configPath(id)}`, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    tries += 1;
    await held;
    return route.fulfill({ status: 401, json: {} });
  });
  await button('Store').click();
  await eventually('the key is on its way', () => Promise.resolve(tries === 1));

  await page.evaluate(`{
    document.querySelector('stripe-page').signIn.again = async () =>
      Object.assign(new EventTarget(), { subject: 'page-second', name: 'Bob', token: async () => 'another', forget: () => {}, signOut: async () => {} });
    session.dispatchEvent(new Event('ended'));
  }`);
  await button('Sign in again').click();
  await page.getByText('what Alice had entered is gone').waitFor();
  const refused = page.waitForResponse((response) => response.request().method() === 'PUT');
  refuse();
  await (await refused).finished();
  // Another request of the page's is answered after what the refused one led to was sent.
  await page.evaluate(`fetch('docs')`);
  expect(tries).toBe(1);
});

it('asks before what is entered is lost on the way to another address', async () => {
  const id = await rig.service.createProject('page-drafts', 'Boots');
  await openPage('page-drafts');
  await signInOn(page);
  await page.getByRole('link', { name: 'Boots' }).click();
  const input = page.locator('#in-test_secret_key');
  await input.fill('sk_test_1');
  const asked = page.locator('[part="leaving"]:focus');
  const entries = () => page.evaluate<[number, number]>('[history.length, history.state.place]');
  const [length, place] = await entries();
  for (const go of [() => page.getByRole('link', { name: 'All projects' }).click(), () => page.goBack()]) {
    await go();
    await asked.waitFor();
    expect(new URL(page.url()).hash).toBe(`#/projects/${id}`);
    await button('Stay here').click();
    expect(await input.inputValue()).toBe('sk_test_1');
    // The link alone has made an entry, which is ahead.
    expect(await entries()).toEqual([length + 1, place]);
  }
  await page.goBack();
  await button('Discard it and leave').click();
  await page.getByRole('heading', { name: 'Projects', exact: true }).waitFor();
  await eventually('the browser is where it was before', async () => (await entries())[1] === place - 1);
  expect(await entries()).toEqual([length + 1, place - 1]);
  await page.goForward();
  await page.getByRole('heading', { name: 'Boots' }).waitFor();
  expect(await input.inputValue()).toBe('');
  expect(rig.problems).toEqual([]);
});

it('offers no fields to a viewer of a project in which nothing is stored', async () => {
  const id = await rig.service.createProject('page-viewed', 'Socks');
  const member = `/api/v1/projects/${id}/members/page-viewer`;
  await rig.service.request('PUT', member, { subject: 'page-viewed', body: { role: 'viewer' } });
  await openPage('page-viewer', id);
  await signInOn(page);
  await page.getByText('This needs the role admin in the project.').first().waitFor();
  expect(await page.locator('[part="credential"] input').count()).toBe(0);
});

it('gives and takes roles', async () => {
  const id = await rig.service.createProject('page-roles', 'Hats');
  await openPage('page-roles', id);
  await signInOn(page);
  await page.getByLabel('Subject').fill('somebody|else');
  await page.locator('stripe-page-members').getByLabel('Role').selectOption('admin');
  await button('Give role').click();
  await page.getByText('somebody|else has the role admin.').waitFor();
  const shown = await rig.service.request('GET', `/api/v1/projects/${id}`, { subject: 'somebody|else' });
  expect(shown.json).toMatchObject({ role: 'admin' });
  await button('Remove somebody|else').click();
  await page.getByText('somebody|else has no role').waitFor();
  expect(rig.problems).toEqual([]);
});

it('makes a service token that is shown once, and revokes it', async () => {
  const id = await rig.service.createProject('page-tokens', 'Gloves');
  await openPage('page-tokens', id);
  await signInOn(page);
  await page.getByLabel('Name of the token').fill('Pipeline');
  await button('Make a token').click();
  const token = await page.getByLabel('New token').getByRole('textbox').inputValue();
  const asToken = (): Promise<TestResponse> =>
    rig.service.request('GET', configPath(id), {
      subject: null,
      headers: { authorization: `Bearer ${token}` },
    });
  expect((await asToken()).status).toBe(200);
  await button('I have it').click();
  expect(await page.getByLabel('New token').count()).toBe(0);

  await button('Revoke Pipeline').click();
  await button('Revoke now').click();
  await page.getByText('Pipeline does not work any more.').waitFor();
  await eventually('it is refused', async () => (await asToken()).status === 401);
  expect(rig.problems).toEqual([]);
});

it('makes a service token for several projects, and takes this one from it or ends it everywhere', async () => {
  const ids: string[] = [];
  for (const name of ['Hats', 'Scarves']) ids.push(await rig.service.createProject('page-shared', name));
  const [id = '', other = ''] = ids;
  await openPage('page-shared', id);
  await signInOn(page);
  const make = async (name: string): Promise<string> => {
    await page.getByLabel('Name of the token').fill(name);
    await page.getByText('Further projects').click();
    await page.getByLabel('Scarves · Owner').check();
    expect(await page.getByRole('checkbox').count()).toBe(1);
    await button('Make a token').click();
    const token = await page.getByLabel('New token').getByRole('textbox').inputValue();
    await button('I have it').click();
    await page.getByText(`${name} · Viewer, also for other projects`).waitFor();
    return token;
  };
  const asToken = async (token: string, project: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await rig.service.request('GET', configPath(project), { subject: null, headers })).status;
  };

  const taken = await make('Pipeline');
  await button('Revoke Pipeline').click();
  await button('Revoke for this project').click();
  await page.getByText('Pipeline does not work in this project any more.').waitFor();
  expect([await asToken(taken, id), await asToken(taken, other)]).toEqual([403, 200]);

  const ended = await make('Terraform');
  await button('Revoke Terraform').click();
  await button('Revoke everywhere').click();
  await page.getByText('Terraform does not work any more.').waitFor();
  expect([await asToken(ended, id), await asToken(ended, other)]).toEqual([401, 401]);

  // Another admin of the project alone.
  await rig.service.request('PUT', `/api/v1/projects/${id}/members/page-admin`, {
    subject: 'page-shared',
    body: { role: 'admin' },
  });
  await make('Script');
  await page.context().close();
  await openPage('page-admin', id);
  await signInOn(page);
  await page.getByText('Further projects').click();
  await page.getByText('You are admin of no other project.').waitFor();
  await button('Revoke Script').click();
  await button('Revoke for this project').waitFor();
  expect(await button('Revoke everywhere').count()).toBe(0);
  expect(rig.problems).toEqual([]);
});

it('offers as further projects of a token those whose role is enough, and tells them apart', async () => {
  const make = (subject: string, name: string, description: string | null) =>
    rig.service
      .request('POST', '/api/v1/projects', { subject, body: { name, description } })
      .then(({ json }) => (json as { id: string }).id);
  const another = await make('page-choice-owner', 'Coats', null);
  const id = await make('page-choice', 'Hats', null);
  await make('page-choice', 'Hats', 'For winter');
  const other = await make('page-choice', 'Coats', null);
  await rig.service.request('PUT', `/api/v1/projects/${another}/members/page-choice`, {
    subject: 'page-choice-owner',
    body: { role: 'admin' },
  });
  await openPage('page-choice', id);
  await signInOn(page);
  await page.getByText('Further projects').click();
  const offered = async () => (await page.locator('fieldset label').allInnerTexts()).toSorted();
  const [winter, asOwner, asAdmin] = [
    'Hats · For winter · owner',
    `Coats · ${other.slice(0, 8)} · owner`,
    `Coats · ${another.slice(0, 8)} · admin`,
  ];
  await page.getByLabel(asAdmin).check();
  expect(await offered()).toEqual([winter, asOwner, asAdmin].toSorted());

  await page.getByLabel('Role of the token').selectOption('owner');
  expect(await offered()).toEqual([winter, asOwner].toSorted());
  // What is not offered any more is not chosen, nor is another one in its place.
  expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(0);
  await page.getByLabel(winter).check();
  await page.getByLabel('Role of the token').selectOption('admin');
  expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(1);
  expect(await page.getByLabel(winter).isChecked()).toBe(true);
  expect(rig.problems).toEqual([]);
});

it('says why a subject of dots alone gets no role, and asks the service for nothing', async () => {
  const id = await rig.service.createProject('page-dots', 'Belts');
  await openPage('page-dots', id);
  await signInOn(page);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PUT') sent.push(request.url());
  });
  const subject = page.getByLabel('Subject');
  for (const dots of ['.', '..']) {
    await subject.fill(dots);
    await button('Give role').click();
    await page.locator('input[name="subject"]:invalid:focus').waitFor();
    // The browser shows both, one below the other.
    const said = await subject.evaluate((input: { validationMessage: string; title: string }) => [
      input.validationMessage,
      input.title,
    ]);
    expect(said).toEqual([
      'Please match the requested format.',
      'A subject of one or two dots alone cannot be a member.',
    ]);
  }
  expect(sent).toEqual([]);
  await subject.fill('...');
  await button('Give role').click();
  await page.getByText('... has the role viewer.').waitFor();
  expect(rig.problems).toEqual([]);
});

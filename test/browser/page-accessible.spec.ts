import type { Locator, Page } from 'playwright-core';
import { faultsInAllLooks } from '../support/accessibility.js';
import { fakeCredential } from '../support/credentials.js';
import { openOwnPage, signInOn } from '../support/own-page.js';
import { runCommand } from '../support/process.js';
import { configPath } from '../support/service.js';
import { startSettings, type SettingsRig } from '../support/settings-page.js';

const SUBJECT = 'accessible';
const SECRET = fakeCredential('test_webhook_secret', 'accessible');

let rig: SettingsRig;
let page: Page;
let id: string;

const button = (name: string | RegExp): Locator => page.getByRole('button', { name });

/** A project with keys, a member and an event, beside another one. */
beforeAll(async () => {
  rig = await startSettings();
  const ask = (method: string, path: string, body: object) =>
    rig.service.request(method, path, { subject: SUBJECT, body });
  id = await rig.service.createProject(SUBJECT, 'A shop with a name that is rather long');
  await rig.service.createProject(SUBJECT, 'Another');
  const secret_key = fakeCredential('test_secret_key', 'accessible');
  await ask('PUT', configPath(id), { test_secret_key: secret_key, test_webhook_secret: SECRET });
  await ask('PUT', `/api/v1/projects/${id}/members/a-colleague`, { role: 'viewer' });
  await runCommand('webhook-send', ['--project', id, '--type', 'invoice.paid'], {
    PUBLIC_BASE_URL: rig.service.url,
    WEBHOOK_SECRET: SECRET,
  });
});
afterEach(() => page.context().close());
afterAll(() => rig.stop());

/** Everything that can be open at once is seen at one stop: a look takes its time. */
async function seeAt(stop: string): Promise<void> {
  expect({ stop, faults: await faultsInAllLooks(page) }).toEqual({ stop, faults: [] });
}

it('is accessible and scrolls in one direction alone: the list, a project, its members, tokens and events', async () => {
  page = await openOwnPage(rig, { subject: SUBJECT });
  await seeAt('the beginning');
  await signInOn(page);
  const link = page.getByRole('link', { name: 'A shop with' });
  await link.waitFor();
  await seeAt('the list of projects');

  await link.click();
  await button(/^Show contents/).click();
  await page.getByRole('region', { name: /^Contents of/ }).waitFor();
  await button('Deactivate the project …').click();
  await button('Deactivate …').click();
  await button('Remove a-colleague').waitFor();
  await page.getByLabel('Name of the token').fill('Pipeline');
  await page.getByText('Further projects').click();
  await page.getByRole('checkbox').check();
  await seeAt('a project with the contents of an event, both confirmations and further projects of a token');

  await button('Make a token').click();
  await page.getByRole('group', { name: 'New token' }).waitFor();
  await button('Revoke Pipeline').click();
  await button('Revoke everywhere').waitFor();
  await seeAt('a new token, and the question how to revoke it');
  expect(rig.problems).toEqual([]);
});

it('is accessible and scrolls in one direction alone: a fault, a conflict, leaving, and the end of a session', async () => {
  page = await openOwnPage(rig, { subject: SUBJECT, projectId: id });
  await signInOn(page);
  await page.locator('#in-test_publishable_key').fill(fakeCredential('test_publishable_key', 'mine'));
  const json = { code: 'dependency_unavailable', detail: 'The database does not answer.' };
  const answer = { status: 503, headers: { 'retry-after': '7' }, json };
  await page.route(`**${configPath(id)}`, (route) => route.fulfill(answer), { times: 1 });
  await button('Store').click();
  await page.getByText('The service cannot do this at the moment. Try again in 7').waitFor();
  await page.getByRole('link', { name: 'All projects' }).click();
  await page.locator('[part="leaving"]').waitFor();
  await seeAt('an answer 503, and the question before leaving');

  await button('Stay here').click();
  const body = { test_publishable_key: fakeCredential('test_publishable_key', 'theirs') };
  await rig.service.request('PUT', configPath(id), { subject: SUBJECT, body });
  await button('Store').click();
  await page.locator('#conflict').waitFor();
  await page.evaluate(`session.dispatchEvent(new Event('ended'))`);
  await button('Sign in again').waitFor();
  await seeAt('a conflict, and the end of the session');

  await page.evaluate(
    `document.querySelector('stripe-page').signIn.again = async ({ onOutOfSight }) => onOutOfSight()`,
  );
  await button('Sign in again').click();
  await button('Sign in on this page').waitFor();
  await seeAt('signing in on this page');
  expect(rig.problems).toEqual([]);
});

import type { Locator, Page } from 'playwright-core';
import { CREDENTIAL_FIELDS, modeOf, type Mode } from '../../src/payments/domain/credentials.js';
import { CAUSES } from '../../src/payments/http/errors/validation-causes.js';
import type { Canaries } from './canaries.js';
import { eventually } from './eventually.js';
import type { Hands } from './hands.js';
import { runCommand } from './process.js';
import { configPath, projectPath } from './service.js';
import type { Standalone } from './standalone.js';
import { readEventRow } from './stored-events.js';
import { everyWrongPaste } from './wrong-pastes.js';

/** Whose page it is, what they paste, and how they act. */
export interface Visit {
  rig: Standalone;
  page: Page;
  hands: Hands;
  canaries: Canaries;
  /** The Stripe account of their keys. */
  account: string;
}

const button = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('button', { name, exact: true });
const note = (page: Page, field: string): Locator => page.locator(`#note-${field}`);

/** Signs in as somebody who has no project yet. */
export async function signIn({ rig, page, hands }: Visit): Promise<void> {
  await page.goto(rig.service.url);
  await hands.press(button(page, 'Sign in'), page.getByText('Choose who you are.'));
  await hands.press(
    page.getByRole('button', { name: 'Demo Newcomer' }),
    page.getByRole('heading', { name: 'Create a project' }),
  );
}

/** Creates a project, goes back to the list, and opens it. @returns its id */
export async function createProject({ page, hands }: Visit, name: string): Promise<string> {
  await hands.enter(page.getByLabel('Name'), name);
  await hands.press(button(page, 'Create'), page.getByRole('heading', { name }));
  const link = page.getByRole('link', { name });
  await hands.press(page.getByRole('link', { name: 'All projects' }), link);
  await hands.press(link, page.getByRole('tab', { name: 'Test mode' }));
  return new URL(page.url()).hash.slice('#/projects/'.length);
}

/** Lets a colleague change things, too. */
export async function giveRole({ page, hands }: Visit, subject: string): Promise<void> {
  await hands.enter(page.getByLabel('Subject'), subject);
  await hands.choose(page.locator('stripe-page-members').getByLabel('Role'), 'admin');
  await hands.press(button(page, 'Give role'), page.getByText(`${subject} has the role admin.`));
}

/** Is told of each wrong paste what is wrong, before anything is sent. */
export async function tryWrongPastes({ page, hands }: Visit): Promise<void> {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') sent.push(request.url());
  });
  const field = page.locator('#in-test_secret_key');
  for (const { cause, text, said } of everyWrongPaste('test_secret_key', Object.keys(CAUSES))) {
    await hands.enter(field, text);
    const shown = await note(page, 'test_secret_key').innerText();
    if (!shown.startsWith(said)) throw new Error(`of ${cause} is said: ${shown}`);
    if ((await field.getAttribute('aria-invalid')) !== 'true') throw new Error(`${cause} is not marked`);
  }
  await hands.press(button(page, 'Store'), page.getByText('Nothing was stored yet'));
  if (sent.length > 0) throw new Error(`sent all the same: ${sent.join(', ')}`);
  await hands.enter(field, '');
}

/** Tests a key, and stores the six of both modes. @returns what is stored, by the field */
export async function storeSixKeys(visit: Visit): Promise<Record<string, string>> {
  const { rig, page, hands, canaries, account } = visit;
  const keys = Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, canaries.make(field)]));
  const { test_secret_key = '', live_secret_key = '', test_webhook_secret = '' } = keys;
  rig.stripe.addAccount({ accountId: account, key: test_secret_key });
  rig.stripe.addAccount({ accountId: account, key: live_secret_key });

  await enterMode(visit, 'test', keys);
  await hands.press(button(page, 'Test this key'), page.getByText('Stripe accepts this test key.'));
  await hands.press(button(page, 'Store'), page.getByText(STORED));
  await page.getByText(`Account ${account}, checked`).waitFor();

  await hands.press(page.getByRole('tab', { name: 'Live mode' }), page.locator('#in-live_secret_key'));
  await enterMode(visit, 'live', { ...keys, live_webhook_secret: test_webhook_secret });
  await hands.press(button(page, 'Store'), page.getByText(STORED_NOT));
  await note(page, 'live_webhook_secret').getByText('other mode').waitFor();
  await hands.enter(page.locator('#in-live_webhook_secret'), keys.live_webhook_secret ?? '');
  await hands.press(button(page, 'Store'), page.getByText(STORED));
  await hands.press(page.getByRole('tab', { name: 'Test mode' }), page.locator('#in-test_secret_key'));
  return keys;
}

const STORED = /^Stored: Secret or restricted key, Publishable key, Webhook/;
const STORED_NOT = 'Nothing was stored yet';

async function enterMode({ page, hands }: Visit, mode: Mode, keys: Record<string, string>): Promise<void> {
  for (const field of CREDENTIAL_FIELDS.filter((each) => modeOf(each) === mode)) {
    await hands.enter(page.locator(`#in-${field}`), keys[field] ?? '');
    await note(page, field).getByText('as it should be').waitFor();
  }
}

/** Creates the endpoint, sees an event that `webhook:send` made, reads its contents, and replays it after a failure. */
export async function receiveEvent({ rig, page, hands, account }: Visit, projectId: string): Promise<void> {
  await hands.press(
    button(page, 'Create the endpoint for me'),
    page.getByText('its signing secret is stored'),
  );
  const [endpoint] = rig.stripe.endpoints(account, false);
  const sent = await runCommand('webhook-send', ['--project', projectId, '--type', 'invoice.paid'], {
    PUBLIC_BASE_URL: rig.service.url,
    WEBHOOK_SECRET: rig.stripe.secretOf(endpoint?.id ?? ''),
  });
  const id = /evt_\w+/.exec(sent.stdout)?.[0];
  if (id === undefined) throw new Error(`nothing was sent: ${sent.stdout}${sent.stderr}`);
  // As if a handler of an application had failed.
  await eventually('it is handled', async () => (await readEventRow(rig.database, id)).is_finished);
  await rig.database.query(
    `UPDATE stripe_events SET status = 'failed', attempts = 12, last_error = 'Orders.onPaid: TypeError' WHERE event_id = $1`,
    [id],
  );

  const events = page.locator('stripe-settings-events');
  const contents = page.getByRole('region', { name: `Contents of ${id}` });
  const show = button(page, `Show contents: ${id}`);
  await hands.press(
    events.getByRole('button', { name: 'Refresh' }),
    events.getByText('Orders.onPaid: TypeError'),
  );
  await hands.press(show, contents.getByText('"invoice.paid"'));
  await hands.press(button(page, `Hide contents: ${id}`), show);
  await hands.press(button(page, `Replay: ${id}`), page.getByText(`${id} is handled again.`));
  await eventually('it is handled again', async () => (await readEventRow(rig.database, id)).is_finished);
}

/** Meets the change of a colleague, once keeping theirs and once storing the own one. */
export async function resolveConflicts(
  { rig, page, hands, canaries }: Visit,
  projectId: string,
): Promise<void> {
  for (const [choice, outcome] of [
    ['Keep theirs', 'What is stored was kept.'],
    ['Store mine', 'Stored: Publishable key.'],
  ] as const) {
    const [mine, theirs] = [canaries.make('test_publishable_key'), canaries.make('test_publishable_key')];
    await hands.enter(page.locator('#in-test_publishable_key'), mine);
    const changed = await rig.service.request('PUT', configPath(projectId), {
      headers: { authorization: `Bearer ${rig.printedToken}` },
      body: { test_publishable_key: theirs },
    });
    if (changed.status !== 200) throw new Error(`the colleague got ${changed.status}: ${changed.text}`);
    await hands.press(button(page, 'Store'), page.getByText('Somebody else was faster'));
    await page.getByText(`There is now: ${theirs.slice(0, 8)}...${theirs.slice(-4)}`).waitFor();
    const radio = page.getByRole('radio', { name: choice });
    await hands.press(radio, page.locator(':checked').and(radio));
    await hands.press(button(page, 'Store what I chose'), page.getByText(outcome));
    const kept = choice === 'Keep theirs' ? theirs : mine;
    await page.getByText(`Stored: ${kept.slice(0, 8)}...${kept.slice(-4)}`).waitFor();
  }
}

/** Is told that the session is over: neither a token nor a refresh is accepted any more. */
export async function expire({ rig, page, hands }: Visit, projectId: string): Promise<void> {
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(`${rig.issuer}/session/end`);
  await elsewhere.getByRole('button', { name: 'Sign out' }).click();
  await elsewhere.getByRole('heading', { name: 'Signed out' }).waitFor();
  await elsewhere.close();
  // As the service answers once a token has expired, which these do in ten minutes.
  await page.route(`**${projectPath(projectId, '**')}`, (route) =>
    route.fulfill({ status: 401, json: { code: 'invalid_token', detail: 'The access token has expired.' } }),
  );
  await hands.press(
    page.locator('stripe-settings-events').getByRole('button', { name: 'Refresh' }),
    page.getByRole('alert').getByText('Your session has ended.'),
  );
  await button(page, 'Sign in again').waitFor();
}

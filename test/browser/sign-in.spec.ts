import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Locator, Page, Request, Route } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  cleanUp,
  startServiceProcess,
  temporaryFolder,
  waitForOutput,
  type ServiceProcess,
} from '../support/process.js';
import { noteProblems } from '../support/standalone.js';

/** Longest that a page may take for a step. */
const BUSY_MACHINE_MS = 120_000;

let database: TestDatabase;
let service: ServiceProcess;
let issuer: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let problems: string[];
let requests: Request[];

beforeAll(async () => {
  database = await createTestDatabase();
  // As `npm start` has it: nothing says who issues tokens.
  service = await startServiceProcess({
    NODE_ENV: 'development',
    PORT: '0',
    DATABASE_URL: database.url,
    DATA_DIR: await temporaryFolder(),
  });
  await waitForOutput(service, /(Try it:)/);
  issuer = await waitForOutput(service, /"event":"sign_in_server.listening","url":"([^"]+)"/);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await cleanUp();
  await database.drop();
});

beforeEach(async () => {
  problems = [];
  requests = [];
  context = await browser.newContext();
  context.setDefaultTimeout(BUSY_MACHINE_MS);
  noteProblems(context, [service.url, issuer], problems);
  context.on('request', (request) => {
    requests.push(request);
  });
  page = await context.newPage();
  await page.clock.install();
});
afterEach(() => context.close());

/** Presses the page's button, and chooses somebody on the provider's. */
async function signIn(name = 'Demo Developer'): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await choose(page, name);
  await page.getByText(name).first().waitFor();
}

async function choose(where: Page, name: string): Promise<void> {
  await where.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(new URL(where.url()).origin).toBe(issuer);
  await where.getByRole('button', { name }).click();
}

/** What the token endpoint was asked for, in order. */
const grants = (): (string | null)[] =>
  requests
    .filter((request) => request.url() === `${issuer}/token` && request.method() === 'POST')
    .map((request) => new URLSearchParams(request.postData() ?? '').get('grant_type'));

/** The tokens that the service's API was called with. */
const tokensSent = async (): Promise<string[]> => {
  const calls = requests.filter((request) => request.url().startsWith(`${service.url}/api/`));
  const headers = await Promise.all(calls.map((request) => request.headerValue('authorization')));
  return [...new Set(headers.filter((header) => header !== null))];
};

it('leads to the sign-in page and back, with nothing left in the address or in storage', async () => {
  await page.goto(`${service.url}/#kept`);
  await signIn();
  expect(page.url()).toBe(`${service.url}/#kept`);
  expect(grants()).toEqual(['authorization_code']);
  expect(
    await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
  ).toBe('[{},{},""]');
  const [token = ''] = await tokensSent();
  expect(token).toMatch(/^Bearer ey/);
  // Neither is one of them anywhere in the document.
  expect(await page.content()).not.toContain(token.slice(7, 60));
  expect(problems).toEqual([]);
});

it('comes back to the project that was asked for, and shows it', async () => {
  await page.goto(service.url);
  await signIn();
  const link = page.getByRole('link', { name: 'Demo project' });
  await page.goto(`${service.url}/${await link.getAttribute('href')}`);
  const address = page.url();
  // It is signed out then, and the provider lets them on without asking.
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Demo project' }).waitFor();
  expect(page.url()).toBe(address);
  await page.getByRole('link', { name: 'All projects' }).click();
  await link.click();
  await page.getByRole('heading', { name: 'Demo project' }).waitFor();
  expect(problems).toEqual([]);
});

it('refreshes a token before it ends, and goes on with another one', async () => {
  await page.goto(service.url);
  await signIn();
  const [first] = await tokensSent();
  const refreshed = page.waitForResponse((response) => response.url() === `${issuer}/token`);
  // Tokens are valid for ten minutes.
  await page.clock.fastForward('09:45');
  expect((await refreshed).status()).toBe(200);
  expect(grants()).toEqual(['authorization_code', 'refresh_token']);
  await page.getByRole('link', { name: 'Demo project' }).click();
  await page.getByRole('tab').first().waitFor();
  expect((await tokensSent()).at(-1)).not.toBe(first);
  expect(problems).toEqual([]);
});

it('goes on when the provider has been in trouble for a moment', async () => {
  await page.goto(service.url);
  await signIn();
  const token = `${issuer}/token`;
  await page.route(token, (route) => route.fulfill({ status: 503 }), { times: 1 });
  const refused = page.waitForResponse((response) => response.url() === token && response.status() === 503);
  await page.clock.fastForward('09:45');
  await refused;
  const given = page.waitForResponse((response) => response.url() === token && response.status() === 200);
  await page.clock.fastForward('00:15');
  await given;
  expect(await page.getByRole('button', { name: 'Sign in again' }).count()).toBe(0);
});

it('asks for another token once where one is refused, and does what was to be done', async () => {
  await page.goto(service.url);
  await signIn();
  await page.getByRole('link', { name: 'Demo project' }).waitFor();
  await page.route(`${service.url}/api/**`, (route) => route.fulfill({ status: 401, json: {} }), {
    times: 1,
  });
  await page.getByRole('link', { name: 'Demo project' }).click();
  await page.getByRole('tab').first().waitFor();
  expect(grants()).toEqual(['authorization_code', 'refresh_token']);
  expect(await tokensSent()).toHaveLength(2);
  expect(problems).toEqual([]);
});

it('asks the provider no more for a session in whose place another one is', async () => {
  await page.goto(service.url);
  await signIn();
  await page.getByRole('link', { name: 'Demo project' }).waitFor();
  const api = `${service.url}/api/**`;
  await page.route(api, (route) => route.fulfill({ status: 401, json: {} }));
  await page.getByRole('link', { name: 'Demo project' }).click();
  const again = page.getByRole('button', { name: 'Sign in again' });
  await again.waitFor();
  await page.unroute(api);
  // The provider lets them on without asking.
  await again.click();
  await page.getByText('You are signed in again.').waitFor();
  const asked = grants().length;
  const refreshed = page.waitForResponse((response) => response.url() === `${issuer}/token`);
  await page.clock.fastForward('09:45');
  await refreshed;
  expect(grants().slice(asked)).toEqual(['refresh_token']);
  expect(problems).toEqual([]);
});

describe('signing in again, when the provider lets nobody go on', () => {
  let key: string;
  let dialogs: string[];
  const again = (): Locator => page.getByRole('alert').getByRole('button', { name: 'Sign in again' });
  const here = (): Locator => page.getByRole('button', { name: 'Sign in on this page' });
  const field = (): Locator => page.locator('#in-test_secret_key');

  /** Presses the button, and returns the window that opens. */
  async function openWindow(): Promise<Page> {
    const opened = context.waitForEvent('page');
    await again().click();
    return opened;
  }

  /** Somebody signs in, enters a key, and the provider ends their session before they store it. */
  beforeEach(async () => {
    dialogs = [];
    key = fakeCredential('test_secret_key', randomUUID());
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.type());
      void dialog.accept();
    });
    await page.goto(service.url);
    await signIn();
    await page.getByRole('link', { name: 'Demo project' }).click();
    await field().fill(key);
    const elsewhere = await context.newPage();
    await elsewhere.goto(`${issuer}/session/end`);
    await elsewhere.getByRole('button', { name: 'Sign out' }).click();
    await elsewhere.getByRole('heading', { name: 'Signed out' }).waitFor();
    await elsewhere.close();
    await page.clock.fastForward('09:45');
    await again().waitFor();
  });

  it('keeps what is entered, takes no answer but its own, and stores', async () => {
    const asked = grants().length;
    const opened = await openWindow();
    await page.getByText('Go on in the window').waitFor();
    expect(await opened.evaluate('opener')).toBeNull();

    const other = await context.newPage();
    await other.goto(`${service.url}/?code=stolen&state=window.forged`);
    await other.getByText('No page waits for this sign-in').waitFor();
    expect(other.url()).toBe(`${service.url}/`);
    await other.evaluate(`{
      const channel = new BroadcastChannel('sign-in');
      for (const forged of ['code=stolen', 'code=stolen&state=', 'code=stolen&state=window.', { state: 'window.' }, null])
        channel.postMessage(forged);
    }`);
    await other.close();
    expect(grants()).toHaveLength(asked);

    const closed = opened.waitForEvent('close');
    await choose(opened, 'Demo Developer');
    await page.getByText('You are signed in again.').waitFor();
    await closed;
    expect(grants().slice(asked)).toEqual(['authorization_code']);
    expect(await field().inputValue()).toBe(key);
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).toBe(
      '[{},{}]',
    );
    await page.getByRole('button', { name: 'Store' }).click();
    await page.getByText('Stored: Secret').waitFor();
    expect([problems, dialogs]).toEqual([[], []]);
  });

  it('leaves nothing of it to somebody else', async () => {
    await choose(await openWindow(), 'Demo Newcomer');
    await page.getByText('what Demo Developer had entered is gone').waitFor();
    await page.getByText('Signed in as Demo Newcomer').waitFor();
    expect(await field().count()).toBe(0);
    expect(requests.filter((request) => request.method() === 'PUT')).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('goes on when the window was closed, also where the provider cuts it off from the page', async () => {
    await (await openWindow()).close();
    await page.getByText('is closed, or hidden from this page').waitFor();
    await here().waitFor();

    await context.route(`${issuer}/interaction/**`, async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const headers = { ...response.headers(), 'cross-origin-opener-policy': 'same-origin' };
      await route.fulfill({ response, headers });
    });
    const opened = await openWindow();
    await opened.getByRole('heading', { name: 'Sign in' }).waitFor();
    // Behind a redirect nothing is routed.
    await opened.reload();
    await page.getByText('is closed, or hidden from this page').waitFor();
    expect(opened.isClosed()).toBe(false);
    await choose(opened, 'Demo Developer');
    await page.getByText('You are signed in again.').waitFor();
    expect(await field().inputValue()).toBe(key);
    expect(problems).toEqual([]);
  });

  it('says that nobody waits for the window where the page was loaded again, and leads to it', async () => {
    const opened = await openWindow();
    await opened.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await choose(opened, 'Demo Developer');
    await opened.getByText('No page waits for this sign-in').waitFor();
    expect(await opened.getByText('You can close').count()).toBe(0);
    await opened.getByRole('link', { name: 'Open the page' }).click();
    await opened.getByRole('button', { name: 'Sign in' }).click();
    await opened.getByText('Signed in as Demo Developer').waitFor();
    expect(problems).toEqual([]);
  });

  describe('in a window whose answer is slow, as somebody else by mistake,', () => {
    let answer: (how: 'given' | 'refused') => Promise<void>;

    beforeEach(async () => {
      const held = new Promise<Route>((resolve) => {
        void page.route(`${issuer}/token`, resolve, { times: 1 });
      });
      await choose(await openWindow(), 'Demo Newcomer');
      const route = await held;
      answer = async (how) => {
        const answered = page.waitForResponse((response) => response.request() === route.request());
        if (how === 'given') await route.continue();
        else await route.fulfill({ status: 400, json: { error: 'invalid_grant' } });
        await (await answered).finished();
        // Another request of the page's is answered after what came of it was shown.
        await page.evaluate(`fetch('docs')`);
      };
    });

    it.each(['given', 'refused'] as const)('heeds it no more after another window: %s', async (how) => {
      // The provider shall ask who it is.
      await context.clearCookies();
      await choose(await openWindow(), 'Demo Developer');
      await page.getByText('You are signed in again.').waitFor();
      await answer(how);
      expect(await page.getByRole('banner').innerText()).toContain('Signed in as Demo Developer');
      expect(await page.getByRole('alert').first().innerText()).toBe('');
      expect(await field().inputValue()).toBe(key);
      const asked = grants().length;
      const refreshed = page.waitForResponse((response) => response.url() === `${issuer}/token`);
      await page.clock.fastForward('09:45');
      await refreshed;
      expect(grants().slice(asked)).toEqual(['refresh_token']);
      expect([problems, dialogs]).toEqual([[], []]);
    });

    it.each(['given', 'refused'] as const)('heeds it no more after a sign-out: %s', async (how) => {
      let signOuts = 0;
      // The page stays, as it does where the provider has no place to sign out.
      await page.route(`${issuer}/session/end**`, (route) => {
        signOuts += 1;
        return route.fulfill({ status: 204 });
      });
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();
      await answer(how);
      await page.getByText('You are signed out.').waitFor();
      expect(await page.getByRole('alert').first().innerText()).toBe('');
      expect(signOuts).toBe(1);
    });
  });

  it('says that the browser opens no window, keeps what is entered, and leaves the page when told to', async () => {
    await page.evaluate('window.open = () => null');
    await again().click();
    await page.getByText('The browser has blocked the window').waitFor();
    expect(await field().inputValue()).toBe(key);
    await here().click();
    await choose(page, 'Demo Newcomer');
    await page.getByText('Demo Newcomer').first().waitFor();
    expect(dialogs).toEqual(['beforeunload']);
  });
});

it('signs out at the provider, too', async () => {
  await page.goto(service.url);
  await signIn();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign out' }).waitFor();
  expect(new URL(page.url()).origin).toBe(issuer);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect(requests.filter((request) => /id_token|eyJ/.test(request.url()))).toEqual([]);
  // Who it is, is asked again.
  await choose(page, 'Demo Newcomer');
  await page.getByText('Demo Newcomer').first().waitFor();
  expect(problems).toEqual([]);
});

it('asks nothing when somebody signs out who has entered a key: they could stay, and the provider would let anybody on', async () => {
  await page.goto(service.url);
  await signIn();
  await page.getByRole('link', { name: 'Demo project' }).click();
  await page.locator('#in-test_secret_key').fill(fakeCredential('test_secret_key', randomUUID()));
  page.on('dialog', (dialog) => {
    problems.push(dialog.type());
    void dialog.dismiss();
  });
  const left = page.waitForRequest((request) => request.url().startsWith(`${issuer}/session/end`));
  const outcome = Promise.race([left, page.waitForEvent('dialog')]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await outcome;
  expect(problems).toEqual([]);
  await page.getByRole('heading', { name: 'Sign out' }).waitFor();
});

it.each([
  'code=stolen',
  'code=stolen&state=forged',
  'code=stolen&state=',
  'error=access_denied&state=forged',
])('takes no answer that this tab has not asked for: %s', async (query) => {
  await page.goto(`${service.url}/?${query}`);
  await page.getByText('is to no sign-in of this tab').waitFor();
  expect(page.url()).toBe(`${service.url}/`);
  expect(grants()).toEqual([]);
});

it('takes no answer whose state is another one, though it has begun a sign-in', async () => {
  await page.goto(service.url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto(`${service.url}/?code=stolen&state=forged`);
  await page.getByText('is to no sign-in of this tab').waitFor();
  expect(grants()).toEqual([]);
});

it('says that a sign-in was cancelled', async () => {
  await page.goto(service.url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('The sign-in was cancelled').waitFor();
});

it('signs in from the explorer with nothing to fill in, and calls the API', async () => {
  await page.goto(`${service.url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const form = page.locator('.auth-container', { hasText: 'authorizationCode' });
  const opened = context.waitForEvent('page');
  await form.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
  await choose(await opened, 'Demo Developer');
  await form.getByRole('button', { name: 'Remove authorization' }).waitFor();
  await form.getByRole('button', { name: 'Close' }).click();

  const operation = page.locator('.opblock-get', { hasText: 'List Projects Payment Config' });
  await operation.locator('.opblock-summary').click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table').first();
  await answer.getByText('Demo project').first().waitFor();
  expect(problems).toEqual([]);
});

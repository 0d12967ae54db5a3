import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Locator, Page } from 'playwright-core';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { launchChromium } from '../support/chromium.js';
import { expectedMask, fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from '../support/process.js';
import {
  AUDIENCE,
  makeSigningKey,
  startIdentityProvider,
  type IdentityProvider,
} from '../support/identity-provider.js';
import { configPath, testToken } from '../support/service.js';
import { startSignInProvider, type SignInProvider } from '../support/sign-in-provider.js';

/** A file to keep the last picture in, such as docs/images/explorer.png. */
const SCREENSHOT = process.env.SCREENSHOT;
/** Longest that a page may take for a step. */
const BUSY_MACHINE_MS = 120_000;

let database: TestDatabase;
let service: ServiceProcess;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  service = await startServiceProcess(serviceSettings(database.url, keyRingFile));
  browser = await launchChromium();
});
beforeEach(async () => {
  problems.length = 0;
  page = await newPage(service);
});
afterEach(() => page.context().close());

/** A page in a context of its own, as another user has, that notes what a good page does not do. */
async function newPage({ url }: ServiceProcess, ...allowed: string[]): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 1500 } });
  context.setDefaultTimeout(BUSY_MACHINE_MS);
  const made = await context.newPage();
  made.on('pageerror', (error) => problems.push(error.message));
  // What the Content-Security-Policy stops is reported here.
  made.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  made.on('request', (request) => {
    if (![url, 'data:', ...allowed].some((address) => request.url().startsWith(address)))
      problems.push(request.url());
  });
  return made;
}

afterAll(async () => {
  await browser.close();
  await cleanUp();
  await database.drop();
});

/** Opens the explorer, authorizes with a developer's token and unfolds the PUT for a project. */
async function openPut(projectId: string): Promise<Locator> {
  await page.goto(`${service.url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const bearer = page.locator('.auth-container', { hasText: 'http, Bearer' });
  await bearer.locator('input').fill(testToken('alice'));
  await bearer.getByRole('button', { name: 'Apply credentials' }).click();
  await bearer.getByRole('button', { name: 'Close' }).click();

  const operation = page.locator('.opblock-put', { hasText: 'Update Stripe Configuration' });
  await operation.locator('.opblock-summary').click();
  await operation.locator('tr[data-param-name="project_id"] input').fill(projectId);
  return operation;
}

/** What the form of Authorize offers, in order. */
async function waysToAuthorize(shown: Page): Promise<string[]> {
  const titles = shown.locator('.auth-container h4');
  await titles.first().waitFor();
  return (await titles.allInnerTexts()).map((title) => title.replace(/\s+/g, ' '));
}

async function execute(operation: Locator): Promise<Locator> {
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table').first();
  await answer.waitFor();
  return answer;
}

it('lets a reader authorize, try the PUT and see masks, and shows the secret nowhere but where it was typed', async () => {
  const projectId = await service.createProject();
  const secret = fakeCredential('test_secret_key', 'explorer');
  const operation = await openPut(projectId);
  await operation
    .locator('textarea')
    .first()
    .fill(JSON.stringify({ test_secret_key: secret }));
  const answer = await execute(operation);

  expect(await answer.innerText()).toContain(expectedMask('test_secret_key', secret));
  const stored = await service.request('GET', configPath(projectId));
  expect(stored.json).toMatchObject({ has_test_credentials: true });

  const hidden = secret.slice(8, -4);
  const occurrences = (await page.content()).split(hidden).length - 1;
  expect(occurrences).toBe(await operation.locator('textarea', { hasText: hidden }).count());
  expect(problems).toEqual([]);
});

it('shows the request as a command that holds neither token nor secrets, and runs where they are set', async () => {
  const projectId = await service.createProject();
  const operation = await openPut(projectId);
  const secrets = {
    TEST_SECRET_KEY: fakeCredential('test_secret_key', 'command'),
    TEST_WEBHOOK_SECRET: fakeCredential('test_webhook_secret', 'command'),
  };
  const body = {
    test_secret_key: secrets.TEST_SECRET_KEY,
    test_webhook_secret: secrets.TEST_WEBHOOK_SECRET,
  };
  // In a field that is none for it.
  const wrong = { note: [secrets.TEST_SECRET_KEY] };
  await operation.locator('textarea').first().fill(JSON.stringify(wrong));
  await execute(operation);
  await operation.locator('.curl-command pre', { hasText: '{"note": ["$NOTE"]}' }).waitFor();
  // The browser writes a line for each answer that is an error.
  problems.length = 0;
  await operation.locator('textarea').first().fill(JSON.stringify(body));
  await execute(operation);
  await operation.locator('.curl-command pre', { hasText: 'test_webhook_secret' }).waitFor();
  const command = await operation.locator('.curl-command pre').innerText();
  expect(command).toContain('"Authorization: Bearer $TOKEN"');
  expect(command).toContain(
    '{"test_secret_key": "$TEST_SECRET_KEY", "test_webhook_secret": "$TEST_WEBHOOK_SECRET"}',
  );
  const token = testToken('alice');
  for (const value of [
    token.slice(token.indexOf('.')),
    ...Object.values(secrets).map((text) => text.slice(8)),
  ]) {
    const windows = Array.from({ length: value.length - 7 }, (_, at) => value.slice(at, at + 8));
    expect(windows.filter((window) => command.includes(window))).toEqual([]);
  }
  const { stdout } = await promisify(execFile)('bash', ['-c', command], {
    env: { PATH: process.env.PATH, TOKEN: token, ...secrets },
  });
  expect(JSON.parse(stdout)).toMatchObject({ project_id: projectId, has_test_credentials: true });
  expect(problems).toEqual([]);
});

it('writes what is no secret into the command as it is, whatever a shell would read in it', async () => {
  const operation = await openPut(await service.createProject());
  await operation
    .locator('textarea')
    .first()
    .fill(JSON.stringify({ note: "$(false) `false` it's \\" }));
  await execute(operation);
  const command = await operation.locator('.curl-command pre').innerText();
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-c', command.replace(/^curl [^]*<<BODY/, 'cat <<BODY')],
    {},
  );
  expect(JSON.parse(stdout)).toEqual({ note: "$(false) `false` it's \\" });
});

it('offers a token given by hand alone, where there is nobody to sign in at', async () => {
  await page.goto(`${service.url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  expect(await waysToAuthorize(page)).toEqual(['Bearer (http, Bearer)']);
  expect(problems).toEqual([]);
});

it('begins with the main job', async () => {
  await page.goto(`${service.url}/docs`);
  const tags = page.locator('.opblock-tag');
  await tags.first().waitFor();
  const names = await Promise.all((await tags.all()).map((tag) => tag.getAttribute('data-tag')));
  expect([names[0], names.at(-1)]).toEqual(['Stripe Configuration', 'Health']);
});

it('allows its own scripts alone', async () => {
  for (const path of ['/docs', '/docs/', '/docs/oauth2-redirect.html', '/docs/swagger-ui-init.js']) {
    const { headers } = await service.request('GET', path, { subject: null });
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
  const { headers } = await service.request('GET', '/openapi.json', { subject: null });
  expect(headers.get('content-security-policy')).toBeNull();
});

it('keeps the authorization in this tab while the page is loaded again, and nowhere else', async () => {
  const id = await service.createProject();
  await openPut(id);
  await page.reload();
  const operation = page.locator('.opblock-get', { hasText: 'List Projects Payment Config' });
  await operation.locator('.opblock-summary').click();
  const answer = await execute(operation);
  expect(await answer.locator('.response-col_status').last().innerText()).toMatch(/^200/);
  expect(await page.evaluate('localStorage.length')).toBe(0);
  expect(await page.evaluate('sessionStorage.length')).toBe(1);
  const other = await page.context().newPage();
  await other.goto(`${service.url}/docs`);
  await other.getByRole('button', { name: 'Authorize' }).first().click();
  await other.locator('.auth-container input').waitFor();
  await other.close();
  expect(problems).toEqual([]);
});

describe('with an identity provider', () => {
  const CLIENT = 'explorer';
  let issuer: IdentityProvider;
  let signIn: SignInProvider;
  let signed: ServiceProcess;

  beforeAll(async () => {
    const key = await makeSigningKey('RS256');
    issuer = await startIdentityProvider(key);
    const client = () => ({
      id: CLIENT,
      redirectUri: `${signed.url}/docs/oauth2-redirect.html`,
      audience: AUDIENCE,
    });
    signIn = await startSignInProvider(client, () =>
      issuer.sign(key, issuer.claims({ scope: 'openid payments' })),
    );
    issuer.metadata = {
      ...issuer.metadata,
      authorization_endpoint: signIn.authorizationUrl,
      token_endpoint: signIn.tokenUrl,
    };
    const keyRingFile = join(await temporaryFolder(), 'ring.json');
    await createKeyRingFile(keyRingFile);
    signed = await startServiceProcess(
      serviceSettings(database.url, keyRingFile, {
        AUTH_JWT_SECRET: undefined,
        AUTH_ISSUER: issuer.issuer,
        AUTH_AUDIENCE: AUDIENCE,
        AUTH_REQUIRED_SCOPE: 'payments',
        DOCS_OAUTH_CLIENT_ID: CLIENT,
      }),
    );
  });
  afterAll(async () => {
    await signIn.stop();
    await issuer.stop();
  });

  it('signs in there with a code and PKCE, and stays so over a reload', async () => {
    const origin = new URL(signIn.tokenUrl).origin;
    const own = await newPage(signed, origin);
    await own.goto(`${signed.url}/docs`);
    await own.getByRole('button', { name: 'Authorize' }).first().click();
    expect(await waysToAuthorize(own)).toEqual([
      'Bearer (http, Bearer)',
      'OAuth2 (OAuth2, authorizationCode with PKCE)',
    ]);
    const form = own.locator('.auth-container', { hasText: 'authorizationCode' });
    expect(await form.locator('#client_id_authorizationCode').inputValue()).toBe(CLIENT);
    await form.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    // Either of them comes, and the second fails at once.
    await form.getByRole('button', { name: 'Remove authorization' }).or(form.locator('.errors')).waitFor();
    expect(signIn.refused).toEqual([]);
    expect(signIn.granted).toEqual(['openid payments']);

    await own.reload();
    const operation = own.locator('.opblock-get', { hasText: 'List Projects Payment Config' });
    await operation.locator('.opblock-summary').click();
    const answer = await execute(operation);
    expect(await answer.locator('.response-col_status').last().innerText()).toMatch(/^200/);
    expect(await own.evaluate('localStorage.length')).toBe(0);
    expect(problems).toEqual([]);
  });
});

it('offers examples that work as they are', async () => {
  const operation = await openPut(await service.createProject());
  const answer = await execute(operation);
  expect(await answer.locator('.response-col_status').last().innerText()).toMatch(/^200/);
  if (SCREENSHOT !== undefined) {
    await operation.getByRole('button', { name: 'Execute' }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: SCREENSHOT });
  }
});

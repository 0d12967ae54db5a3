import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { launchChromium } from './chromium.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './process.js';
import { testToken } from './service.js';
import { LocalStripe } from './stripe/local-stripe.js';

/** Longest that a page may take for a step, on a busy machine, in milliseconds. */
const STEP_MS = 15_000;

/** How the element is opened. */
export interface OpenOptions {
  /** Who looks. Default: `alice`. */
  subject?: string;
  projectName?: string;
  /** The tab. Default: `test`. */
  mode?: 'test' | 'live';
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  /** Texts in place of English ones. */
  texts?: Record<string, string>;
  lang?: string;
}

/** `<stripe-settings>` in a Chromium, in front of a real service, database and local Stripe. */
export interface SettingsRig {
  readonly service: ServiceProcess;
  readonly database: TestDatabase;
  readonly stripe: LocalStripe;
  readonly browser: Browser;
  /** What pages did that a good page does not do: errors, what the Content-Security-Policy stopped, foreign addresses. */
  readonly problems: string[];
  /** Opens the settings of a project in a context of their own, as another person has, once they show what is stored. */
  open(projectId: string, options?: OpenOptions): Promise<Page>;
  stop(): Promise<void>;
}

/**
 * @param settings of the service, beside those that it needs
 * @param through where the service reaches its database, such as a proxy
 */
export async function startSettings(
  settings: Settings = {},
  through: (databaseUrl: string) => Promise<string> = (url) => Promise.resolve(url),
): Promise<SettingsRig> {
  const [database, stripe, browser, folder] = await Promise.all([
    createTestDatabase(),
    LocalStripe.start(),
    launchChromium(),
    temporaryFolder(),
  ]);
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  const service = await startServiceProcess(
    serviceSettings(await through(database.url), keyRingFile, { STRIPE_API_BASE: stripe.url, ...settings }),
  );
  const rig = { service, database, stripe, browser, problems: [] as string[] };
  return {
    ...rig,
    async open(projectId, options = {}) {
      const page = await newPage(rig, options);
      await showElement(rig, page, projectId, options);
      return page;
    },
    async stop() {
      await browser.close();
      await cleanUp();
      await stripe.stop();
      await database.drop();
    },
  };
}

async function newPage(
  { browser, service, problems }: Omit<SettingsRig, 'open' | 'stop'>,
  { viewport = { width: 1280, height: 900 }, colorScheme = 'light' }: OpenOptions,
): Promise<Page> {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // The browser writes a line for each answer that is an error; the page cannot help it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url)) problems.push(request.url());
  });
  return page;
}

/** A host's page of the service's own origin, under the policy of the service's own page. */
async function showElement(
  { service, problems }: Pick<SettingsRig, 'service' | 'problems'>,
  page: Page,
  projectId: string,
  { subject = 'alice', projectName = '', mode = 'test', texts = {}, lang = 'en' }: OpenOptions,
): Promise<void> {
  const policy = (await fetch(service.url)).headers.get('content-security-policy') ?? '';
  await page.exposeFunction('testToken', () => testToken(subject));
  await page.route(`${service.url}/host.html`, (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers: { 'Content-Security-Policy': policy },
      body: `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Host</title><link rel="stylesheet" href="ui/page.css"><script type="module" src="host.js"></script><body><main><h1>Host</h1><h2>Shop</h2></main>`,
    }),
  );
  await page.route(`${service.url}/host.js`, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: `import './ui/stripe-settings.js';
const settings = document.createElement('stripe-settings');
Object.assign(settings, ${JSON.stringify({ projectId, projectName, mode, texts, lang })}, { token: () => window.testToken() });
document.querySelector('main').append(settings);`,
    }),
  );
  await page.goto(`${service.url}/host.html`);
  await page
    .locator('[part="tab"], [part="fault"]')
    .first()
    .waitFor()
    .catch((error: unknown) => {
      throw new Error(`the element shows nothing: ${problems.join('; ')}`, { cause: error });
    });
}

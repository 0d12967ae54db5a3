import type { BrowserContextOptions, Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import {
  cleanUp,
  startServiceProcess,
  temporaryFolder,
  waitForOutput,
  type ServiceProcess,
  type Settings,
} from './process.js';
import { LocalStripe } from './stripe/local-stripe.js';

/** Longest that a page may take for a step, on a busy machine, in milliseconds. */
const STEP_MS = 30_000;

/** The service as `npm start` has it, with its own sign-in server, in front of a real database and the local Stripe. */
export interface Standalone {
  readonly service: ServiceProcess;
  readonly database: TestDatabase;
  readonly stripe: LocalStripe;
  readonly browser: Browser;
  /** Where people sign in. */
  readonly issuer: string;
  /** The token that it prints for curl, of the demo developer. */
  readonly printedToken: string;
  /** What pages did that a good page does not do: errors, what the Content-Security-Policy stopped, foreign addresses. */
  readonly problems: string[];
  /** A browser of another person. */
  open(options?: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }>;
  stop(): Promise<void>;
}

/** @param settings beside those that it needs; nothing says who issues tokens */
export async function startStandalone(settings: Settings = {}): Promise<Standalone> {
  const [database, stripe, browser, folder] = await Promise.all([
    createTestDatabase(),
    LocalStripe.start(),
    launchChromium(),
    temporaryFolder(),
  ]);
  const service = await startServiceProcess({
    NODE_ENV: 'development',
    PORT: '0',
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    STRIPE_API_BASE: stripe.url,
    ...settings,
  });
  const printedToken = await waitForOutput(service, /Token +(\S+)/);
  const issuer = await waitForOutput(service, /"event":"sign_in_server.listening","url":"([^"]+)"/);
  const problems: string[] = [];
  return {
    service,
    database,
    stripe,
    browser,
    issuer,
    printedToken,
    problems,
    async open(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      context.setDefaultTimeout(STEP_MS);
      noteProblems(context, [service.url, issuer], problems);
      return { context, page: await context.newPage() };
    },
    async stop() {
      await browser.close();
      await cleanUp();
      await stripe.stop();
      await database.drop();
    },
  };
}

/** Notes what pages do that a good page does not do, as {@link Standalone.problems}. @param own what they may ask */
export function noteProblems(context: BrowserContext, own: readonly string[], problems: string[]): void {
  context.on('console', (message) => {
    // The browser writes a line for each answer that is an error; the page cannot help it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load')) {
      problems.push(message.text());
    }
  });
  context.on('weberror', (error) => problems.push(error.error().message));
  context.on('request', (request) => {
    if (![...own, 'data:'].some((address) => request.url().startsWith(address))) {
      problems.push(request.url());
    }
  });
}

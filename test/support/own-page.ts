import type { BrowserContextOptions, Page } from 'playwright-core';
import { testToken } from './service.js';
import type { SettingsRig } from './settings-page.js';

/** Longest that the page may take for a step, on a busy machine, in milliseconds. */
const STEP_MS = 15_000;

/** Which page is opened. */
export interface OwnPageOptions extends BrowserContextOptions {
  /** Who signs in, as `Alice`. */
  subject: string;
  /** Default: the list of projects. */
  projectId?: string;
}

/**
 * Opens the service's own page, on which people sign in at nobody: whoever begins is signed in. `window.session` is theirs.
 * How people really sign in is tried elsewhere.
 */
export async function openOwnPage(
  rig: SettingsRig,
  { subject, projectId, ...context }: OwnPageOptions,
): Promise<Page> {
  const page = await rig.browser.newPage({ viewport: { width: 1280, height: 900 }, ...context });
  page.setDefaultTimeout(STEP_MS);
  page.on('pageerror', (error) => rig.problems.push(error.message));
  page.on('console', (message) => {
    // The browser writes a line for each answer that is an error; the page cannot help it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load'))
      rig.problems.push(message.text());
  });
  await page.goto(`${rig.service.url}/${projectId === undefined ? '' : `#/projects/${projectId}`}`);
  await page.evaluate(`{
    const signedIn = () => window.session = Object.assign(new EventTarget(), {
      subject: ${JSON.stringify(subject)}, name: 'Alice', token: async () => ${JSON.stringify(testToken(subject))}, forget: () => {}, signOut: async () => { window.session = null; } });
    const page = document.querySelector('stripe-page');
    page.signIn = {
      resume: async () => undefined,
      begin: async () => { page.signIn = { ...page.signIn, resume: async () => signedIn() }; },
      again: async () => signedIn(),
    };
  }`);
  return page;
}

/** Signs in on the page that {@link openOwnPage} has opened. */
export async function signInOn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as Alice').waitFor();
}

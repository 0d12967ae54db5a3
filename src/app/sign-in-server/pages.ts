import { createHash } from 'node:crypto';
import { DEMO_PEOPLE } from './people.js';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; place-content: center; min-height: 90vh; margin: 1rem; }
main { max-width: 24rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
button { display: block; width: 100%; margin: .75rem 0; padding: .75rem 1rem; border: 1px solid; border-radius: .5rem;
  background: none; color: inherit; font: inherit; text-align: start; cursor: pointer; }
button:hover, button:focus-visible { outline: 2px solid; outline-offset: 2px; }
button b, button span { display: block; }
`;
const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const NOTE = '<p>This server is for development: there is no password. It listens on this machine alone.</p>';

/**
 * The headers of a page.
 *
 * @param leadsTo origins to which its form may lead in the end, beside its own
 */
export function pageHeaders(leadsTo: readonly string[]): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src ${STYLE_HASH}`,
      `form-action ${["'self'", ...leadsTo].join(' ')}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** What a person is chosen on. */
export function signInPage(): string {
  const people = DEMO_PEOPLE.map(
    ({ subject, name, about }) =>
      `<button name="subject" value="${subject}"><b>${name}</b><span>${about}</span></button>`,
  );
  return page(
    'Sign in',
    `<p>Choose who you are.</p>
<form method="post">${people.join('')}<button name="cancel" value="true">Cancel</button></form>`,
  );
}

/** @param form of the provider, without a button, named `op.logoutForm` */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<p>Do you want to sign out?</p>${form}
<button form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button form="op.logoutForm">Stay signed in</button>`,
  );
}

/** Where nothing else follows. */
export function signedOutPage(): string {
  return page('Signed out', '<p>You can close this page.</p>');
}

/** @param error by the registries of OAuth 2.0 and OpenID Connect, with a description that may repeat the request */
export function errorPage(error: string, description = ''): string {
  return page(
    'This did not work',
    `<p><code>${escaped(error)}</code></p><p>${escaped(description)}</p><p>Go back, and sign in again.</p>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${STYLE}</style></head><body><main><h1>${title}</h1>${content}${NOTE}</main></body></html>
`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import { fileURLToPath } from 'node:url';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { PageSignIn } from './page-sign-in.js';

/** Where the build puts the scripts and styles of pages; also where this runs from its source. */
const FOLDER = fileURLToPath(new URL('../../dist/ui/', import.meta.url));

/** @param attributes of the page's element */
function pageWith(attributes: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Stripe settings of projects</title>
    <link rel="stylesheet" href="ui/page.css">
    <script type="module" src="ui/page.js"></script>
  </head>
  <body>
    <stripe-page ${attributes}></stripe-page>
  </body>
</html>
`;
}

/**
 * The page's own scripts and styles alone; requests to this service and the token endpoint.
 *
 * @param connect an origin
 */
const policyWith = (connect: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // What is pasted is never made into markup.
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; ');

/**
 * Serves the page at `/`, and what it loads, the element included, at `/ui/`.
 *
 * @param signIn how people sign in, asked for each time the page is loaded
 */
export function serveUi(app: NestFastifyApplication, signIn: () => Promise<PageSignIn>): void {
  app
    .getHttpAdapter()
    .getInstance()
    .get('/', async (_request, reply) => {
      const how = await signIn();
      const tokenOrigin = 'provider' in how ? ` ${new URL(how.provider.token_endpoint).origin}` : '';
      void reply.headers({
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policyWith(tokenOrigin),
        // The address to which a provider redirects contains a code.
        'Referrer-Policy': 'no-referrer',
      });
      return pageWith(
        'provider' in how
          ? `provider="${escaped(JSON.stringify(how.provider))}"`
          : `problem="${escaped(how.problem)}"`,
      );
    });
  app.useStaticAssets({ root: FOLDER, prefix: '/ui/', index: false, decorateReply: false });
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

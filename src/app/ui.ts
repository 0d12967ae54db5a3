import { fileURLToPath } from 'node:url';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Where the build puts the scripts and styles of pages; also where this runs from its source. */
const FOLDER = fileURLToPath(new URL('../../dist/ui/', import.meta.url));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Stripe settings of projects</title>
    <link rel="stylesheet" href="ui/page.css">
    <script type="module" src="ui/page.js"></script>
  </head>
  <body>
    <stripe-page></stripe-page>
  </body>
</html>
`;

/** The page's own scripts and styles alone; requests to this service. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // What is pasted is never made into markup.
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

/** Serves the page at `/`, and what it loads, the element included, at `/ui/`. */
export function serveUi(app: NestFastifyApplication): void {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': POLICY,
    // The address to which a provider redirects contains a code.
    'Referrer-Policy': 'no-referrer',
  };
  app
    .getHttpAdapter()
    .getInstance()
    .get('/', (_request, reply) => reply.headers(headers).send(PAGE));
  app.useStaticAssets({ root: FOLDER, prefix: '/ui/', index: false, decorateReply: false });
}

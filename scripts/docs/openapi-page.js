import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The page of the OpenAPI document, in the folder of the site. */
export const OPENAPI_PAGE = 'openapi/index.html';

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];

/**
 * Writes the page with what `@nestjs/swagger` brings. The document stands in a script, since pages that are opened as files may
 * load nothing else.
 *
 * @param {string} site the folder of the site
 */
export function writeOpenApiPage(site) {
  const folder = join(site, dirname(OPENAPI_PAGE));
  mkdirSync(folder, { recursive: true });
  const document = readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8');
  writeFileSync(join(folder, 'openapi.json'), document);
  writeFileSync(
    join(folder, 'openapi.js'),
    `SwaggerUIBundle({ dom_id: '#document', spec: ${document.trim()}, supportedSubmitMethods: [], deepLinking: true });\n`,
  );
  const swaggerUi = dirname(swaggerUiManifest());
  for (const asset of ASSETS) copyFileSync(join(swaggerUi, asset), join(folder, asset));
  writeFileSync(join(site, OPENAPI_PAGE), PAGE);
}

/** It is no dependency of ours, but of `@nestjs/swagger`. */
function swaggerUiManifest() {
  const nestSwagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return createRequire(nestSwagger).resolve('swagger-ui-dist/package.json');
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>OpenAPI | nest-stripe-config</title>
    <link rel="stylesheet" href="swagger-ui.css" />
  </head>
  <body>
    <p style="margin: 1rem"><a href="../index.html">nest-stripe-config</a> · <a href="openapi.json">openapi.json</a></p>
    <div id="document"></div>
    <script src="swagger-ui-bundle.js"></script>
    <script src="openapi.js"></script>
  </body>
</html>
`;

import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { curlWithoutSecrets, keepAuthorizationInTab } from './explorer-plugins.js';
import { SECURITY_SCHEMES } from './openapi.js';

const PATH = 'docs';

/** Lets `/` redirect to the explorer, where there is no page. */
export function startAtDocs(app: NestFastifyApplication): void {
  const adapter = app.getHttpAdapter();
  adapter.get('/', (_request: unknown, response: unknown) => {
    adapter.redirect(response, 302, PATH);
  });
}

/** How the explorer signs in at an identity provider: as a public client, by authorization code with PKCE. */
export interface ExplorerSignIn {
  clientId: string;
  /** The requested scopes. */
  scopes: readonly string[];
  /** Some providers issue a token for a service only when its audience is requested. */
  audience: string;
  authorizationUrl: string;
  tokenUrl: string;
}

/**
 * Serves the document at `/openapi.json` and `/openapi.yaml`, and the explorer at `/docs`.
 *
 * @param describe makes the document, when it is first requested: a third of a start would be spent on it
 * @param signIn without, the explorer offers only what works: a token given by hand
 */
export function serveDocs(
  app: NestFastifyApplication,
  describe: () => OpenAPIObject,
  signIn?: ExplorerSignIn,
): void {
  let made: OpenAPIObject | undefined;
  const document = (): OpenAPIObject => (made ??= describe());
  protect(app, signIn);
  const addresses = { jsonDocumentUrl: 'openapi.json', yamlDocumentUrl: 'openapi.yaml' };
  SwaggerModule.setup(PATH, app as INestApplication, document, { ui: false, ...addresses });
  SwaggerModule.setup(PATH, app as INestApplication, () => explorerDocument(document(), signIn), {
    raw: false,
    customSiteTitle: 'Stripe configuration of projects',
    swaggerOptions: {
      tryItOutEnabled: true,
      validatorUrl: null,
      plugins: [curlWithoutSecrets, keepAuthorizationInTab],
      ...(signIn !== undefined && {
        initOAuth: {
          clientId: signIn.clientId,
          scopes: [...signIn.scopes],
          usePkceWithAuthorizationCodeGrant: true,
          additionalQueryStringParams: { audience: signIn.audience },
        },
      }),
    },
  });
}

/** What a page of the explorer may do: its own scripts alone, and requests to the service and the token endpoint. */
function protect(app: NestFastifyApplication, signIn: ExplorerSignIn | undefined): void {
  const tokenOrigin = signIn === undefined ? '' : ` ${new URL(signIn.tokenUrl).origin}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // Swagger UI's page has styles in it.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self'${tokenOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      if (route.url !== `/${PATH}` && !route.url.startsWith(`/${PATH}/`)) return;
      route.onRequest = (_request, reply, done) => {
        // The address to which a provider redirects contains a code.
        reply.headers({ 'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer' });
        done();
      };
    });
}

/** The document with the ways to authorize that work here. */
function explorerDocument(document: OpenAPIObject, signIn: ExplorerSignIn | undefined): OpenAPIObject {
  const copy = structuredClone(document);
  const schemes = copy.components?.securitySchemes ?? {};
  if (signIn !== undefined) {
    const { authorizationUrl, tokenUrl } = signIn;
    const scopes = Object.fromEntries(signIn.scopes.map((scope) => [scope, '']));
    schemes[SECURITY_SCHEMES.oauth2] = {
      type: 'oauth2',
      flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes } },
    };
    return copy;
  }
  Reflect.deleteProperty(schemes, SECURITY_SCHEMES.oauth2);
  for (const item of Object.values(copy.paths)) {
    for (const operation of [item.get, item.put, item.post, item.delete]) {
      if (operation?.security === undefined) continue;
      operation.security = operation.security.filter((each) => !(SECURITY_SCHEMES.oauth2 in each));
    }
  }
  return copy;
}

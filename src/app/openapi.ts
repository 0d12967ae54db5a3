import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { completeDocument } from '../payments/http/openapi/complete-document.js';
import type { IssuerMetadata } from '../payments/http/access/issuer-keys.js';
import { withOwnNames } from './own-names.js';

/** Names of the security schemes in the document; each of them is enough. */
export const SECURITY_SCHEMES = { bearer: 'Bearer', oauth2: 'OAuth2' } as const;

const DESCRIPTION = `Keeps the Stripe credentials of projects: takes them, seals them, and shows only masks.

Every error has a stable \`code\`, and on 422 a list that says what to fix. Send \`Accept: application/problem+json\`
to get errors as problems (RFC 9457).`;

/** In the order in which they are read: the main job first. */
const TAGS = {
  'Stripe Configuration': 'The Stripe credentials of a project.',
  'Stripe Webhooks': 'Where Stripe sends its events, and the endpoints in Stripe that send them.',
  'Stripe Events': 'The events that were received.',
  Payments: 'What is configured, project by project.',
  Projects: 'The projects of this service.',
  Health: 'For load balancers and supervisors.',
};

/** What depends on where the service runs. */
export interface OpenApiOptions {
  /**
   * Addresses of the identity provider. Without, OAuth 2.0 is declared as the contract documents it, and a token is
   * entered by hand as HTTP bearer.
   */
  issuer?: IssuerMetadata | undefined;
  /** The address users reach. Without, the one that the document came from. */
  server?: string | undefined;
}

/** Describes the routes of an application as OpenAPI 3.1. */
export function openApiDocument(
  app: INestApplication,
  { issuer, server }: OpenApiOptions = {},
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Stripe configuration of projects')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(server ?? '/', server === undefined ? 'Where this document came from' : undefined)
    .addSecurity(SECURITY_SCHEMES.bearer, {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'An access token, or a service token (`nsc_…`)',
    })
    .addSecurity(SECURITY_SCHEMES.oauth2, { type: 'oauth2', flows: oauth2Flows(issuer) });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  return withOwnNames(completeDocument(SwaggerModule.createDocument(app, builder.build())));
}

function oauth2Flows(issuer: IssuerMetadata | undefined): object {
  if (issuer?.token_endpoint === undefined) return { password: { tokenUrl: 'auth/login', scopes: {} } };
  const { authorization_endpoint: authorizationUrl, token_endpoint: tokenUrl } = issuer;
  return authorizationUrl === undefined
    ? { clientCredentials: { tokenUrl, scopes: {} } }
    : { authorizationCode: { authorizationUrl, tokenUrl, scopes: {} } };
}

import type { OpenAPIObject } from '@nestjs/swagger';
import { SECURITY_SCHEMES } from './api-documentation.js';

/** The schemes of our operations where the document has none of their names. */
const DEFAULT_SCHEMES = {
  [SECURITY_SCHEMES.oauth2]: {
    type: 'oauth2' as const,
    flows: { password: { tokenUrl: 'auth/login', scopes: {} } },
  },
  [SECURITY_SCHEMES.bearer]: { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT' },
};

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * Completes an OpenAPI document, made by the service or by a host, with what the decorators of `@nestjs/swagger` cannot
 * say: that unknown fields are refused, and which security schemes our operations have.
 *
 * @param options `security`: names of the document's own schemes, each of which is enough. Default: `OAuth2` and `Bearer` as the
 *   contract documents them, declared where the document lacks them
 */
export function completeDocument(
  document: OpenAPIObject,
  { security }: { security?: readonly string[] } = {},
): OpenAPIObject {
  const request = document.components?.schemas?.StripeConfigRequest;
  if (request !== undefined) Object.assign(request, { additionalProperties: false });
  if (security === undefined) {
    const securitySchemes = { ...DEFAULT_SCHEMES, ...document.components?.securitySchemes };
    return { ...document, components: { ...document.components, securitySchemes } };
  }
  const schemes = security.map((name) => ({ [name]: [] }));
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation !== undefined && isOurs(operation.security)) operation.security = schemes;
    }
  }
  return document;
}

/** No other operation is likely to offer exactly our two. */
function isOurs(security: Record<string, unknown>[] | undefined): boolean {
  const names = Object.values(SECURITY_SCHEMES) as string[];
  return (
    security?.length === names.length &&
    security.every((scheme) => names.includes(Object.keys(scheme).join(' ')))
  );
}

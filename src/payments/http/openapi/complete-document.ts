import type { OpenAPIObject } from '@nestjs/swagger';
import { SECURITY_SCHEMES } from './api-documentation.js';

/** The schemes of our operations where the document has none of their names. */
export const DEFAULT_SCHEMES = {
  [SECURITY_SCHEMES.bearer]: {
    type: 'http' as const,
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token',
  },
  [SECURITY_SCHEMES.oauth2]: {
    type: 'oauth2' as const,
    flows: { password: { tokenUrl: 'auth/login', scopes: {} } },
  },
};

/** Whether the objects of a schema may have fields that it does not name. */
const ADDITIONAL_PROPERTIES = {
  StripeConfigRequest: false,
  ValidateStripeCredentialsRequest: false,
  WebhookEndpointRequest: false,
  StripeWebhookEvent: true,
  // The contract documents the list alone.
  HTTPValidationError: true,
};

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * Completes an OpenAPI document, made by the service or by a host, with what the decorators of `@nestjs/swagger` cannot
 * say: that unknown fields are refused, an id for each operation, and which security schemes our operations have.
 *
 * @param options `security`: names of the document's own schemes, each of which is enough. Default: `OAuth2` and `Bearer` as the
 *   contract documents them, declared where the document lacks them
 */
export function completeDocument(
  document: OpenAPIObject,
  { security }: { security?: readonly string[] } = {},
): OpenAPIObject {
  for (const [name, additionalProperties] of Object.entries(ADDITIONAL_PROPERTIES)) {
    const schema = document.components?.schemas?.[name];
    if (schema !== undefined) Object.assign(schema, { additionalProperties });
  }
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => item[method] ?? []).map((operation) => inOrderOf(path, operation)),
  );
  numberRepeatedIds(operations);
  if (security === undefined) {
    const securitySchemes = { ...DEFAULT_SCHEMES, ...document.components?.securitySchemes };
    return { ...document, components: { ...document.components, securitySchemes } };
  }
  const schemes = security.map((name) => ({ [name]: [] }));
  for (const operation of operations) {
    if (isOurs(operation.security)) operation.security = schemes;
  }
  return document;
}

/** The parameters of the path come first and in its order, which compilers that do not know their types would change. */
function inOrderOf(path: string, operation: Operation): Operation {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const position = (parameter: object): number => {
    const index = 'name' in parameter ? names.indexOf(String(parameter.name)) : -1;
    return index === -1 ? names.length : index;
  };
  operation.parameters?.sort((one, other) => position(one) - position(other));
  return operation;
}

/** Where the module is there twice, so are the ids of its operations. */
function numberRepeatedIds(operations: { operationId?: string }[]): void {
  const counts = new Map<string, number>();
  for (const operation of operations) {
    const { operationId } = operation;
    if (operationId === undefined) continue;
    const count = (counts.get(operationId) ?? 0) + 1;
    counts.set(operationId, count);
    if (count > 1) operation.operationId = `${operationId}${count}`;
  }
}

/** No other operation is likely to offer exactly our two. */
function isOurs(security: Record<string, unknown>[] | undefined): boolean {
  const names = Object.values(SECURITY_SCHEMES) as string[];
  return (
    security?.length === names.length &&
    security.every((scheme) => names.includes(Object.keys(scheme).join(' ')))
  );
}

import type { OpenAPIObject } from '@nestjs/swagger';
import { OPERATION_PREFIX, SCHEMA_PREFIX } from '../payments/http/openapi/namespace.js';

/** The document of the service, which is nobody's guest: schemas and operations have their own names, as the contract has them. */
export function withOwnNames(document: OpenAPIObject): OpenAPIObject {
  return JSON.parse(JSON.stringify(document), (key, value: unknown) => {
    if (key === '$ref') return String(value).replace(`/${SCHEMA_PREFIX}`, '/');
    if (key === 'operationId') return String(value).replace(OPERATION_PREFIX, '');
    return key === 'schemas' ? renamed(value as Record<string, object>) : value;
  }) as OpenAPIObject;
}

function renamed(schemas: Record<string, object>): object {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name.replace(SCHEMA_PREFIX, ''), inOrder(schema)]),
  );
}

/** Whether a schema's objects may have further fields is said after the fields that it has. */
function inOrder({ additionalProperties, ...schema }: { additionalProperties?: boolean }): object {
  return additionalProperties === undefined ? schema : { ...schema, additionalProperties };
}

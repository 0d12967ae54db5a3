import type { OpenAPIObject } from '@nestjs/swagger';
import { mapRecord } from '../../common/record-of.js';
import { documentIds } from './documented-ids.js';
import { OPERATION_PREFIX, SCHEMA_PREFIX } from './namespace.js';
import { inVersion31 } from './nullability.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

const METHODS = ['get', 'put', 'post', 'delete'] as const;

/**
 * Completes our part of an OpenAPI document with what the decorators of `@nestjs/swagger` cannot express: the order of
 * parameters, an id for each operation where the module is there twice, and what may be null in version 3.1, which
 * `@nestjs/swagger` 11 writes as in 3.0, and what ids of projects look like that are no UUIDs. Everything else in the document stays as it is.
 *
 * @returns a copy
 */
export function completeDocument(generated: OpenAPIObject): OpenAPIObject {
  const document = documentIds(generated);
  const inVersion = document.openapi.startsWith('3.0') ? <Part>(part: Part): Part => part : inVersion31;
  const idOf = distinctIds();
  const completed = (path: string, operation: Operation): Operation => {
    const { operationId } = operation;
    if (operationId?.startsWith(OPERATION_PREFIX) !== true) return operation;
    return { ...inOrderOf(path, inVersion(operation)), operationId: idOf(operationId) };
  };
  const paths = mapRecord(document.paths, (item, path): PathItem => {
    const operations = METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[method, completed(path, operation)]];
    });
    return { ...item, ...(Object.fromEntries(operations) as PathItem) };
  });
  const schemas = mapRecord(document.components?.schemas ?? {}, (schema, name) =>
    name.startsWith(SCHEMA_PREFIX) ? inVersion(schema) : schema,
  );
  return { ...document, paths, components: { ...document.components, schemas } };
}

/** The parameters of the path come first and in its order, which generators that do not know their types would change. */
function inOrderOf(path: string, operation: Operation): Operation {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const position = (parameter: object): number => {
    const index = 'name' in parameter ? names.indexOf(String(parameter.name)) : -1;
    return index === -1 ? names.length : index;
  };
  const parameters = operation.parameters?.toSorted((one, other) => position(one) - position(other));
  return parameters === undefined ? operation : { ...operation, parameters };
}

/** Numbers the ids that it has given before: where the module is there twice, so are the ids of its operations. */
function distinctIds(): (operationId: string) => string {
  const counts = new Map<string, number>();
  return (operationId) => {
    const count = (counts.get(operationId) ?? 0) + 1;
    counts.set(operationId, count);
    return count === 1 ? operationId : `${operationId}${count}`;
  };
}

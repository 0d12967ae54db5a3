import { readFileSync } from 'node:fs';

export type Json = Record<string, unknown>;

interface Example {
  value: unknown;
}

/** What a place of the document holds, in requests and answers. */
export interface MediaType {
  schema: Json;
  example?: unknown;
  examples?: Record<string, Example>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Json;
  examples?: Record<string, Example>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary?: string;
  description?: string;
  security?: Json[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, MediaType> };
  responses: Record<string, { description: string; content?: Record<string, MediaType> }>;
}

export interface OpenApiDocument {
  tags: { name: string; description?: string }[];
  servers: Json[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

/** The generated document, which test/openapi.spec.ts holds against the service. */
export function readOpenApiDocument(): OpenApiDocument {
  return JSON.parse(
    readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
  ) as OpenApiDocument;
}

/** Every operation with its place. */
export function operationsOf({
  paths,
}: OpenApiDocument): { place: string; method: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ place: `${method} ${path}`, method, operation })),
  );
}

/** Every object in a value, with the place where it is. */
export function* objectsIn(value: unknown, place = '#'): Generator<[place: string, object: Json]> {
  if (typeof value !== 'object' || value === null) return;
  yield [place, value as Json];
  for (const [name, member] of Object.entries(value)) yield* objectsIn(member, `${place}/${name}`);
}

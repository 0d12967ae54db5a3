import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';
import { MAX_PROJECT_ID_LENGTH, UUIDS, type ProjectIds } from '../../domain/project-ids.js';
import { mapRecord } from '../../common/record-of.js';
import { EXAMPLE_PROJECT_ID } from './api-documentation.js';
import { SCHEMA_PREFIX } from './namespace.js';

/** Marks operations whose ids of projects are no UUIDs, from when their controllers are mounted until the document is completed. */
const MARK = 'x-nest-stripe-config-project-ids';

/** What the document says of such ids. */
interface DocumentedIds {
  pattern: string;
  example: string;
  refusal: string;
}

/** Lets {@link documentIds} know what the ids of a handler's projects look like. */
export function markIds(handler: object, { form, refusal }: ProjectIds): void {
  const { pattern, example } = form;
  const ids: DocumentedIds = { pattern: pattern.source, example, refusal: refusal.msg };
  ApiExtension(MARK, ids)({}, '', { value: handler });
}

/**
 * Documents ids of projects as they are where they are no UUIDs: in the marked operations, and in our schemas. Where operations of
 * several instances have different ids, their common schemas show those of the first.
 */
export function documentIds(document: OpenAPIObject): OpenAPIObject {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item) as unknown[]);
  const ids = operations.find(isMarked)?.[MARK];
  if (ids === undefined) return document;
  const schemas = mapRecord(document.components?.schemas ?? {}, (schema, name) =>
    name.startsWith(SCHEMA_PREFIX) ? withIds(schema, ids) : schema,
  );
  const paths = mapRecord(document.paths, (item) => mapRecord(item as Record<string, unknown>, withoutMark));
  return { ...document, paths, components: { ...document.components, schemas } };
}

interface Marked {
  [MARK]: DocumentedIds;
}

function isMarked(value: unknown): value is Marked {
  return typeof value === 'object' && value !== null && MARK in value;
}

function withoutMark(operation: unknown): unknown {
  if (!isMarked(operation)) return operation;
  const { [MARK]: ids, ...rest } = operation;
  return withIds(rest, ids);
}

/** A part of the document with other ids, in its examples as well. */
function withIds<T>(part: T, ids: DocumentedIds): T {
  return replaced(part, ids) as T;
}

function replaced(part: unknown, ids: DocumentedIds): unknown {
  if (typeof part === 'string') return inText(part, ids);
  if (Array.isArray(part)) return part.map((item) => replaced(item, ids));
  if (typeof part !== 'object' || part === null) return part;
  const { format, ...rest } = part as Record<string, unknown>;
  const isId = format === 'uuid' && (rest.example ?? EXAMPLE_PROJECT_ID) === EXAMPLE_PROJECT_ID;
  const form = isId
    ? { pattern: ids.pattern, maxLength: MAX_PROJECT_ID_LENGTH }
    : { ...(format !== undefined && { format }) };
  const members = Object.entries(rest).map(([name, value]) => [inText(name, ids), replaced(value, ids)]);
  return { ...(Object.fromEntries(members) as object), ...form };
}

function inText(text: string, { example, refusal }: DocumentedIds): string {
  return text
    .replaceAll(EXAMPLE_PROJECT_ID, () => example)
    .replaceAll(UUIDS.refusal.msg, () => refusal)
    .replaceAll('invalid_uuid', 'invalid_id');
}

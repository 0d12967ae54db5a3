type Schema = Readonly<Record<string, unknown>>;

const NULL = { type: 'null' };

/**
 * Writes a part of an OpenAPI document in the words of version 3.1, where `nullable` means nothing. `@nestjs/swagger` does it from
 * version 12 on, and leaves null among the words of an `enum`, which some generators of code cannot take.
 */
export function inVersion31<Part>(part: Part): Part {
  return JSON.parse(JSON.stringify(part), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? written(value as Schema) : value,
  ) as Part;
}

function written(schema: Schema): Schema {
  const { nullable, type, allOf, enum: words, ...rest } = schema;
  if (Array.isArray(words) && words.includes(null)) {
    return { anyOf: [{ type: 'string', enum: words.filter((word) => word !== null) }, NULL], ...rest };
  }
  if (nullable !== true) return schema;
  return Array.isArray(allOf)
    ? { ...rest, anyOf: [...(allOf as Schema[]), NULL] }
    : { type: [type, 'null'], ...rest };
}

import type { Type } from '@nestjs/common';
import { ApiProperty, ApiSchema, type ApiPropertyOptions } from '@nestjs/swagger';

/**
 * A class of a request or response whose properties are data and not decorators, for those that follow from a catalogue.
 *
 * @param name of its schema in the OpenAPI document
 * @param properties in their documented order
 */
export function schemaClass<T extends object>(
  name: string,
  description: string | undefined,
  properties: Readonly<Record<keyof T & string, ApiPropertyOptions>>,
): Type<T> {
  const schema = class {
    declare readonly properties: T;
  };
  Object.defineProperty(schema, 'name', { value: name });
  if (description !== undefined) ApiSchema({ description })(schema);
  for (const [property, options] of Object.entries<ApiPropertyOptions>(properties)) {
    ApiProperty(options)(schema.prototype, property);
  }
  return schema as Type<T>;
}

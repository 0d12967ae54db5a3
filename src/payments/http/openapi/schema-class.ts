import type { Type } from '@nestjs/common';
import { ApiProperty, ApiSchema, type ApiPropertyOptions } from '@nestjs/swagger';
import { SCHEMA_PREFIX } from './namespace.js';

/** What is documented of a schema as a whole. */
interface SchemaOptions {
  description?: string;
  /** Whether its objects may have fields that it does not name. Default: not said. */
  additionalProperties?: boolean;
}

/** Gives a class of a request or response its name in the OpenAPI document, whatever a bundler calls the class. */
export function PaymentsSchema(name: string, options: SchemaOptions = {}): ClassDecorator {
  return (type) => {
    // Not by an option of ApiSchema: early versions of 11 refer to properties of this class by its own name.
    Object.defineProperty(type, 'name', { value: SCHEMA_PREFIX + name });
    ApiSchema(options)(type);
  };
}

/**
 * A class of a request or response whose properties are data and not decorators, for those that follow from a catalogue.
 *
 * @param name of its schema, as {@link PaymentsSchema} takes it
 * @param properties in their documented order
 */
export function schemaClass<T extends object>(
  name: string,
  options: SchemaOptions,
  properties: Readonly<Record<keyof T & string, ApiPropertyOptions>>,
): Type<T> {
  const schema = class {
    declare readonly properties: T;
  };
  PaymentsSchema(name, options)(schema);
  for (const [property, options] of Object.entries<ApiPropertyOptions>(properties)) {
    ApiProperty(options)(schema.prototype, property);
  }
  return schema as Type<T>;
}

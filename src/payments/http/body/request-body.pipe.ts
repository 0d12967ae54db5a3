import type { PipeTransform, Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { ValidationFailed, type ValidationCause, type ValidationItem } from '../../domain/errors.js';
import { unknownNames } from '../parameters/unknown-name.js';

/**
 * Makes an instance of a request class from a JSON object, or refuses it with every fault in it.
 * Each of its validators is given a {@link refusal}.
 */
export class RequestBodyPipe<T extends object> implements PipeTransform<Record<string, unknown>, Promise<T>> {
  /** @param fields the names that the request class knows; any other is refused */
  constructor(
    private readonly type: Type<T>,
    private readonly fields: readonly string[],
  ) {}

  async transform(body: Record<string, unknown>): Promise<T> {
    const request = plainToInstance(this.type, flatten(body, this.fields));
    const errors = await validate(request, {
      stopAtFirstError: true,
      validationError: { target: false, value: false },
    });
    const unknown = Object.keys(body).filter((name) => !this.fields.includes(name));
    const items = [...unknownNames('body', unknown, this.fields), ...errors.map(toItem)];
    if (items.length > 0) throw new ValidationFailed(items);
    return request;
  }
}

/** How a validator refuses a value: with a stable cause, and a sentence that holds no piece of the value. */
export function refusal(
  cause: ValidationCause,
  message: string,
): { message: string; context: { cause: ValidationCause } } {
  return { message, context: { cause } };
}

function toItem({ property, constraints = {}, contexts = {} }: ValidationError): ValidationItem {
  const [[name, msg] = ['', '']] = Object.entries(constraints);
  const { cause } = contexts[name] as ReturnType<typeof refusal>['context'];
  return { loc: ['body', property], msg, type: cause };
}

/**
 * Only the known fields, and nothing below them but a list of texts: any other object or array becomes an empty object,
 * which no validator takes for a value, so that nothing recurses into what a stranger nested a thousand deep.
 */
function flatten(body: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const field of fields) {
    const value = body[field];
    if (value !== undefined) flat[field] = isFlat(value) ? value : {};
  }
  return flat;
}

function isFlat(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return typeof value !== 'object' || value === null;
}

import type { Type } from '@nestjs/common';
import { fieldsOf } from '../openapi/api-documentation.js';
import { JsonBody, OptionalJsonBody } from './json-body.js';
import { RequestBodyPipe } from './request-body.pipe.js';

/** Gives a handler the body as an instance of a request class, whose documented fields are all that it may have. */
export function ValidBody<T extends object>(type: Type<T>): ParameterDecorator {
  return JsonBody(new RequestBodyPipe(type, fieldsOf(type)));
}

/** As {@link ValidBody}, but no body at all is an empty object. */
export function OptionalValidBody<T extends object>(type: Type<T>): ParameterDecorator {
  return OptionalJsonBody(new RequestBodyPipe(type, fieldsOf(type)));
}

import type { IncomingMessage } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { ValidationFailed } from '../../domain/errors.js';
import { rawRequestOf, requestOf } from '../http-request.js';
import { unknownNames } from './unknown-name.js';

/** Where `@nestjs/swagger` keeps the documented parameters of a handler. */
const DOCUMENTED_PARAMETERS = 'swagger/apiParameters';

/**
 * Refuses query parameters that a route does not document: they would be passed over, and the caller would take a filter that
 * never was for one that found nothing. It stands behind the guards, so that nothing is said to a
 * caller who may not ask.
 */
@Injectable()
export class QueryRules implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const names = parameterNames(rawRequestOf(requestOf(context)));
    if (names.length > 0) {
      const known = documentedBy(context.getHandler());
      const unknown = [...new Set(names)].filter((name) => !known.includes(name));
      if (unknown.length > 0) throw new ValidationFailed(unknownNames('query', unknown, known));
    }
    return next.handle();
  }
}

/** As they were sent, whatever a host makes of queries. */
function parameterNames({ url = '' }: IncomingMessage): string[] {
  const start = url.indexOf('?');
  return start === -1 ? [] : [...new URLSearchParams(url.slice(start + 1)).keys()];
}

function documentedBy(handler: object): string[] {
  const parameters = (Reflect.getMetadata(DOCUMENTED_PARAMETERS, handler) ?? []) as {
    name?: unknown;
    in?: unknown;
  }[];
  return parameters.flatMap(({ name, in: place }) =>
    place === 'query' && typeof name === 'string' ? [name] : [],
  );
}

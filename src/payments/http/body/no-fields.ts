import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { ValidationFailed } from '../../domain/errors.js';
import { requestOf } from '../http-request.js';
import { readOptionalJson } from './json-body.js';
import { unknownNames } from '../parameters/unknown-name.js';

/** Refuses every field of a body where a request has none: it would be passed over. No body or an empty object is right. */
@Injectable()
export class NoFields implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const names = Object.keys(await readOptionalJson(requestOf(context)));
    if (names.length > 0) throw new ValidationFailed(unknownNames('body', names, []));
    return next.handle();
  }
}

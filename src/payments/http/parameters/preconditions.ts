import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Preconditions } from '../../domain/preconditions.js';
import { requestOf, type HttpRequest } from '../http-request.js';

/** The preconditions of a request. An entity tag that this service never issued matches nothing. */
export function preconditionsOf({ headers }: HttpRequest): Preconditions {
  return { ifMatch: parse(headers['if-match']), ifNoneMatch: parse(headers['if-none-match']) };
}

/** Gives a handler the {@link Preconditions} of its request. */
export const ConditionalOn = createParamDecorator((_: unknown, context: ExecutionContext) =>
  preconditionsOf(requestOf(context)),
);

/**
 * Weak tags match in `If-Match` as well: this service issues strong ones only, which compressing proxies weaken, and a version
 * identifies the whole state of a configuration, whatever the bytes of an answer.
 */
function parse(header: string | undefined): number[] | 'any' | null {
  if (header === undefined) return null;
  if (header.trim() === '*') return 'any';
  return header.split(',').flatMap((tag) => {
    const [, digits] = /^\s*(?:W\/)?"(0|[1-9]\d{0,8})"\s*$/.exec(tag) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
}

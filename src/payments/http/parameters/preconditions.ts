import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Preconditions } from '../../domain/preconditions.js';
import { requestOf, type HttpRequest } from '../http-request.js';

/** The preconditions of a request. An entity tag that this service never gave matches nothing. */
export function preconditionsOf({ headers }: HttpRequest): Preconditions {
  return { ifMatch: parse(headers['if-match']), ifNoneMatch: parse(headers['if-none-match']) };
}

/** Gives a handler the {@link Preconditions} of its request. */
export const ConditionalOn = createParamDecorator((_: unknown, context: ExecutionContext) =>
  preconditionsOf(requestOf(context)),
);

/**
 * Weak tags count in `If-Match` as well: this service gives strong ones only, which proxies that compress make weak on their
 * way, and a version tells the whole state of a configuration, whatever the bytes of an answer.
 */
function parse(header: string | undefined): number[] | 'any' | null {
  if (header === undefined) return null;
  if (header.trim() === '*') return 'any';
  return header.split(',').flatMap((tag) => {
    const [, digits] = /^\s*(?:W\/)?"(0|[1-9]\d{0,8})"\s*$/.exec(tag) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
}

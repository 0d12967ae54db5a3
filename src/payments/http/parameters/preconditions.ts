import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { PaymentsError } from '../../domain/errors.js';
import { requestOf, type HttpRequest } from '../http-request.js';

/** What a conditional request (RFC 9110 section 13) asks of the stored version. */
export interface Preconditions {
  /** `If-Match`: the versions of which one must be stored; `any` for `*`; null when not asked. */
  ifMatch: number[] | 'any' | null;
  /** `If-None-Match`: likewise, of which none may be stored. */
  ifNoneMatch: number[] | 'any' | null;
}

/** The preconditions of a request. An entity tag that this service never gave matches nothing. */
export function preconditionsOf({ headers }: HttpRequest): Preconditions {
  return { ifMatch: parse(headers['if-match']), ifNoneMatch: parse(headers['if-none-match']) };
}

/** Gives a handler the {@link Preconditions} of its request. */
export const ConditionalOn = createParamDecorator((_: unknown, context: ExecutionContext) =>
  preconditionsOf(requestOf(context)),
);

/** The entity tag of a version: the version's number, and nothing of what is stored. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

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

/** The refusal of a change because of what is stored by now. */
export function versionConflict(): PaymentsError {
  return new PaymentsError(
    'version_conflict',
    'The configuration is not in the state that this request expects; get it again and repeat the change on that.',
  );
}

import { ApiParam } from '@nestjs/swagger';
import { textHoldsCredential } from '../../../payments/domain/credential-shape.js';
import { ValidationFailed, type ValidationItem } from '../../../payments/domain/errors.js';
import { isTokenSubject } from '../../service-tokens/token-subject.js';
import { isSubject, isVisible } from '../../../payments/domain/subject.js';

/** What 422 lists where a path names nobody. */
export const NO_SUBJECT: ValidationItem = {
  loc: ['path', 'subject'],
  msg: 'This must be the sub of somebody’s access tokens: 1 to 255 characters, percent-encoded, all of them visible.',
  type: 'out_of_range',
};

/** What 422 lists where browsers and proxies would take the last segment of the path away. */
export const DOT_SUBJECT: ValidationItem = {
  loc: ['path', 'subject'],
  msg: 'A member whose sub is "." or ".." could not be removed by an address; give them another sub at the identity provider.',
  type: 'out_of_range',
};

/** Documents whose role a path is about. */
export function ApiSubject(): MethodDecorator {
  return ApiParam({
    name: 'subject',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    description: 'The `sub` of their access tokens, percent-encoded as one segment',
    examples: { subject: { value: 'demo-colleague' } },
  });
}

/**
 * Whose role a path is about: a person, no service token. A credential that was pasted in its place must reach neither the database nor the trail.
 *
 * @throws ValidationFailed
 */
export function readSubject(subject: unknown): string {
  if (!isSubject(subject) || textHoldsCredential(subject) || isTokenSubject(subject))
    throw new ValidationFailed([NO_SUBJECT]);
  return subject;
}

/**
 * As {@link readSubject}, for who is to have a role: one that looks like another’s in a list, or like nothing, is refused. Who has one
 * can still be removed.
 *
 * @throws ValidationFailed
 */
export function readNewSubject(given: unknown): string {
  const subject = readSubject(given);
  if (/^\.{1,2}$/.test(subject)) throw new ValidationFailed([DOT_SUBJECT]);
  if (!isVisible(subject)) throw new ValidationFailed([NO_SUBJECT]);
  return subject;
}

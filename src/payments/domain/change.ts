import { isSubject } from './subject.js';
import { ExplainedError } from './explained-error.js';
import { UUID } from './uuid.js';

/** Who changes a configuration, for its audit trail. */
export interface Change {
  /** The `sub` of the caller: 1 to 255 characters, without NUL and without half of a surrogate pair. */
  actor: string;
  /** UUID. */
  requestId: string;
}

/**
 * Refuses what cannot stand in an audit trail as it is: the database would change it, cut it or refuse it, and of two actors who
 * differ one would be the other.
 *
 * @throws ExplainedError naming the argument, never its value
 */
export function requireChange({ actor, requestId }: Change): void {
  if (!isSubject(actor)) {
    throw new ExplainedError(
      'change.actor must be a text of 1 to 255 characters, without NUL and without half of a surrogate pair',
    );
  }
  if (typeof requestId !== 'string' || !UUID.test(requestId)) {
    throw new ExplainedError('change.requestId must be a UUID; make one with crypto.randomUUID()');
  }
}

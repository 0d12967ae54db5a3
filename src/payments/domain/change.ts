import { ExplainedError } from './explained-error.js';
import { HOST_ID_FORM, idText, typeInWords, type HostId } from './host-id.js';
import { UUID } from './uuid.js';

/** Who changes a configuration, for its audit trail. */
export interface Change {
  /** The id of the caller. */
  actor: HostId;
  /** UUID. */
  requestId: string;
}

/** A {@link Change} by the application's own code, which may be part of a transaction of its own. */
export interface HostChange extends Change {
  /**
   * The application's transaction, of the kind that its handlers get: an `EntityManager`, a `PoolClient`, or `tx`. The change is made
   * with its commit, and undone with its rollback. Other replicas follow at the commit; no event is emitted.
   */
  transaction?: object | undefined;
}

/** A {@link Change} as it is written down. */
export interface WrittenChange extends Change {
  actor: string;
}

/**
 * Refuses what cannot stand in an audit trail as it is: the database would change it, cut it or refuse it, and of two actors who
 * differ one would be the other.
 *
 * @throws ExplainedError naming the argument, never its value
 */
export function validChange({ actor, requestId }: Change): WrittenChange {
  const text = idText(actor);
  if (text === undefined) {
    throw new ExplainedError(`change.actor is ${typeInWords(actor)}; it must be an id: ${HOST_ID_FORM}`);
  }
  if (typeof requestId !== 'string' || !UUID.test(requestId)) {
    throw new ExplainedError('change.requestId must be a UUID; make one with crypto.randomUUID()');
  }
  return { actor: text, requestId };
}

import { credentialOf, modeOf, type Mode, type SealedField } from '../domain/credentials.js';

/**
 * What a sealed value belongs to. It is authenticated with the value, so that a value moved to another
 * project, mode or field does not open. Take it from the row, never from a URL.
 */
export interface SealContext {
  /** What kind of thing is sealed, so that one use can never open another's values. */
  readonly purpose: 'credential' | 'canary' | 'event';
  /** Canonical (lower case) UUID. */
  readonly projectId: string;
  readonly mode: string;
  readonly field: string;
}

/** The context of a credential. A previous webhook secret has the one that it had before it was replaced. */
export function sealContext(projectId: string, field: SealedField): SealContext {
  return { purpose: 'credential', projectId, mode: modeOf(field), field: credentialOf(field) };
}

/** The context of an event's payload. */
export function eventContext(projectId: string, mode: Mode, eventId: string): SealContext {
  return { purpose: 'event', projectId, mode, field: eventId };
}

import { PaymentsError } from './errors.js';

/** What a conditional request (RFC 9110 section 13) asks of the stored version. */
export interface Preconditions {
  /** `If-Match`: the versions of which one must be stored; `any` for `*`; null when not asked. */
  ifMatch: number[] | 'any' | null;
  /** `If-None-Match`: likewise, of which none may be stored. */
  ifNoneMatch: number[] | 'any' | null;
}

/** Asks nothing. */
export const UNCONDITIONAL: Preconditions = { ifMatch: null, ifNoneMatch: null };

/** Whether what is stored is as a change asks; a list in `If-None-Match` is for reading only. */
export function holds({ ifMatch, ifNoneMatch }: Preconditions, stored: { version: number } | null): boolean {
  if (ifNoneMatch === 'any' && stored !== null) return false;
  if (ifMatch === null) return true;
  return stored !== null && (ifMatch === 'any' || ifMatch.includes(stored.version));
}

/** The entity tag of a version: the version's number, and nothing of what is stored. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** The refusal of a change because of what is stored by now. */
export function versionConflict(): PaymentsError {
  return new PaymentsError(
    'version_conflict',
    'The configuration is not in the state that this request expects; get it again and repeat the change on that.',
  );
}

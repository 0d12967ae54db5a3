import type { CredentialField } from '../../payments/domain/credentials.js';
import type { Change, Config, History } from '../api/project-api.js';
import type { ApiError } from '../api/api-error.js';
import { lastChangeOf } from './last-change.js';

/** What was shown before somebody else was faster. */
export interface Seen {
  config: Config | null;
  version: number;
}

/** A change that was sent, and of which no answer told whether it was stored. */
export interface Unanswered {
  /** The version that it was meant for. */
  version: number;
  /** Of what was sent; nobody keeps the values. */
  masks: ReadonlyMap<CredentialField, string>;
}

/** Whether it is not known after an error what became of a change. */
export function isUnanswered({ status, code }: ApiError): boolean {
  // Without a code, it is of something between the service and the page.
  return code === 'write_outcome_unknown' || status === 0 || (status >= 500 && code === 'unknown');
}

/**
 * The change that is probably the person's own, sent before: the one that came next, where it left what was sent in each field. Nobody
 * can be sure, since others may have stored the same.
 */
export function ownChange(
  unanswered: Unanswered | undefined,
  history: History | undefined,
): Change | undefined {
  if (unanswered === undefined) return undefined;
  const next = history?.changes.find(({ version }) => version === unanswered.version + 1);
  const isAlike =
    next !== undefined &&
    next.fields.length > 0 &&
    next.fields.every(({ field, after }) => unanswered.masks.get(field as CredentialField) === after);
  return isAlike ? next : undefined;
}

/** One field of both versions. */
export interface ConflictRow {
  seen: string | null;
  now: string | null;
  /** The change that made it so; undefined where it is not known, or there was none since. */
  by: Change | undefined;
  /** Whether somebody changed it meanwhile. Two values may have the same mask. */
  isChanged: boolean;
}

/** Compares what was seen of a field with what there is now. */
export function conflictRow(
  field: CredentialField,
  seen: Seen,
  now: { config: Config | null; history: History | undefined },
): ConflictRow {
  const before = seen.config?.[`${field}_masked`] ?? null;
  const after = now.config?.[`${field}_masked`] ?? null;
  const last = lastChangeOf(field, now.history);
  const by = last !== undefined && last.version > seen.version ? last : undefined;
  return { seen: before, now: after, by, isChanged: before !== after || by !== undefined };
}

/** The change that explains the whole: a deactivation, or the first version where nothing was. */
export function greatChange(seen: Seen, history: History | undefined): Change | undefined {
  return history?.changes.find(
    ({ version, action }) => version > seen.version && (action === 'deleted' || action === 'created'),
  );
}

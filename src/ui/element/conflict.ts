import type { CredentialField } from '../../payments/domain/credentials.js';
import type { Change, Config, History } from '../api/project-api.js';
import { lastChangeOf } from './last-change.js';

/** What was shown before somebody else was faster. */
export interface Seen {
  config: Config | null;
  version: number;
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

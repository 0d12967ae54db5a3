import type { Database, Session } from '../database/database.js';
import type { SealContext } from '../crypto/sealer.js';
import type { Sealer } from '../crypto/sealer.js';
import type { Mode } from '../domain/credentials.js';
import type { Secret } from '../crypto/secret.js';

/** The key of an event. */
export interface EventKey {
  project_id: string;
  mode: Mode | '';
  event_id: string;
}

/** Sorts before every event. */
export const FIRST_EVENT: EventKey = { project_id: '', mode: '', event_id: '' };

/** A row with its values sealed again. */
export interface Resealed {
  /** The row's name in reports. */
  name: string;
  isChanged: boolean;
  /** Whether a value of it cannot be opened. */
  isDamaged: boolean;
}

/** Which rows of a table are read. */
export interface Batch<Key> {
  /** What values under the active key begin with. */
  prefix: string;
  size: number;
  /** After this row. */
  after: Key;
  /** Whether to lock the rows, and skip those that are locked. */
  isLocking: boolean;
}

/** A table that holds sealed values. */
export interface SealedTable<Key, Row extends Resealed> {
  /** Sorts before every row. */
  first: Key;
  /** How many rows hold a value under another key. */
  count(on: Database, prefix: string): Promise<number>;
  /** Such rows, with their values sealed again. */
  read(session: Session, sealer: Sealer, batch: Batch<Key>): Promise<Row[]>;
  /** The order of the rows. */
  keyOf(row: Row): Key;
  /** Writes changed rows, where the values are still those that were opened. */
  write(session: Session, rows: Row[]): Promise<void>;
}

/** @returns undefined when there is nothing to do, null when it cannot be opened */
export function resealed(
  old: string,
  sealer: Sealer,
  context: SealContext,
): { sealed: string; secret: Secret } | null | undefined {
  if (old.startsWith(activePrefix(sealer))) return undefined;
  const secret = sealer.tryToOpen(old, context);
  return secret === undefined ? null : { sealed: sealer.seal(secret, context), secret };
}

/** What values under the active key begin with. */
export function activePrefix({ ring }: Sealer): string {
  return `sc1.${ring.active.id}.`;
}

import type { DataSource, EntityManager } from 'typeorm';
import type { SealContext } from '../crypto/seal-context.js';
import type { Sealer } from '../crypto/sealer.js';
import type { Mode } from '../domain/credentials.js';
import type { Secret } from '../crypto/secret.js';

/** Before every UUID that is made. */
export const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/** By what an event is found. */
export interface EventKey {
  project_id: string;
  mode: Mode | '';
  event_id: string;
}

/** Before every event. */
export const FIRST_EVENT: EventKey = { project_id: FIRST_UUID, mode: '', event_id: '' };

/** A row with its values sealed again. */
export interface Resealed {
  /** How the row is named in reports. */
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
  /** Behind this row. */
  after: Key;
  /** Whether the rows are kept from others, and those passed over that others have locked. */
  isLocking: boolean;
}

/** A table that holds sealed values. */
export interface SealedTable<Key, Row extends Resealed> {
  /** Before every row. */
  first: Key;
  /** How many rows hold a value under another key. */
  count(on: DataSource, prefix: string): Promise<number>;
  /** Such rows, with what they hold sealed again. */
  read(manager: EntityManager, sealer: Sealer, batch: Batch<Key>): Promise<Row[]>;
  /** By what rows are ordered. */
  keyOf(row: Row): Key;
  /** Writes changed rows, where what was opened still stands. */
  write(manager: EntityManager, rows: Row[]): Promise<void>;
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

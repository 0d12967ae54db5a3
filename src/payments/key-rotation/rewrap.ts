import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import type { SealContext } from '../crypto/seal-context.js';
import type { Sealer } from '../crypto/sealer.js';
import type { Secret } from '../crypto/secret.js';
import { inTransaction } from '../database/transaction.js';
import { query } from '../database/schema-name.js';
import { sealContext } from '../crypto/seal-context.js';
import { SEALED_COLUMNS, type SealedRow } from '../stripe-config/stripe-config.statements.js';
import { CREDENTIAL_FIELDS, SEALED_FIELDS, type Mode, type SealedField } from '../domain/credentials.js';
import { eventContext } from '../crypto/seal-context.js';

/** How a rewrap goes. */
export interface RewrapOptions {
  /** Rows sealed anew in one transaction. */
  batchSize: number;
  /** Most rows a second; Infinity for no limit. */
  rate: number;
  /** Opens and counts, and writes nothing. */
  dryRun: boolean;
  /** Called after each batch. */
  onProgress: (progress: RewrapProgress) => void;
}

export interface RewrapProgress {
  /** Rows that had values under another key when the rewrap began. */
  total: number;
  /** Rows sealed anew so far, here. */
  rewrapped: number;
  /** Rows of which a value cannot be opened. */
  unreadable: number;
}

/** What a rewrap has done. */
export interface RewrapResult extends RewrapProgress {
  /** The rows that still hold a value that no key of the ring opens. */
  unreadableIds: string[];
}

/** A row with its values sealed anew. */
interface Rewrapped {
  /** How the row is told in {@link RewrapResult.unreadableIds}. */
  name: string;
  /** Where a scan goes on behind it. */
  key: string[];
  /** By column: what was opened, and what takes its place. */
  values: Record<string, { old: string; sealed: string; fingerprint?: string }>;
  isDamaged: boolean;
}

/** A table that holds sealed values. */
interface SealedTable {
  name: string;
  /** Before every row. */
  firstKey: string[];
  /** Whether a row holds a value under another key; `$1` is what values under the active key look like. */
  outdated: string;
  /** Outdated rows behind a key. `$1` the pattern, `$2` how many, then the key. */
  select: string;
  reseal(row: Record<string, string | null>, sealer: Sealer): Rewrapped;
  write(manager: EntityManager, rows: Rewrapped[]): Promise<void>;
}

const PAUSE_MS = 100;

/**
 * Seals every stored value under the active key, while reads and writes go on. What is left to do is read from the
 * tables alone, so that it may be killed and started again at any time, and several may run at once: each takes rows
 * that nobody has locked, and writes a value only where the one it opened still stands.
 */
export async function rewrap(
  dataSource: DataSource,
  sealer: Sealer,
  options: RewrapOptions,
): Promise<RewrapResult> {
  const counts = await Promise.all(TABLES.map((table) => countOutdated(dataSource, table, sealer)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const result = { total, rewrapped: 0, unreadable: 0, unreadableIds: [] as string[] };
  for (const table of TABLES) await rewrapTable(dataSource, sealer, table, options, result);
  return result;
}

async function rewrapTable(
  dataSource: DataSource,
  sealer: Sealer,
  table: SealedTable,
  options: RewrapOptions,
  result: RewrapResult,
): Promise<void> {
  const unreadable = new Set<string>();
  const before = result.unreadable;
  for (;;) {
    let after = table.firstKey;
    unreadable.clear();
    for (;;) {
      const started = performance.now();
      const rows = await inTransaction(dataSource, (manager) =>
        rewrapBatch(manager, sealer, table, after, options),
      );
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.key;
      for (const { name, isDamaged } of rows) if (isDamaged) unreadable.add(name);
      const rewrapped = rows.filter(isChanged).length;
      result.rewrapped += rewrapped;
      result.unreadable = before + unreadable.size;
      const { total, unreadable: damaged } = result;
      options.onProgress({ total, rewrapped: result.rewrapped, unreadable: damaged });
      await delay(Math.max(0, (rewrapped / options.rate) * 1000 - (performance.now() - started)));
    }
    // Rows that somebody had locked were passed over: they are looked at again.
    const left = options.dryRun ? 0 : (await countOutdated(dataSource, table, sealer)) - unreadable.size;
    if (left <= 0) break;
    await delay(PAUSE_MS);
  }
  result.unreadableIds.push(...unreadable);
}

async function rewrapBatch(
  manager: EntityManager,
  sealer: Sealer,
  table: SealedTable,
  after: string[],
  { batchSize, dryRun }: RewrapOptions,
): Promise<Rewrapped[]> {
  const rows = await query<Record<string, string | null>>(
    manager,
    `${table.select} ${dryRun ? '' : 'FOR NO KEY UPDATE SKIP LOCKED'}`,
    [activePattern(sealer), batchSize, ...after],
  );
  const results = rows.map((row) => table.reseal(row, sealer));
  const changed = results.filter(isChanged);
  if (!dryRun && changed.length > 0) await table.write(manager, changed);
  return results;
}

function isChanged({ values }: Rewrapped): boolean {
  return Object.keys(values).length > 0;
}

async function countOutdated(
  dataSource: DataSource,
  { name, outdated }: SealedTable,
  sealer: Sealer,
): Promise<number> {
  const [row] = await query<{ count: string }>(dataSource, `SELECT count(*) FROM ${name} WHERE ${outdated}`, [
    activePattern(sealer),
  ]);
  return Number(row?.count ?? 0);
}

function activePattern({ ring }: Sealer): string {
  return `sc1.${ring.active.id}.%`;
}

/** @returns undefined when there is nothing to do, null when it cannot be opened */
function resealed(
  old: string | null,
  sealer: Sealer,
  context: SealContext,
): { old: string; sealed: string; secret: Secret } | null | undefined {
  if (old === null || old.startsWith(`sc1.${sealer.ring.active.id}.`)) return undefined;
  const secret = sealer.tryToOpen(old, context);
  return secret === undefined ? null : { old, sealed: sealer.seal(secret, context), secret };
}

/** Before every UUID that is made. */
export const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

const OUTDATED_CONFIG = SEALED_FIELDS.map((field) => `${field}_sealed NOT LIKE $1`).join(' OR ');

const CONFIGS: SealedTable = {
  name: 'stripe_configs',
  firstKey: [FIRST_UUID],
  outdated: OUTDATED_CONFIG,
  select: `SELECT ${SEALED_COLUMNS} FROM stripe_configs WHERE id > $3 AND (${OUTDATED_CONFIG}) ORDER BY id LIMIT $2`,
  reseal(row, sealer) {
    const { id, project_id } = row as unknown as SealedRow;
    const result: Rewrapped = { name: id, key: [id], values: {}, isDamaged: false };
    for (const field of SEALED_FIELDS) {
      const value = resealed(row[`${field}_sealed`] ?? null, sealer, sealContext(project_id, field));
      if (value === null) result.isDamaged = true;
      if (!value) continue;
      const [fingerprint] = sealer.fingerprints(value.secret, project_id);
      result.values[field] = { old: value.old, sealed: value.sealed, fingerprint };
    }
    return result;
  },
  async write(manager, rows) {
    await query(manager, REWRAP_CONFIGS, [
      rows.map(({ name }) => name),
      ...SEALED_FIELDS.flatMap((field) =>
        (['old', 'sealed', 'fingerprint'] as const).map((part) =>
          // Equal to nothing that is stored; a null in an array depends on the setting array_nulls.
          rows.map(({ values }) => values[field]?.[part] ?? ''),
        ),
      ),
    ]);
  },
};

const hasFingerprint = (field: SealedField): boolean =>
  (CREDENTIAL_FIELDS as readonly string[]).includes(field);

const REWRAP_CONFIGS = `
  UPDATE stripe_configs AS config SET
    ${SEALED_FIELDS.flatMap((field) =>
      ['sealed', ...(hasFingerprint(field) ? ['fingerprint'] : [])].map(
        (part) => `${field}_${part} = CASE WHEN config.${field}_sealed = batch.${field}_old
      THEN batch.${field}_${part} ELSE config.${field}_${part} END`,
      ),
    ).join(',\n    ')}
  FROM unnest($1::uuid[], ${Array.from({ length: SEALED_FIELDS.length * 3 }, (_, index) => `$${index + 2}::text[]`).join(', ')})
    AS batch (id, ${SEALED_FIELDS.map((field) => `${field}_old, ${field}_sealed, ${field}_fingerprint`).join(', ')})
  WHERE config.id = batch.id`;

/** An event with its sealed payload. */
export interface SealedEvent {
  project_id: string;
  mode: Mode;
  event_id: string;
  payload_sealed: string;
}

/** By what an event is found. */
export function eventKeyOf({ project_id, mode, event_id }: SealedEvent): string[] {
  return [project_id, mode, event_id];
}

/** Before every event. */
export const FIRST_EVENT = [FIRST_UUID, '', ''];

const EVENTS: SealedTable = {
  name: 'stripe_events',
  firstKey: FIRST_EVENT,
  outdated: 'payload_sealed NOT LIKE $1',
  select: `SELECT project_id, mode, event_id, payload_sealed FROM stripe_events
    WHERE (project_id, mode, event_id) > ($3, $4, $5) AND payload_sealed NOT LIKE $1
    ORDER BY project_id, mode, event_id LIMIT $2`,
  reseal(row, sealer) {
    const event = row as unknown as SealedEvent;
    const context = eventContext(event.project_id, event.mode, event.event_id);
    const value = resealed(event.payload_sealed, sealer, context);
    return {
      name: eventKeyOf(event).join(' '),
      key: eventKeyOf(event),
      values: value ? { payload: value } : {},
      isDamaged: value === null,
    };
  },
  async write(manager, rows) {
    await query(manager, REWRAP_EVENTS, [
      ...[0, 1, 2].map((part) => rows.map(({ key }) => key[part])),
      rows.map(({ values }) => values.payload?.old),
      rows.map(({ values }) => values.payload?.sealed),
    ]);
  },
};

const REWRAP_EVENTS = `
  UPDATE stripe_events AS event SET payload_sealed = batch.sealed
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS batch (project_id, mode, event_id, old, sealed)
  WHERE event.project_id = batch.project_id AND event.mode = batch.mode AND event.event_id = batch.event_id
    AND event.payload_sealed = batch.old`;

const TABLES = [CONFIGS, EVENTS];

import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import type { Sealer } from '../crypto/sealer.js';
import { sealContext } from '../stripe-config/stripe-config.service.js';
import type { SealedRow } from '../stripe-config/stripe-config.statements.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../stripe-config/stripe-keys.js';

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

interface Rewrapped {
  id: string;
  values: Partial<Record<CredentialField, { old: string; sealed: string; fingerprint: string }>>;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const PAUSE_MS = 100;

/**
 * Seals every stored value under the active key, while reads and writes go on. What is left to do is read from the
 * table alone, so that it may be killed and started again at any time, and several may run at once: each takes rows
 * that nobody has locked, and writes a value only where the one it opened still stands.
 */
export async function rewrap(
  dataSource: DataSource,
  sealer: Sealer,
  options: RewrapOptions,
): Promise<RewrapResult> {
  const active = sealer.ring.active.id;
  const unreadable = new Set<string>();
  const total = await countOutdated(dataSource, active);
  let rewrapped = 0;
  for (;;) {
    let after = FIRST_ID;
    unreadable.clear();
    for (;;) {
      const started = performance.now();
      const batch = await dataSource.transaction((manager) =>
        rewrapBatch(manager, sealer, after, options, unreadable),
      );
      if (batch.lastId === undefined) break;
      after = batch.lastId;
      rewrapped += batch.rewrapped;
      options.onProgress({ total, rewrapped, unreadable: unreadable.size });
      await delay(Math.max(0, (batch.rewrapped / options.rate) * 1000 - (performance.now() - started)));
    }
    // Rows that somebody had locked were passed over: they are looked at again.
    const left = options.dryRun ? 0 : (await countOutdated(dataSource, active)) - unreadable.size;
    if (left <= 0) return { total, rewrapped, unreadable: unreadable.size, unreadableIds: [...unreadable] };
    await delay(PAUSE_MS);
  }
}

async function rewrapBatch(
  manager: EntityManager,
  sealer: Sealer,
  after: string,
  { batchSize, dryRun }: RewrapOptions,
  unreadable: Set<string>,
): Promise<{ lastId: string | undefined; rewrapped: number }> {
  const rows = await manager.query<SealedRow[]>(
    `SELECT id, project_id, ${CREDENTIAL_FIELDS.map((field) => `${field}_sealed`).join(', ')}
    FROM stripe_configs WHERE id > $1 AND (${OUTDATED}) ORDER BY id LIMIT $3 ${dryRun ? '' : 'FOR NO KEY UPDATE SKIP LOCKED'}`,
    [after, outdatedPattern(sealer.ring.active.id), batchSize],
  );
  const results = rows.map((row) => rewrapRow(row, sealer));
  for (const { row, damaged } of results) if (damaged) unreadable.add(row.id);
  const changed = results.map(({ row }) => row).filter(({ values }) => Object.keys(values).length > 0);
  if (!dryRun && changed.length > 0) await manager.query(REWRAP, parametersOf(changed));
  return { lastId: rows.at(-1)?.id, rewrapped: changed.length };
}

function rewrapRow(row: SealedRow, sealer: Sealer): { row: Rewrapped; damaged: boolean } {
  const result: Rewrapped = { id: row.id, values: {} };
  let damaged = false;
  for (const field of CREDENTIAL_FIELDS) {
    const old = row[`${field}_sealed`];
    if (old === null || old.startsWith(`sc1.${sealer.ring.active.id}.`)) continue;
    const context = sealContext(row.project_id, field);
    const secret = sealer.tryToOpen(old, context);
    if (secret === undefined) {
      damaged = true;
      continue;
    }
    const [fingerprint] = sealer.fingerprints(secret, row.project_id);
    result.values[field] = { old, sealed: sealer.seal(secret, context), fingerprint };
  }
  return { row: result, damaged };
}

async function countOutdated(dataSource: DataSource, active: string): Promise<number> {
  const [row] = await dataSource.query<{ count: string }[]>(
    `SELECT count(*) FROM stripe_configs WHERE ${OUTDATED.replaceAll('$2', '$1')}`,
    [outdatedPattern(active)],
  );
  return Number(row?.count ?? 0);
}

/** Whether a row holds a value under another key. `$2` is what values under the active key look like. */
const OUTDATED = CREDENTIAL_FIELDS.map((field) => `${field}_sealed NOT LIKE $2`).join(' OR ');

function outdatedPattern(active: string): string {
  return `sc1.${active}.%`;
}

const REWRAP = `
  UPDATE stripe_configs AS config SET
    ${CREDENTIAL_FIELDS.map(
      (field) => `${field}_sealed = CASE WHEN config.${field}_sealed = batch.${field}_old
      THEN batch.${field}_new ELSE config.${field}_sealed END,
    ${field}_fingerprint = CASE WHEN config.${field}_sealed = batch.${field}_old
      THEN batch.${field}_fingerprint ELSE config.${field}_fingerprint END`,
    ).join(',\n    ')}
  FROM unnest($1::uuid[], ${Array.from({ length: CREDENTIAL_FIELDS.length * 3 }, (_, index) => `$${index + 2}::text[]`).join(', ')})
    AS batch (id, ${CREDENTIAL_FIELDS.map((field) => `${field}_old, ${field}_new, ${field}_fingerprint`).join(', ')})
  WHERE config.id = batch.id`;

function parametersOf(rows: Rewrapped[]): unknown[] {
  return [
    rows.map(({ id }) => id),
    ...CREDENTIAL_FIELDS.flatMap((field) => [
      rows.map(({ values }) => values[field]?.old ?? null),
      rows.map(({ values }) => values[field]?.sealed ?? null),
      rows.map(({ values }) => values[field]?.fingerprint ?? null),
    ]),
  ];
}

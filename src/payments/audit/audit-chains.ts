import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { COMPARE_CHAINS, LIST_CHAINS } from './audit.statements.js';

/** How many chains one statement reads. */
const BATCH = 5_000;

/** The end of the chain of a project's changes. The hash of its last row stands for all rows before it. */
export interface ChainEnd {
  projectId: string;
  /** The version of the configuration; 0 of a removed project that never had one. */
  version: number;
  /** SHA-256 of the row of that version, in hexadecimal; empty for version 0. */
  hash: string;
  /** Whether the project was removed for good. */
  isRemoved: boolean;
}

/** As {@link ChainEnd}, as it was read: without the hash where the last row is missing. */
export type FoundChainEnd = Omit<ChainEnd, 'hash'> & { hash: string | undefined };

/** Where today's trail does not continue a chain that was noted before. */
export interface ChainFault {
  projectId: string;
  /** The version that was noted. */
  version: number;
  fault:
    | 'rewritten since the checkpoint'
    | 'ends before the checkpoint'
    | 'missing since the checkpoint'
    | 'no longer removed';
}

/** The ends of all chains, in batches. */
export async function* readChainEnds(database: Database): AsyncGenerator<FoundChainEnd[]> {
  for (let after = ''; ;) {
    const rows = await runStatement(database, 'read', LIST_CHAINS, { after, size: BATCH });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ project_id, version, hash, is_removed }) => ({
      projectId: project_id,
      version,
      hash: version === 0 ? '' : (hash ?? undefined),
      isRemoved: is_removed,
    }));
    after = last.project_id;
  }
}

/** Compares noted ends with today's trail: each chain must still have that row, with that hash. */
export async function findChainFaults(database: Database, noted: readonly ChainEnd[]): Promise<ChainFault[]> {
  const rows = await runStatement(database, 'read', COMPARE_CHAINS, {
    project_ids: noted.map(({ projectId }) => projectId),
    versions: noted.map(({ version }) => version),
  });
  const today = new Map(rows.map((row) => [row.project_id, row]));
  return compareChains(noted, ({ projectId, version }) => {
    const found = today.get(projectId);
    return {
      hash: version === 0 ? '' : (found?.hash ?? undefined),
      newestVersion: found?.newest_version ?? 0,
      isRemoved: found?.is_removed === true,
    };
  });
}

/** What there is today of a chain that was noted. */
interface ChainToday {
  /** Of the version that was noted; undefined where there is no such row. */
  hash: string | undefined;
  /** 0 where there is no row. */
  newestVersion: number;
  isRemoved: boolean;
}

/** Compares each noted end with what there is of its chain today. */
export function compareChains(
  noted: readonly ChainEnd[],
  todayOf: (end: ChainEnd) => ChainToday,
): ChainFault[] {
  return noted.flatMap((end) =>
    faultsOf(end, todayOf(end)).map((fault) => ({ projectId: end.projectId, version: end.version, fault })),
  );
}

function faultsOf(noted: ChainEnd, today: ChainToday): ChainFault['fault'][] {
  const faults: ChainFault['fault'][] = [];
  if (today.hash === undefined) {
    const isShorter = today.newestVersion > 0 && today.newestVersion < noted.version;
    faults.push(isShorter ? 'ends before the checkpoint' : 'missing since the checkpoint');
  } else if (today.hash !== noted.hash) {
    faults.push('rewritten since the checkpoint');
  }
  if (noted.isRemoved && !today.isRemoved) faults.push('no longer removed');
  return faults;
}

import type { Secret } from '../crypto/secret.js';
import { sealContext, type Sealer } from '../crypto/sealer.js';
import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { maskOf } from '../domain/credential-rules.js';
import {
  FIELDS_OF_ONE_MODE,
  PREVIOUS_FIELDS,
  describeCredential,
  type CredentialField,
  type Mode,
} from '../domain/credentials.js';
import type { ProjectIds } from '../domain/project-ids.js';
import { faultOf, readRow, type ImportRow, type ReadRow, type RowFault } from './import-rows.js';
import { FIND_FINGERPRINTS, INSERT_CONFIGS } from './import.statements.js';
import { UPSERT, credentialParameters, type ProtectedCredential } from './upsert.statements.js';

/** How an import goes about it. */
export interface ImportOptions {
  projectIds: ProjectIds;
  /** Who did it, for the audit trail. */
  actor: string;
  requestId: string;
  /** Validates and compares, and writes nothing. */
  dryRun: boolean;
  /** Whether a stored value may be replaced by another. */
  replace: boolean;
  /** Why a secret key that would be stored cannot be used in its mode, as Stripe says; not asked where it is left out. */
  findKeyFault?: ((key: Secret, mode: Mode) => Promise<string | undefined>) | undefined;
}

/** What became of rows. */
export interface ImportResult {
  created: number;
  updated: number;
  unchanged: number;
  /** Rows without any credential. */
  empty: number;
  faults: RowFault[];
}

/** What a row adds to a configuration, or replaces in it. */
interface Change {
  row: ReadRow;
  version: Stored['version'];
}

type Stored = RowOf<typeof FIND_FINGERPRINTS>;

/** How long a webhook secret that is replaced is still accepted, in seconds: as long as Stripe may sign with both. */
const OVERLAP_SECONDS = 24 * 3_600;

/** Stores credentials of many projects. What is stored already is compared and left alone, so that an import can be run again. */
export class ConfigImport {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly options: ImportOptions,
  ) {}

  /** Stores some rows; the wrong ones stop no others. */
  async store(rows: readonly ImportRow[]): Promise<ImportResult> {
    const result: ImportResult = { created: 0, updated: 0, unchanged: 0, empty: 0, faults: [] };
    let pending: ReadRow[] = [];
    for (const row of rows) {
      const read = readRow(row, this.options.projectIds);
      if ('causes' in read) result.faults.push(read);
      else if (read.secrets.size === 0) result.empty += 1;
      else pending.push(read);
    }
    // A project that stands in several rows is compared with what the earlier one has stored.
    while (pending.length > 0) {
      const first = new Map(pending.toReversed().map((each) => [each.projectId, each]));
      await this.storeOnce([...first.values()], result);
      pending = pending.filter((each) => first.get(each.projectId) !== each);
    }
    result.faults.sort((one, other) => one.row - other.row);
    return result;
  }

  private async storeOnce(rows: readonly ReadRow[], result: ImportResult): Promise<void> {
    const ids = rows.map(({ projectId }) => projectId);
    const found = await runStatement(this.database, 'read', FIND_FINGERPRINTS, { project_ids: ids });
    const stored = new Map(found.map((each) => [each.project_id, each]));
    const toCreate: ReadRow[] = [];
    const toChange: Change[] = [];
    for (const row of rows) {
      const before = stored.get(row.projectId);
      if (before === undefined) toCreate.push(row);
      else toChange.push(...this.compare(row, before, result));
    }
    const refused = await this.refuseKeys([...toCreate, ...toChange.map(({ row }) => row)], result);
    await this.create(
      toCreate.filter((row) => !refused.has(row)),
      result,
    );
    for (const change of toChange) if (!refused.has(change.row)) await this.change(change, result);
  }

  /** What is to be written of a row; nothing where it is stored already, or may not be replaced. */
  private compare(row: ReadRow, before: Stored, result: ImportResult): Change[] {
    const others = [...row.secrets].filter(
      ([field, secret]) =>
        !this.sealer.fingerprints(secret, row.projectId).some((each) => each === before.fingerprints[field]),
    );
    if (others.length === 0 && before.is_active) {
      result.unchanged += 1;
      return [];
    }
    const taken = others.filter(([field]) => before.fingerprints[field] !== undefined);
    if (!this.options.replace && (taken.length > 0 || !before.is_active)) {
      const what = before.is_active
        ? taken.map(([field]) => `${field}: another value is stored`)
        : ['the configuration was deactivated'];
      result.faults.push(faultOf(row, ...what.map((cause) => `${cause}; --replace replaces it`)));
      return [];
    }
    return [{ row: { ...row, secrets: new Map(others) }, version: before.version }];
  }

  /** The rows with a key that Stripe refuses. */
  private async refuseKeys(rows: readonly ReadRow[], result: ImportResult): Promise<Set<ReadRow>> {
    const { findKeyFault } = this.options;
    const refused = new Set<ReadRow>();
    if (findKeyFault === undefined) return refused;
    const ask = async (row: ReadRow): Promise<void> => {
      const causes: string[] = [];
      for (const [field, secret] of row.secrets) {
        const { kind, mode } = describeCredential(field);
        const fault = kind === 'secret_key' ? await findKeyFault(secret, mode) : undefined;
        if (fault !== undefined) causes.push(`${field}: ${fault}`);
      }
      if (causes.length === 0) return;
      refused.add(row);
      result.faults.push(faultOf(row, ...causes));
    };
    await Promise.all(rows.map(ask));
    return refused;
  }

  private async create(rows: readonly ReadRow[], result: ImportResult): Promise<void> {
    const created = await this.insert(rows);
    result.created += created.size;
    for (const each of rows.filter(({ projectId }) => !created.has(projectId))) {
      result.faults.push(
        faultOf(each, 'the project was removed, or changed meanwhile; run the import again'),
      );
    }
  }

  private async insert(rows: readonly ReadRow[]): Promise<Set<string>> {
    if (this.options.dryRun || rows.length === 0) return new Set(rows.map(({ projectId }) => projectId));
    const configs = rows.map((row) => {
      const { sealed, shown, fingerprints } = credentialParameters(this.protect(row));
      return { project_id: row.projectId, sealed, shown, fingerprints };
    });
    const stored = await runStatement(this.database, 'write', INSERT_CONFIGS, {
      configs,
      changed_by: this.options.actor,
      change_request_id: this.options.requestId,
    });
    return new Set(stored.map(({ project_id }) => project_id));
  }

  private async change({ row, version }: Change, result: ImportResult): Promise<void> {
    const { dryRun, actor, requestId } = this.options;
    const written = dryRun
      ? [row]
      : await runStatement(this.database, 'write', UPSERT, {
          project_id: row.projectId,
          ...credentialParameters(this.protect(row)),
          changed_by: actor,
          change_request_id: requestId,
          previous_names: PREVIOUS_FIELDS,
          of_one_mode: FIELDS_OF_ONE_MODE,
          overlap_seconds: OVERLAP_SECONDS,
          expected_versions: [version],
          must_exist: true,
          create_only: false,
        });
    if (written.length > 0) result.updated += 1;
    else {
      result.faults.push(
        faultOf(row, 'it changed meanwhile, or the webhook secret is also that of the other mode'),
      );
    }
  }

  private protect({ projectId, secrets }: ReadRow): Map<CredentialField, ProtectedCredential> {
    return new Map(
      [...secrets].map(([field, secret]) => [
        field,
        {
          sealed: this.sealer.seal(secret, sealContext(projectId, field)),
          masked: maskOf(field, secret.reveal()),
          fingerprints: this.sealer.fingerprints(secret, projectId),
        },
      ]),
    );
  }
}

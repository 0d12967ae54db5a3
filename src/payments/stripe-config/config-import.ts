import { sealContext, type Sealer } from '../crypto/sealer.js';
import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { FOREIGN_MASK, maskOf } from '../domain/credential-rules.js';
import { FIELDS_OF_ONE_MODE, PREVIOUS_FIELDS, type CredentialField } from '../domain/credentials.js';
import { ValidationFailed } from '../domain/errors.js';
import type { ProjectIds } from '../domain/project-ids.js';
import { CredentialChanges, readCredentials } from './credential-changes.js';
import { FIND_FINGERPRINTS, INSERT_CONFIGS } from './import.statements.js';
import { UPSERT, credentialParameters, type ProtectedCredential } from './upsert.statements.js';

/** What a source gives: a project, and the credentials by the names of the API; empty ones are left out. */
export interface ImportRow {
  /** Its place in the source, from 1. */
  row: number;
  project_id: unknown;
  credentials: Record<string, unknown>;
}

/** Why a row was not stored. It names fields, never a value. */
export interface RowFault {
  row: number;
  /** Left out where the project's id itself is wrong, since a credential may stand in its place. */
  project_id?: string;
  causes: string[];
}

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

interface ReadRow {
  row: number;
  projectId: string;
  secrets: CredentialChanges['secrets'];
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
      const read = this.read(row);
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

  private read({ row, project_id, credentials }: ImportRow): ReadRow | RowFault {
    const causes: string[] = [];
    let projectId: string | undefined;
    try {
      projectId = this.options.projectIds.read(project_id);
    } catch {
      causes.push(`project_id: it must be ${this.options.projectIds.words}`);
    }
    const given = Object.entries(credentials).filter(([, value]) => value !== null && value !== '');
    try {
      const { secrets, masks } = readCredentials(Object.fromEntries(given));
      for (const field of masks.keys()) causes.push(`${field}: ${FOREIGN_MASK.msg}`);
      if (projectId !== undefined && causes.length === 0) return { row, projectId, secrets };
    } catch (error) {
      if (!(error instanceof ValidationFailed)) throw error;
      causes.push(...error.items.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`));
    }
    return { row, ...(projectId !== undefined && { project_id: projectId }), causes };
  }

  private async storeOnce(rows: readonly ReadRow[], result: ImportResult): Promise<void> {
    const ids = rows.map(({ projectId }) => projectId);
    const found = await runStatement(this.database, 'read', FIND_FINGERPRINTS, { project_ids: ids });
    const stored = new Map(found.map((each) => [each.project_id, each]));
    const fresh = rows.filter(({ projectId }) => !stored.has(projectId));
    const created = await this.create(fresh);
    result.created += created.size;
    for (const each of fresh.filter(({ projectId }) => !created.has(projectId))) {
      result.faults.push(
        faultOf(each, 'the project was removed, or changed meanwhile; run the import again'),
      );
    }
    for (const each of rows) {
      const before = stored.get(each.projectId);
      if (before !== undefined) await this.change(each, before, result);
    }
  }

  private async create(rows: readonly ReadRow[]): Promise<Set<string>> {
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

  private async change(row: ReadRow, before: Stored, result: ImportResult): Promise<void> {
    const { dryRun, replace, actor, requestId } = this.options;
    const others = [...row.secrets].filter(
      ([field, secret]) =>
        !this.sealer.fingerprints(secret, row.projectId).some((each) => each === before.fingerprints[field]),
    );
    if (others.length === 0 && before.is_active) {
      result.unchanged += 1;
      return;
    }
    const taken = others.filter(([field]) => before.fingerprints[field] !== undefined);
    if (!replace && (taken.length > 0 || !before.is_active)) {
      const what = before.is_active
        ? taken.map(([field]) => `${field}: another value is stored`)
        : ['the configuration was deactivated'];
      result.faults.push(faultOf(row, ...what.map((cause) => `${cause}; --replace replaces it`)));
      return;
    }
    const params = credentialParameters(this.protect({ ...row, secrets: new Map(others) }));
    const written = dryRun
      ? [before]
      : await runStatement(this.database, 'write', UPSERT, {
          project_id: row.projectId,
          ...params,
          changed_by: actor,
          change_request_id: requestId,
          previous_names: PREVIOUS_FIELDS,
          of_one_mode: FIELDS_OF_ONE_MODE,
          overlap_seconds: OVERLAP_SECONDS,
          expected_versions: [before.version],
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

function faultOf({ row, projectId }: ReadRow, ...causes: string[]): RowFault {
  return { row, project_id: projectId, causes };
}

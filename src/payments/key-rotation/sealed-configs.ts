import { sealContext } from '../crypto/sealer.js';
import type { Sealer } from '../crypto/sealer.js';
import { runStatement, runWithin } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { credentialOf, type CredentialField, type SealedField } from '../domain/credentials.js';
import type { ByCredential } from '../stripe-config/stripe-config.entity.js';
import {
  COUNT_OUTDATED_CONFIGS,
  FIND_OUTDATED_CONFIGS,
  LOCK_OUTDATED_CONFIGS,
  WRITE_CONFIGS,
} from './key-rotation.statements.js';
import { resealed, type Resealed, type SealedTable } from './sealed-table.js';

interface ResealedConfig extends Resealed {
  projectId: string;
  /** The value that was opened, its replacement, and the fingerprints of that. */
  old: ByCredential<string>;
  sealed: ByCredential<string>;
  fingerprints: ByCredential<string, CredentialField>;
}

/** The credentials of configurations. */
export const CONFIGS: SealedTable<string, ResealedConfig> = {
  first: '',
  async count(on, prefix) {
    const [row] = await runStatement(on, 'read', COUNT_OUTDATED_CONFIGS, { prefix });
    return row?.count ?? 0;
  },
  async read(session, sealer, { prefix, size, after, isLocking }) {
    const statement = isLocking ? LOCK_OUTDATED_CONFIGS : FIND_OUTDATED_CONFIGS;
    const rows = await runWithin(session, statement, { prefix, after, size });
    return rows.map((row) => reseal(row, sealer));
  },
  keyOf: ({ projectId }) => projectId,
  async write(session, configs) {
    const rows = configs.map(({ projectId, old, sealed, fingerprints }) => ({
      project_id: projectId,
      old,
      sealed,
      fingerprints,
    }));
    await runWithin(session, WRITE_CONFIGS, { rows });
  },
};

function reseal(
  { id, project_id: projectId, sealed }: RowOf<typeof FIND_OUTDATED_CONFIGS>,
  sealer: Sealer,
): ResealedConfig {
  const result: ResealedConfig = {
    name: id,
    projectId,
    isChanged: false,
    isDamaged: false,
    old: {},
    sealed: {},
    fingerprints: {},
  };
  for (const [field, old] of Object.entries(sealed) as [SealedField, string][]) {
    const value = resealed(old, sealer, sealContext(projectId, field));
    if (value === null) result.isDamaged = true;
    if (!value) continue;
    result.isChanged = true;
    result.old[field] = old;
    result.sealed[field] = value.sealed;
    const credential = credentialOf(field);
    // A previous value has no fingerprints.
    if (credential === field) [result.fingerprints[field]] = sealer.fingerprints(value.secret, projectId);
  }
  return result;
}

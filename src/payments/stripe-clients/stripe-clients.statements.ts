import type { Statement } from '../database/run-statement.js';
import type { Mode } from '../domain/credentials.js';

/** The keys that clients and web pages use. */
export type UsableField = `${Mode}_${'secret' | 'publishable'}_key`;

/** A sealed key with all that decides whether it may be used, read at once so that nothing changes in between. */
export interface SealedKeyRow {
  id: string;
  project_id: string;
  version: number;
  is_active: boolean;
  sealed: string | null;
}

/** Gives a {@link SealedKeyRow}, or no row when the project never had a configuration. `$1` project id. */
export const FIND_KEY: Record<UsableField, Statement> = {
  test_secret_key: findKey('test_secret_key'),
  test_publishable_key: findKey('test_publishable_key'),
  live_secret_key: findKey('live_secret_key'),
  live_publishable_key: findKey('live_publishable_key'),
};

function findKey(field: UsableField): Statement {
  return {
    name: `stripe_configs_find_${field}`,
    text: `SELECT id, project_id, version, is_active, ${field}_sealed AS sealed FROM stripe_configs WHERE project_id = $1`,
  };
}

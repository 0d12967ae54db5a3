import { boolean, integer, json, listOf, statement, text, uuid, varchar } from '../database/statement.js';
import type { ByCredential } from './stripe-config.entity.js';

/** What an import compares its rows with. */
export const FIND_FINGERPRINTS = statement({
  name: 'stripe_configs_find_fingerprints',
  parameters: { project_ids: listOf(text) },
  columns: {
    project_id: varchar,
    is_active: boolean,
    version: integer,
    fingerprints: json<ByCredential<string>>(),
  },
  text: `
  SELECT project_id, is_active, version, fingerprints
  FROM {schema}.stripe_configs WHERE project_id = ANY (:project_ids)`,
});

/** A configuration to store. */
export interface NewConfig {
  project_id: string;
  sealed: ByCredential<string>;
  shown: ByCredential<string>;
  fingerprints: ByCredential<string>;
}

/**
 * Stores configurations of projects that have none, all of them or, when it fails, none. The audit trail is written by a trigger.
 * Returns the projects that it has stored: not those that were removed, or have one by now.
 */
export const INSERT_CONFIGS = statement({
  name: 'stripe_configs_insert_many',
  parameters: { configs: json<readonly NewConfig[]>(), changed_by: text, change_request_id: uuid },
  columns: { project_id: varchar },
  text: `
  INSERT INTO {schema}.stripe_configs (
    project_id, sealed, shown, fingerprints, configured_at, version, changed_by, change_request_id
  )
  SELECT project_id, sealed, shown, fingerprints,
    (SELECT jsonb_object_agg(split_part(field, '_', 1), round(extract(epoch FROM now()) * 1000))
      FROM jsonb_object_keys(sealed) AS field),
    1, :changed_by::text, :change_request_id::uuid
  FROM jsonb_to_recordset(:configs::jsonb) AS config (project_id text, sealed jsonb, shown jsonb, fingerprints jsonb)
  ON CONFLICT (project_id) DO NOTHING
  RETURNING project_id`,
});
